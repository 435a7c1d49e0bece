import WeftData
import WeftGraph

/// One thing known about every sample: what goes into a model's input, or what its output is compared with.
public enum Feature: Sendable {
    /// A dataset's images, each pixel times the dataset's scale (0…1).
    case images(Dataset)
    /// A class number for each sample.
    case classes([Int32])
    /// Numbers: for each sample as many as the shape has elements, row-major.
    case values([Float], shape: Shape)

    /// How many samples there are.
    public var count: Int {
        switch self {
        case .images(let dataset): return dataset.count
        case .classes(let classes): return classes.count
        case .values(let values, let shape): return shape.count == 0 ? 0 : values.count / shape.count
        }
    }

    /// One sample's shape, and what its elements are: what a program has to be compiled for.
    struct Kind: Hashable {
        let shape: Shape
        let type: ElementType
    }

    var kind: Kind {
        switch self {
        case .images(let dataset): return Kind(shape: dataset.imageShape, type: .float32)
        case .classes: return Kind(shape: .scalar, type: .int32)
        case .values(_, let shape): return Kind(shape: shape, type: .float32)
        }
    }
}

/// Samples to train or test on: the features of a model's inputs and the targets of its outputs.
public struct Samples: Sendable {
    public let inputs: [Feature]
    public let targets: [Feature]
    /// What messages call them.
    public let name: String
    /// The number of classes, where the targets are those of a dataset.
    let classCount: Int?

    public var count: Int { inputs[0].count }

    /// - Throws: `TrainingError` where the features have different numbers of samples, or none.
    public init(inputs: [Feature], targets: [Feature] = [], name: String = "the data") throws {
        guard let count = inputs.first?.count, count > 0, (inputs + targets).allSatisfy({ $0.count == count }) else {
            let counts = (inputs + targets).map { "\($0.count)" }.joined(separator: ", ")
            throw TrainingError.argument(
                name: name, problem: "has features of \(counts) samples; all need the same number")
        }
        self.inputs = inputs
        self.targets = targets
        self.name = name
        classCount = nil
    }

    /// A dataset's images, to be told apart by class.
    public init(_ dataset: Dataset) {
        inputs = [.images(dataset)]
        targets = [.classes(dataset.labels)]
        name = dataset.name
        classCount = dataset.classCount
    }
}
