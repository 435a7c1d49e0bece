import Foundation
import Weft
import WeftData
import WeftGraph

/// Compares generated images with the test images of a dataset, as a classifier sees them.
public final class ImageScorer {
    public let classifier: FeatureClassifier
    /// How many images are compared with as many.
    public let count: Int
    /// The score of training images: what a generator of real images would get. `nil` where there are fewer of them than
    /// test images.
    public let trainingScore: ImageScore?
    private let imageShape: Shape
    private let realDistribution: FeatureDistribution
    private let realManifold: FeatureManifold

    /// As many images as most published scores are of.
    public static let usualCount = 10_000

    /// - Parameters:
    ///   - data: the images to come near to.
    ///   - count: by default all test images, but no more than 10,000.
    ///   - neighbours: how far the ball around an image reaches: to its so many nearest neighbours.
    /// - Throws: `ScoreError` for more images than there are or too few of them, `TrainingError` where the images do not
    ///   fit the classifier.
    public init(
        _ classifier: FeatureClassifier, data: DataSplits, count: Int? = nil, neighbours: Int = 3
    ) throws {
        let count = count ?? min(Self.usualCount, data.test.count)
        guard count > neighbours, count <= data.test.count else {
            throw ScoreError(
                "\(count) images cannot be scored: expected \(neighbours + 1) to \(data.test.count), as many as there are "
                    + "test images in \(data.test.name)")
        }
        self.classifier = classifier
        self.count = count
        imageShape = data.test.imageShape
        let real = try classifier.trainer.features(of: data.test.spread(count))
        realDistribution = try FeatureDistribution(real)
        realManifold = try FeatureManifold(real, neighbours: neighbours)
        trainingScore =
            data.train.count < count
            ? nil
            : try Self.score(
                classifier.trainer.features(of: data.train.spread(count)), realDistribution, realManifold)
    }

    /// The score of a generative model as it is now.
    ///
    /// - Parameter seed: which latent points.
    /// - Throws: `ScoreError` for a model that generates nothing, or images of another shape.
    public func score(_ trainer: Trainer, seed: UInt64, epoch: Int? = nil) throws -> ImageScore {
        guard let generative = trainer.model.generative else {
            throw ScoreError(
                "model '\(trainer.model.displayedName)' generates nothing: it is neither a variational autoencoder nor a "
                    + "pair of generator and discriminator")
        }
        guard generative.imageShape == imageShape else {
            throw ScoreError(
                "model '\(trainer.model.displayedName)' makes images of \(generative.imageShape), the real ones are "
                    + "\(imageShape)")
        }
        var score = try Self.score(generatedFeatures(trainer, generative, seed), realDistribution, realManifold)
        score.epoch = epoch
        return score
    }

    private static func score(
        _ features: Features, _ distribution: FeatureDistribution, _ manifold: FeatureManifold
    ) throws -> ImageScore {
        ImageScore(
            frechetDistance: try FeatureDistribution(features).frechetDistance(to: distribution),
            precision: try manifold.share(of: features),
            recall: try FeatureManifold(features, neighbours: manifold.neighbours).share(of: manifold.features))
    }

    /// Of images with 8 bits to a value, as the real ones have; some at a time, so that no more of them are held.
    private func generatedFeatures(
        _ trainer: Trainer, _ generative: GenerativeModel, _ seed: UInt64
    ) throws -> Features {
        let size = generative.latentSize
        let points = LatentPoints.random(count, size: size, seed: seed)
        var values: [Float] = []
        values.reserveCapacity(count * classifier.featureCount)
        for start in stride(from: 0, to: count, by: 1000) {
            let images = try trainer.generate(Array(points[start * size..<min(count, start + 1000) * size]))
            let dataset = try Dataset(
                name: "images of '\(trainer.model.displayedName)'", pixels: images.flatMap(\.pixels),
                labels: images.map { _ in 0 }, imageShape: imageShape, classNames: ["generated"])
            values += try classifier.trainer.features(of: dataset).values
        }
        return try Features(
            name: "images of '\(trainer.model.displayedName)'", size: classifier.featureCount, values: values)
    }
}

extension Dataset {
    /// So many images at even distances, so that of images in the order of their classes there are some of each.
    fileprivate func spread(_ number: Int) throws -> Dataset { try subset((0..<number).map { $0 * count / number }) }
}
