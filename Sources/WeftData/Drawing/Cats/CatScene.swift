import WeftGraph

/// One cat as it is going to be drawn: everything that chance decides about it.
struct CatScene {
    let coat: CatCoat

    // Pose.
    let centre: (x: Double, y: Double)
    /// The head's half width, in the picture's.
    let scale: Double
    let roll: (sine: Double, cosine: Double)
    /// How far the face is turned to a side and nods: what the features are moved by.
    let turn: (x: Double, y: Double)

    // Head and ears, in half widths of the head.
    let height: Double
    let jaw: Double
    let earHeight: Double
    let earLean: Double
    let earWidth: Double
    let fringe: Hills

    // Eyes, nose, whiskers.
    let eyeSize: Double
    let eyeOpening: Double
    let eyeDistance: Double
    let slant: (sine: Double, cosine: Double)
    let iris: Ink
    let pupil: Double
    let gaze: (x: Double, y: Double)
    let nose: Ink
    let whisker: Ink
    let whiskerLift: Double

    // Around.
    let upper: Ink
    let lower: Ink
    let spots: Hills
    let spotStrength: Double
    let light: (x: Double, y: Double)
    let brightness: Double
    let noise: Double

    /// - Parameter rotation: how far the head may be turned either way, in turns.
    init(rotation: Double, _ dice: inout Dice) {
        coat = CatCoat(&dice)
        scale = dice.number(in: 0.52...0.68)
        centre = (dice.number(within: 0.16), dice.number(in: 0.0...0.2))
        // The mean of two: most cats hold their heads up.
        roll = sineAndCosine(turns: (dice.number(within: rotation) + dice.number(within: rotation)) / 2)
        turn = (dice.number(within: 0.2), dice.number(within: 0.1))
        height = dice.number(in: 0.8...0.92)
        jaw = dice.number(in: 0.08...0.26)
        earHeight = dice.number(in: 1.25...1.6)
        earLean = dice.number(in: 0.62...0.92)
        earWidth = dice.number(in: 0.85...1.1)
        fringe = Hills(&dice)
        eyeSize = dice.number(in: 0.2...0.27)
        eyeOpening = dice.number(in: 0.55...0.95)
        eyeDistance = dice.number(in: 0.4...0.48)
        slant = sineAndCosine(turns: dice.number(in: 0.0...0.06))
        // Green, yellow, copper, blue, hazel.
        iris =
            coat.pattern == .points
            ? Ink(0.35, 0.6, 0.88)
            : dice.choice([
                [0.5, 0.72, 0.32], [0.86, 0.76, 0.25], [0.8, 0.5, 0.16], [0.42, 0.66, 0.85], [0.64, 0.62, 0.28],
            ])
        pupil = dice.number(in: 0.12...0.6)
        gaze = (dice.number(within: 0.04), dice.number(within: 0.02))
        nose = dice.choice([[0.86, 0.52, 0.52], [0.72, 0.4, 0.38], [0.25, 0.18, 0.18]])
        let isPale = coat.base.x + coat.base.y + coat.base.z > 1.8
        whisker = isPale && dice.happens(0.4) ? Ink(0.25, 0.22, 0.2) : Ink(0.96, 0.96, 0.94)
        whiskerLift = dice.number(within: 0.18)
        let grey = Ink(repeating: dice.number(in: 0.25...0.85))
        let hue = Ink(dice.number(in: 0.15...0.9), dice.number(in: 0.2...0.9), dice.number(in: 0.2...0.9))
        upper = blend(grey, hue, dice.number(in: 0.15...0.6))
        lower = upper * dice.number(in: 0.45...1.0) + Ink(dice.number(within: 0.12), dice.number(within: 0.12), 0)
        spots = Hills(&dice)
        spotStrength = dice.number(in: 0...0.45)
        let direction = sineAndCosine(turns: dice.uniform())
        let strength = dice.number(in: 0...0.2)
        light = (direction.cosine * strength, direction.sine * strength)
        brightness = dice.number(in: 0.85...1.08)
        noise = dice.number(in: 0.003...0.02)
    }
}

extension CatScene {
    /// Faces of cats, for networks that learn to draw them.
    static let subject = DrawnDataset.Subject(
        name: "cats", summary: "drawn faces of cats, 64×64 in colour: 16,000 of them, of one class", version: 1,
        usual: .init(size: 64, count: 16_000, rotation: 25), channels: 3, classNames: ["cat"],
        stream: RandomStream.cats,
        label: { _ in 0 },
        draw: { picture, settings, pixels in
            var dice = Dice(seed: settings.seed, stream: RandomStream.cats, picture: picture)
            let scene = CatScene(rotation: Double(settings.rotation) / 360, &dice)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: pixels.count) { values in
                scene.paint(size: settings.size, into: values)
                Grain(seed: settings.seed, stream: RandomStream.cats, picture: picture)
                    .quantise(UnsafeBufferPointer(values), deviation: scene.noise, into: pixels)
            }
        })
}
