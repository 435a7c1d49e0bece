import Weft
import WeftData
import WeftEngine
import WeftGraph
import WeftStudies

/// A model whose speed is measured: one of those on which Weft is compared with others, or the user's.
struct Workload {
    let name: String
    var batchSize: Int
    /// Images of a timed pass; `nil` for as many as take about a second.
    let images: Int?
    /// How many rows, columns and channels an image has; `nil` where the data says it.
    let imageShape: Shape?
    /// A trainer for images of a shape.
    let trainer: (Shape, CompilerOptions) throws -> Trainer
    /// A dataset with the targets that the training wants.
    var samples: (Dataset) throws -> Samples = { Samples($0) }

    /// The images to train on: those given, or noise where they are not of the right shape.
    func data(_ given: Dataset) throws -> Dataset {
        guard let shape = imageShape, given.imageShape != shape, given.imageShape != shape.withChannel else {
            return try given.take(min(images ?? given.count, given.count))
        }
        let count = images ?? max(batchSize, Self.pixelLimit / shape.count)
        // As many classes as the model tells apart.
        let classCount = try trainer(shape, CompilerOptions()).model.outputShapes().first?.last ?? 1
        let random = Philox(seed: 0, stream: RandomStream.samples)
        return try Dataset(
            name: "noise", pixels: (0..<count * shape.count).map { UInt8(random.word($0) >> 24) },
            labels: [Int32](repeating: 0, count: count), imageShape: shape.withChannel,
            classNames: (0..<classCount).map { "\($0)" })
    }

    /// Images that are made for a measurement have so many pixels at most, unless a batch has more.
    static let pixelLimit = 1 << 23
}

extension Shape {
    /// An image without channels is one with a single channel.
    fileprivate var withChannel: Shape { rank == 2 ? Shape(dimensions + [1]) : self }
}

extension Workload {
    /// A standard workload, or any model that can be trained.
    init(_ word: String) throws {
        if let standard = Self.standard.first(where: { $0.name == word }) {
            self = standard
            return
        }
        try self.init(model: word)
    }

    private init(model word: String) throws {
        let source: ModelSource
        do {
            source = try ModelSource(word)
        } catch let error as CatalogError where !ModelCatalog.isPath(word) {
            let known = Self.standard.map(\.name).joined(separator: ", ")
            throw UsageError("unknown workload '\(word)'; there are \(known), and models\n\(error)")
        }
        let configuration = try RunConfiguration(source.file, source: word, data: "")
        let model = configuration.model
        self.init(
            name: word, batchSize: configuration.batchSize, images: nil,
            imageShape: model.isBuilt ? model.inputs[0].shape : nil,
            trainer: { shape, options in
                let model = model.isBuilt ? model : try model.built(inputShape: shape)
                try model.checkTakesImages(labels: configuration.labels)
                let trainer = try Trainer(
                    model, steps: configuration.steps, augmentation: configuration.augmentation, options: options)
                try source.restore(into: trainer)
                return trainer
            }, samples: configuration.samples)
    }
}

// MARK: The standard workloads

extension Workload {
    /// A classifier of Fashion-MNIST.
    private init(name: String, batchSize: Int, images: Int, optimizer: Optimizer, layers: [any Layer]) {
        let objective = Objective(.sparseCategoricalCrossentropy, metrics: [.accuracy])
        self.init(name: name, batchSize: batchSize, images: images, [TrainingStep(objective, optimizer: optimizer)]) {
            try Model(name: name, inputShape: [28, 28, 1], layers: layers)
        }
    }

    private init(
        name: String, batchSize: Int, images: Int, imageShape: Shape = [28, 28, 1], _ steps: [TrainingStep],
        model: @escaping () throws -> Model
    ) {
        self.init(
            name: name, batchSize: batchSize, images: images, imageShape: imageShape,
            trainer: { _, options in try Trainer(model(), steps: steps, options: options) })
    }

    static var standard: [Workload] {
        [
            Workload(
                name: "dense128", batchSize: 32, images: 60_000, optimizer: .adam,
                layers: [Flatten(), Dense(128, activation: .relu), Dense(10, activation: .softmax)]),
            Workload(
                name: "fc000", batchSize: 200, images: 60_000, optimizer: .sgd,
                layers: [
                    Flatten(), Dense(784, activation: .tanh), Dense(512, activation: .sigmoid),
                    Dense(100, activation: .relu), Dense(10, activation: .softmax),
                ]),
            Workload(
                name: "cnn64", batchSize: 32, images: 12_000, optimizer: .adam,
                layers: [
                    Conv2D(64, 3, activation: .relu), MaxPooling2D(2), Conv2D(64, 3, activation: .relu),
                    MaxPooling2D(2),
                    Flatten(), Dense(128, activation: .relu), Dense(10, activation: .softmax),
                ]),
            Workload(
                name: "small000", batchSize: 200, images: 20_000, optimizer: .sgd,
                layers: [
                    Conv2D(40, 5, activation: .relu), MaxPooling2D(2), Flatten(), Dense(100, activation: .relu),
                    Dense(10, activation: .softmax),
                ]),
            Workload(
                name: "big000", batchSize: 200, images: 12_000, optimizer: .sgd,
                layers: [
                    Conv2D(48, 3, activation: .relu), MaxPooling2D(2), Conv2D(96, 3, activation: .relu),
                    MaxPooling2D(2),
                    Flatten(), Dense(100, activation: .relu), Dense(10, activation: .softmax),
                ]),
            Workload(name: "cnn001", batchSize: 32, images: 1_600, optimizer: .sgd, layers: tourCNN),
            autoencoder, adversaries,
        ]
    }

    /// A variational autoencoder with 10 latent numbers.
    private static var autoencoder: Workload {
        let objective = Objective(.meanSquaredError, target: .input)
        return Workload(name: "vae10", batchSize: 200, images: 6_000, [TrainingStep(objective)]) {
            try .variationalAutoencoder(
                inputShape: [28, 28, 1], latentSize: 10,
                encoder: [
                    Conv2D(32, 3, strides: 2, padding: .same, activation: .relu),
                    Conv2D(64, 3, strides: 2, padding: .same, activation: .relu), Flatten(),
                    Dense(16, activation: .relu),
                ],
                decoder: [
                    Dense(3136, activation: .relu), Reshape([7, 7, 64]),
                    Conv2DTranspose(64, 3, strides: 2, padding: .same, activation: .relu),
                    Conv2DTranspose(32, 3, strides: 2, padding: .same, activation: .relu),
                    Conv2DTranspose(1, 3, padding: .same, activation: .sigmoid),
                ])
        }
    }

    /// Generator and discriminator of 64×64 pictures in colour.
    private static var adversaries: Workload {
        let steps = Adversarial(.leastSquares).steps(optimizer: .adam(learningRate: 1e-4))
        return Workload(name: "gan64", batchSize: 32, images: 192, imageShape: [64, 64, 3], steps) {
            let up = (0..<5).map { _ in Conv2DTranspose(128, 3, strides: 2, padding: .same, activation: .relu) }
            let down = (0..<5).flatMap { _ -> [any Layer] in
                [Conv2D(128, 3, strides: 2, padding: .same), LeakyReLU(0.3), GaussianNoise(0.01)]
            }
            return try .adversaries(
                latentSize: 64,
                generator: [Dense(1024, activation: .relu), Reshape([2, 2, 256])] + up
                    + [Conv2D(3, 3, padding: .same, activation: .sigmoid)],
                discriminator: down + [Flatten(), Dense(1)])
        }
    }

    /// A deep network: five convolutions and three dense layers, with dropout.
    private static var tourCNN: [any Layer] {
        [
            Conv2D(64, 7, activation: .relu), MaxPooling2D(2),
            Conv2D(128, 3, padding: .same, activation: .relu), Conv2D(128, 3, padding: .same, activation: .relu),
            MaxPooling2D(2),
            Conv2D(256, 3, padding: .same, activation: .relu), Conv2D(256, 3, padding: .same, activation: .relu),
            MaxPooling2D(2), Flatten(),
            Dense(128, activation: .relu), Dropout(0.2), Dense(64, activation: .relu), Dropout(0.2),
            Dense(10, activation: .softmax),
        ]
    }
}
