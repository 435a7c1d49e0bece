import Foundation
import WeftData
import WeftGraph

extension Trainer {
    /// The images that a generative model makes of latent points.
    ///
    /// - Parameter points: for each image as many numbers as a latent point has, one point after the other.
    /// - Throws: `TrainingError` where the model is no generative one, or the numbers are not whole points.
    public func generate(_ points: [Float]) throws -> [PixelImage] {
        guard let generative = model.generative else { throw notGenerative }
        guard !points.isEmpty, points.count % generative.latentSize == 0 else {
            throw TrainingError.argument(
                name: "latent points",
                problem: "have \(generative.latentSize) numbers each, got \(points.count) in all")
        }
        let samples = try Samples(
            inputs: [.values(points, shape: [generative.latentSize])], name: "the latent points")
        return try predict(samples, part: generative.generator)[0].images
    }

    /// The means of the distributions that a variational encoder gives for images.
    ///
    /// - Throws: `TrainingError` where the model has no encoder, or the images do not fit it.
    public func encode(_ images: Dataset) throws -> [Float] {
        guard let encoder = model.latentEncoder else { throw notGenerative }
        let samples = Samples(images)
        try samples.check(fit: encoder.inputs, of: encoder)
        return try predict(samples, encoder, scope: GenerativeModel.Part.encoder, what: .latent)[0].values
    }

    private var notGenerative: TrainingError {
        .argument(
            name: "model '\(model.displayedName)'",
            problem: "generates nothing: it is neither encoder and decoder nor generator and discriminator")
    }
}

extension LatentPoints {
    /// The same points for the same seed: those whose images are drawn epoch after epoch.
    public static func random(_ count: Int, size: Int, seed: UInt64) -> [Float] {
        let random = Philox(seed: seed, stream: RandomStream.samples)
        return (0..<count * size).map { random.normal($0) }
    }
}

/// Points of a generative model's latent space, as plain numbers one after the other.
public enum LatentPoints {
    /// How two points are connected.
    public enum Path: String, CaseIterable, Sendable {
        /// a + t·(b − a).
        case linear
        /// Along the great circle: (sin((1 − t)·Ω)·a + sin(t·Ω)·b)/sin Ω with the angle Ω between the two. Random points lie
        /// near a sphere, which this does not leave. Source: Shoemake, 1985; White, 2016.
        case spherical
    }

    /// `steps` points from a to b, both among them.
    public static func between(_ a: [Float], _ b: [Float], steps: Int, _ path: Path) -> [Float] {
        precondition(a.count == b.count && steps >= 2, "a way has two ends of one length")
        let angle = path == .spherical ? angle(a, b) : 0
        return (0..<steps).flatMap { step in
            let share = Double(step) / Double(steps - 1)
            // Nearly parallel points have no circle of their own; the straight line is then the same.
            let (from, to) =
                abs(sin(angle)) < 1e-6
                ? (1 - share, share) : (sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle))
            return zip(a, b).map { Float(from * Double($0) + to * Double($1)) }
        }
    }

    private static func angle(_ a: [Float], _ b: [Float]) -> Double {
        func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        let lengths = (product(a, a) * product(b, b)).squareRoot()
        return lengths == 0 ? 0 : acos(min(1, max(-1, product(a, b) / lengths)))
    }
}

extension ModelOutputs {
    /// Outputs (height, width, channels) as images: 0 is black and 1 white, what lies outside is cut off.
    public var images: [PixelImage] {
        precondition(
            shape.rank == 3 && (shape[2] == 1 || shape[2] == 3), "an image has rows, columns and 1 or 3 channels")
        return (0..<count).map { row in
            PixelImage(
                width: shape[1], height: shape[0], channels: shape[2],
                pixels: self[row].map { UInt8((min(1, max(0, $0)) * 255).rounded()) })
        }
    }
}
