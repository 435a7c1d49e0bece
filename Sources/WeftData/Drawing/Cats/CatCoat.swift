/// A colour: red, green and blue, 0 to 1.
typealias Ink = SIMD3<Double>

func blend(_ a: Ink, _ b: Ink, _ share: Double) -> Ink { a + (b - a) * share }

/// The fur of a cat: its colours, and which of them is where.
struct CatCoat {
    enum Pattern: CaseIterable, Sendable {
        case plain
        /// Stripes on forehead, cheeks and body.
        case tabby
        /// White muzzle, blaze and breast.
        case bicolour
        /// Patches of two colours on white.
        case calico
        /// Dark face and ears on a pale coat.
        case points
    }

    let pattern: Pattern
    let base: Ink
    /// The stripes, patches or points.
    let second: Ink
    /// Muzzle, chin and breast.
    let pale: Ink
    private let patches: Hills
    private let fur: Hills
    private let stripes: Double

    init(_ dice: inout Dice) {
        pattern = dice.choice([.plain, .tabby, .tabby, .tabby, .bicolour, .bicolour, .calico, .points])
        let white = Ink(0.95, 0.93, 0.9)
        // Ginger, cream, grey, silver, brown, chocolate, black, white.
        let colours: [Ink] = [
            [0.82, 0.5, 0.22], [0.88, 0.73, 0.52], [0.48, 0.5, 0.54], [0.7, 0.7, 0.7], [0.55, 0.42, 0.3],
            [0.36, 0.25, 0.18], [0.14, 0.13, 0.14], white,
        ]
        let jitter = Ink(dice.number(within: 0.06), dice.number(within: 0.05), dice.number(within: 0.05))
        let colour = dice.choice(pattern == .tabby ? Array(colours[..<5]) : colours) + jitter
        switch pattern {
        case .plain: (base, second) = (colour, colour)
        case .tabby: (base, second) = (colour, colour * dice.number(in: 0.4...0.62))
        case .bicolour: (base, second) = (dice.choice(Array(colours[..<7])) + jitter, white)
        case .calico: (base, second) = (colours[0] + jitter, colours[dice.happens(0.6) ? 6 : 2])
        case .points:
            (base, second) = (Ink(0.9, 0.83, 0.72) + jitter, dice.choice([colours[5], colours[2], colours[6]]))
        }
        pale =
            pattern == .bicolour || pattern == .calico
            ? white : blend(base, white, pattern == .plain ? dice.number(in: 0.05...0.5) : dice.number(in: 0.4...0.8))
        patches = Hills(&dice)
        fur = Hills(&dice)
        stripes = dice.number(in: 0.85...1.2)
    }

    /// The colour at a point of the head, whose half width is 1 (y downwards).
    func head(_ x: Double, _ y: Double) -> Ink {
        let side = abs(x)
        var colour = base
        switch pattern {
        case .plain: break
        case .tabby:
            // Lines that run up the forehead, and others across the cheeks.
            let forehead = stripe(side * 5.2 * stripes + 0.5) * smoothStep(-0.2, -0.42, y) * smoothStep(0.75, 0.5, side)
            let cheek =
                stripe((y * 1.4 - side * 0.5) * 3.2 * stripes) * smoothStep(0.55, 0.72, side) * smoothStep(-0.3, 0.0, y)
            colour = blend(base, second, 0.9 * max(forehead, cheek))
        case .bicolour:
            // A blaze that widens downwards.
            let width = 0.1 + 0.55 * smoothStep(-0.4, 0.9, y) + 0.15 * (patches.height(x * 2, y * 2) - 0.5)
            colour = blend(base, second, smoothStep(width + 0.06, width - 0.06, side) * smoothStep(-0.9, -0.55, y))
        case .calico:
            let height = patches.height(x * 1.3 + 7, y * 1.3)
            let patch = height > 0.5 ? base : second
            let share = smoothStep(0.08, 0.14, abs(height - 0.5)) * smoothStep(0.75, 0.45, y + 0.25 * (1 - side))
            colour = blend(pale, patch, share)
        case .points:
            let distance = (x * x * 1.2 + (y - 0.2) * (y - 0.2)).squareRoot()
            colour = blend(second, base, smoothStep(0.35, 0.85, distance))
        }
        return textured(colour, x, y)
    }

    /// The colour of the ears, outside.
    func ear(_ x: Double, _ y: Double) -> Ink {
        let colour = pattern == .points ? second : pattern == .calico ? (x > 0 ? base : second) : base
        return textured(colour * 0.94, x, y)
    }

    /// The colour of breast and shoulders.
    func body(_ x: Double, _ y: Double) -> Ink {
        var colour = base
        if pattern == .tabby {
            colour = blend(base, second, 0.8 * stripe(y * 4.5 + 0.6 * patches.height(x * 2, y * 2)))
        }
        if pattern == .calico { colour = patches.height(x * 1.5, y * 1.5) > 0.5 ? base : pale }
        let breast = pattern == .points || pattern == .plain ? 0 : smoothStep(0.45, 0.2, abs(x))
        return textured(blend(colour, pale, breast), x, y) * 0.82
    }

    /// Lines of width and distance ½.
    private func stripe(_ place: Double) -> Double {
        let phase = abs(place - place.rounded()) * 2
        return smoothStep(0.62, 0.38, phase)
    }

    /// Hairs: small hills, longer than wide.
    private func textured(_ colour: Ink, _ x: Double, _ y: Double) -> Ink {
        colour * (0.9 + 0.2 * fur.height(x * 22 + 50, y * 9 + 50))
    }
}
