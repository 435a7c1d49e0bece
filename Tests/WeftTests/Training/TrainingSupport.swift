import WeftData
import WeftGraph

@testable import Weft

/// Made-up pictures that can be told apart: each class has a bright row of its own, the rest is noise.
enum Pictures {
    static func dataset(_ count: Int, size: Int = 8, classes: Int = 3, seed: UInt64 = 1) throws -> Dataset {
        let random = Philox(seed: seed, stream: 1)
        let labels = (0..<count).map { Int32(random.integer($0, below: classes)) }
        var pixels: [UInt8] = []
        for (image, label) in labels.enumerated() {
            for place in 0..<size * size {
                let noise = random.integer(count + image * size * size + place, below: 100)
                pixels.append(UInt8(noise + (place / size == Int(label) ? 120 : 0)))
            }
        }
        return try Dataset(
            name: "pictures", pixels: pixels, labels: labels, imageShape: [size, size, 1],
            classNames: (0..<classes).map { "class \($0)" })
    }
}

/// Small networks for 8×8 pictures of three classes.
enum Networks {
    static func dense(regularizer: Regularizer? = nil) throws -> Model {
        try Sequential(inputShape: [8, 8, 1]) {
            Flatten()
            Dense(16, activation: .relu, kernelRegularizer: regularizer)
            Dense(3, activation: .softmax)
        }
    }

    static func convolutional() throws -> Model {
        try Sequential(inputShape: [8, 8, 1]) {
            Conv2D(6, 3)
            BatchNormalization(momentum: 0.8)
            ReLU()
            MaxPooling2D()
            Dropout(0.2)
            Flatten()
            Dense(3, activation: .softmax)
        }
    }

    static func linear() throws -> Model {
        try Sequential(inputShape: [8, 8, 1]) {
            Flatten()
            Dense(3, activation: .softmax)
        }
    }
}

extension Trainer {
    convenience init(pictures model: Model, optimizer: Optimizer = .adam(learningRate: 0.01), seed: UInt64 = 1) throws {
        try self.init(
            model, optimizer: optimizer, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy], seed: seed)
    }

    func values() throws -> [[Float]] { try specifications.indices.map { try parameters.values(of: $0) } }

    /// All parameters, to be compared bit by bit: a NaN equals itself here.
    func bits() throws -> [[UInt32]] { try values().map { $0.map(\.bitPattern) } }

    func index(of name: String) -> Int { specifications.firstIndex { $0.name == name }! }
}

extension History {
    /// Everything but the times.
    var timeless: [[Double]] { epochs.map { [Double($0.number), $0.learningRate] + $0.values.map(\.value) } }
}

/// Remembers what it is told.
final class Recorder: Callback {
    var losses: [Float] = []
    var rates: [Double] = []
    var decide: (TrainingEvent) -> TrainingDecision = { _ in .proceed }

    func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        if case .stepEnded(_, _, let loss) = event {
            losses.append(loss)
            rates.append(trainer.learningRate)
        }
        return decide(event)
    }
}
