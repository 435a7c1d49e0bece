import Weft
import WeftData
import WeftGraph

/// A trained classifier in whose feature space images are compared.
public struct FeatureClassifier {
    /// Model and place, as reports name it.
    public let name: String
    public let path: String
    let trainer: Trainer
    /// How many features an image has.
    public let featureCount: Int
    /// Of the images.
    let inputShape: Shape
    private let classCount: Int
    /// The share of a dataset's test images that it tells rightly, and that dataset's name; `nil` until it is measured.
    public private(set) var accuracy: (value: Double, data: String)?

    /// - Parameters:
    ///   - loss: what it was trained with, where that is known.
    ///   - path: where it lies.
    /// - Throws: `ScoreError` for a model that is no classifier.
    public init(_ trainer: Trainer, loss: Loss?, labels: ClockLabels?, path: String) throws {
        let model = trainer.model
        func refused(_ problem: String) -> ScoreError {
            ScoreError("model '\(model.displayedName)' (\(path)) is no classifier: \(problem)")
        }
        if model.generative != nil { throw refused("it generates images") }
        if labels != nil { throw refused("it reads clocks") }
        if let loss, !loss.targetsClasses { throw refused("it was trained with \(loss.name)") }
        let output = try model.outputShapes()[0]
        guard output.rank == 1, output[0] >= 2 else {
            throw refused("it gives \(output), expected a number for each of two or more classes")
        }
        self.trainer = trainer
        self.path = path
        name = model.displayedName
        classCount = output[0]
        inputShape = model.inputs[0].shape!
        featureCount = try model.upToFeatures().outputShapes()[0][0]
    }

    /// Measures the accuracy on test images.
    ///
    /// - Parameter data: the dataset's name.
    /// - Returns: whether the images and classes are such as the classifier takes.
    public mutating func measureAccuracy(on test: Dataset, of data: String) throws -> Bool {
        guard test.classCount == classCount, test.imageShape == inputShape else { return false }
        let outputs = try trainer.predict(test)
        let right = (0..<test.count).count { sample in
            let row = outputs[sample]
            return row.firstIndex(of: row.max()!)! - row.startIndex == Int(test.labels[sample])
        }
        accuracy = (Double(right) / Double(test.count), data)
        return true
    }

    func weightsSHA256() throws -> String { try trainer.weightsSHA256() }
}

extension Loss {
    /// Whether the outputs are one probability for each class.
    public var targetsClasses: Bool {
        switch kind {
        case .sparseCategoricalCrossentropy, .categoricalCrossentropy: return true
        default: return false
        }
    }
}
