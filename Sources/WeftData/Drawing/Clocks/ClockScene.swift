import WeftGraph

/// One clock as it is going to be drawn: everything that chance decides about it.
struct ClockScene {
    enum Mark: CaseIterable, Sendable {
        case triangle, twoBars, numeral, fourNumerals, dot
    }

    let view: DialView
    let hourHand: ClockHand
    let minuteHand: ClockHand
    let hub: Double
    /// How 12 is marked.
    let mark: Mark
    /// Half widths of the ticks of the hours, and of the minutes (0 for none).
    let hourTick: Double
    let minuteTick: Double
    /// How far inwards the ticks of the hours reach.
    let tickStart: Double
    let rim: Double

    // Shades, from 0 (black) to 1 (white).
    let wall: Double
    let face: Double
    let ink: Double
    let rimShade: Double

    /// Where light comes from, and how strong it is.
    let light: (x: Double, y: Double)
    let brightness: Double
    /// Where the hands' shadow falls, and how dark it is.
    let shadow: (x: Double, y: Double, strength: Double)
    let noise: Double

    /// - Parameter rotation: how far the dial may be turned either way, in turns.
    init(_ time: ClockTime, rotation: Double, _ dice: inout Dice) {
        view = DialView(rotation: rotation, &dice)
        let style = dice.choice(ClockHand.Style.allCases)
        let width = dice.number(in: 0.032...0.062)
        let tail = dice.number(in: 0.05...0.2)
        hourHand = ClockHand(
            style, turns: Double(time.minutes) / 720, length: dice.number(in: 0.46...0.58),
            width: width * dice.number(in: 1.1...1.5), tail: tail)
        minuteHand = ClockHand(
            style, turns: Double(time.minute) / 60, length: dice.number(in: 0.76...0.9), width: width, tail: tail)
        hub = dice.number(in: 0.05...0.085)
        mark = dice.choice(Mark.allCases)
        hourTick = dice.number(in: 0.014...0.028)
        minuteTick = dice.happens(0.6) ? dice.number(in: 0.006...0.01) : 0
        tickStart = dice.number(in: 0.78...0.86)
        rim = dice.number(in: 0.03...0.1)

        let isDark = dice.happens(0.3)
        face = isDark ? dice.number(in: 0.08...0.25) : dice.number(in: 0.8...0.97)
        ink = isDark ? dice.number(in: 0.8...0.98) : dice.number(in: 0.03...0.22)
        wall = dice.number(in: 0.2...0.8)
        rimShade = dice.happens(0.5) ? dice.number(in: 0.05...0.35) : dice.number(in: 0.6...0.9)

        let direction = sineAndCosine(turns: dice.uniform())
        let strength = dice.number(in: 0...0.22)
        light = (direction.cosine * strength, direction.sine * strength)
        brightness = dice.number(in: 0.8...1.05)
        let reach = dice.number(in: 0.015...0.05)
        shadow = (-direction.cosine * reach, -direction.sine * reach, dice.number(in: 0.1...0.35))
        noise = dice.number(in: 0.004...0.03)
    }
}

extension ClockScene {
    /// Dials of analog clocks, each of the 720 minutes equally often, as in the study of four ways to read them.
    static let subject = DrawnDataset.Subject(
        name: "clocks",
        summary: "drawn dials of analog clocks, 75×75 grey: 18,000 of them, each of 720 minutes 25 times",
        version: 1, usual: .init(size: 75, count: 18_000, rotation: 30), channels: 1, classNames: ClockTime.names,
        stream: RandomStream.clocks,
        label: { Int32($0 % ClockTime.count) },
        draw: { picture, settings, pixels in
            let (size, seed) = (settings.size, settings.seed)
            var dice = Dice(seed: seed, stream: RandomStream.clocks, picture: picture)
            let time = ClockTime(minutes: picture % ClockTime.count)
            let scene = ClockScene(time, rotation: Double(settings.rotation) / 360, &dice)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: size * size) { shades in
                scene.shade(size: size, into: shades)
                Grain(seed: seed, stream: RandomStream.clocks, picture: picture)
                    .quantise(UnsafeBufferPointer(shades), deviation: scene.noise, into: pixels)
            }
        })
}
