import Weft
import WeftData
import WeftEngine

/// The models on which Weft is compared with others.
struct Workload {
    let name: String
    let batchSize: Int
    /// Images of a timed pass.
    let images: Int
    let optimizer: Optimizer
    let layers: [any Layer]

    func trainer(_ options: CompilerOptions) throws -> Trainer {
        let model = try Model(name: name, inputShape: [28, 28, 1], layers: layers)
        return try Trainer(
            model, optimizer: optimizer, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy], options: options)
    }

    static func named(_ name: String) throws -> Workload {
        if let workload = all.first(where: { $0.name == name }) { return workload }
        let known = all.map(\.name).joined(separator: ", ")
        throw UsageError("unknown workload '\(name)'; there are \(known)")
    }

    static var all: [Workload] {
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
        ]
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
