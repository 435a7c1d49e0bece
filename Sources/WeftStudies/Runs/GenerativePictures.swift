import Foundation
import Weft
import WeftData

/// Pictures of what a generative model has learned.
public struct GenerativePictures {
    public let generative: GenerativeModel
    private let trainer: Trainer
    private let seed: UInt64

    /// - Parameter seed: which random latent points are looked at.
    /// - Throws: `RunError` for a model that generates nothing.
    public init(_ trainer: Trainer, seed: UInt64) throws {
        guard let generative = trainer.model.generative else {
            throw RunError(
                "model '\(trainer.model.displayedName)' generates nothing: it is neither a variational autoencoder nor a "
                    + "pair of generator and discriminator")
        }
        self.generative = generative
        self.trainer = trainer
        self.seed = seed
    }

    /// Images of random latent points.
    public func samples(_ count: Int) throws -> [PixelImage] {
        try trainer.generate(LatentPoints.random(count, size: generative.latentSize, seed: seed))
    }

    /// The way from one random latent point to another, each given by its number.
    public func interpolation(from a: Int, to b: Int, steps: Int, _ path: LatentPoints.Path) throws -> [PixelImage] {
        let size = generative.latentSize
        let points = LatentPoints.random(max(a, b) + 1, size: size, seed: seed)
        func point(_ number: Int) -> [Float] { Array(points[number * size..<(number + 1) * size]) }
        return try trainer.generate(LatentPoints.between(point(a), point(b), steps: steps, path))
    }

    /// What two of a latent point's numbers change while the others are 0: one grows from left to right, the other from
    /// the top down, both from −`limit` to `limit`. Row by row.
    public func latentGrid(_ across: Int, _ down: Int, steps: Int, limit: Float = 2.5) throws -> [PixelImage] {
        let values = (0..<steps).map { limit * (2 * Float($0) / Float(max(steps - 1, 1)) - 1) }
        var points: [Float] = []
        for row in values {
            for column in values {
                var point = [Float](repeating: 0, count: generative.latentSize)
                point[across] = column
                point[down] = row
                points += point
            }
        }
        return try trainer.generate(points)
    }

    /// Images, then in the same order what the model makes of the means that its encoder gives for them.
    ///
    /// - Throws: `RunError` for a model without encoder.
    public func reconstruction(_ images: Dataset) throws -> [PixelImage] {
        guard generative.kind == .variationalAutoencoder else {
            throw RunError("model '\(trainer.model.displayedName)' has no encoder: it cannot give back images")
        }
        return (0..<images.count).map { images.image($0) } + (try trainer.generate(trainer.encode(images)))
    }

    /// Images of random latent points, then in the same order the image of a dataset that is nearest to each: that with
    /// the least sum of squared differences.
    public func nearest(_ count: Int, in dataset: Dataset) throws -> [PixelImage] {
        let generated = try samples(count)
        return generated + generated.map { dataset.image(dataset.nearest(to: $0)) }
    }
}

extension Dataset {
    /// The position of the image with the least sum of squared differences to another one of its size.
    fileprivate func nearest(to image: PixelImage) -> Int {
        let size = imageSize
        return withUnsafePixels { store, rows in
            image.pixels.withUnsafeBufferPointer { pixels in
                var best = (position: 0, distance: Int.max)
                for (position, row) in rows.enumerated() {
                    let start = store.baseAddress! + Int(row) * size
                    var distance = 0
                    for index in 0..<size {
                        let difference = Int32(start[index]) - Int32(pixels[index])
                        distance &+= Int(difference &* difference)
                    }
                    if distance < best.distance { best = (position, distance) }
                }
                return best.position
            }
        }
    }
}

/// The grids that ``SampleGrids`` has drawn during a run.
public struct SampleHistory {
    /// In the order of the epochs.
    public let grids: [(epoch: Int, image: PixelImage)]
    private let imageShape: (height: Int, width: Int)

    /// Nothing where no epoch has ended yet.
    ///
    /// - Throws: `RunError` for one that is not whole, and for some that are not of one size.
    public init?(_ folder: RunFolder, of generative: GenerativeModel) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.samples.path)) ?? []
        let epochs = names.compactMap { name -> Int? in
            let digits = name.dropFirst("epoch-".count).dropLast(".png".count)
            return Int(digits).flatMap { SampleGrids.fileName($0) == name ? $0 : nil }
        }
        guard !epochs.isEmpty else { return nil }
        grids = try epochs.sorted().map { epoch in
            let path = folder.samples.appending(path: SampleGrids.fileName(epoch)).path
            return (epoch, try PixelImage(file: path))
        }
        imageShape = (generative.imageShape[0], generative.imageShape[1])
        let first = grids[0].image
        guard grids.allSatisfy({ $0.image.width == first.width && $0.image.height == first.height }) else {
            throw RunError("the pictures in \(folder.samples.path) are not of one size: they come from different runs")
        }
    }

    /// The first images of some epochs, a row for each: the first and the last epoch, and others evenly between them.
    public func strip(columns: Int, rows: Int = 10) -> PixelImage {
        let count = min(rows, grids.count)
        let chosen = (0..<count).map { count == 1 ? 0 : $0 * (grids.count - 1) / (count - 1) }
        let images = chosen.flatMap { place in
            grids[place].image.cells(width: imageShape.width, height: imageShape.height).prefix(columns)
        }
        return PixelImage.grid(images, columns: columns)
    }

    /// All grids, one after the other.
    public func animation() throws -> Data { try PixelImage.gifData(grids.map(\.image)) }
}
