import Foundation
import Weft
import WeftData
import WeftGraph

/// A question put to trainings: variants of a model and its training, each trained several times.
public struct Study: Sendable {
    /// The file's name without its ending.
    public let name: String
    public let title: String
    /// What the study asks, in a sentence.
    public let question: String
    /// Where the study comes from.
    public let source: String
    /// What that source found, in words.
    public let reported: [String]
    public let repeats: Int
    /// The seed of the first repeat; each further one has the next number.
    public let firstSeed: Int
    /// What variants are compared by; the first counts most.
    public let measures: [Measure]
    public let show: [Show]
    /// Every variant once, in the order of the file.
    public let variants: [Variant]
    /// Variants shown in one figure, under the names they have there.
    public let panels: [Panel]
    /// Variants compared with one another, whose tests are corrected together.
    public let families: [Panel]
    /// What was asked for in place of what the file says.
    public let changes: StudyChanges
    /// How the images of its generative models are scored, if they are.
    public let scoring: StudyScoring?

    /// The most repeats a study may have.
    public static let repeatLimit = 10_000

    /// Some of the variants, each under a label.
    public struct Panel: Hashable, Sendable {
        public let title: String
        public let entries: [Entry]

        public struct Entry: Hashable, Sendable {
            public let label: String
            /// Its place among the study's variants.
            public let variant: Int
        }
    }

    public var scale: Scale { changes.scale }

    /// The name under which its runs are kept, so that those of a rehearsal or on other data do not pass for the study's
    /// own.
    public var runName: String { name + changes.suffix }

    /// The seeds of the repeats, in order. All variants have the same ones, so that they can be compared in pairs.
    public var seeds: [Int] { (0..<repeats).map { firstSeed + $0 } }

    /// The variant of this name or label.
    ///
    /// - Throws: `StudyError` with the nearest names.
    public func variant(named word: String) throws -> Variant {
        let folded = NearestNames.folded(word)
        if let variant = variants.first(where: { [$0.name, $0.label].map(NearestNames.folded).contains(folded) }) {
            return variant
        }
        let labelled = panels.flatMap(\.entries).first { NearestNames.folded($0.label) == folded }
        if let labelled { return variants[labelled.variant] }
        let hint = NearestNames.hint(for: word, among: variants.map(\.name))
        throw StudyError("study '\(name)' has no variant '\(word)'" + hint)
    }
}

/// One of a study's variants, with everything that decides how it is trained but the seed.
public struct Variant: Sendable {
    /// Of its folder: small letters, digits and `-`.
    public let name: String
    /// As the study file has it.
    public let label: String
    /// As the user would name it: a catalogue name, `cifar-10`, `folder:PATH`.
    public let data: String
    public let imageForm: ImageForm
    /// Layers and training, all resolved.
    public let file: ModelFile
    /// `file` as text that `weft train` reads.
    public let text: String
    /// The source's own numbers: `test_accuracy`, `parameters`, `seconds`, …
    public let theirs: [(name: String, value: Double)]

    /// Differs where anything differs that changes the numbers.
    public var fingerprint: String { StudyFingerprint.of([data, text] + imageForm.options) }

    /// For the given image shape, or else the model file's own.
    public func parameterCount(imageShape: Shape? = nil) throws -> Int {
        guard let imageShape, !file.model.isBuilt else { return try file.builtModel().parameterCount() }
        return try file.model.built(inputShape: imageShape).parameterCount()
    }
}

/// A quantity that variants are compared by: a column of the history, or `test_` and a metric.
public struct Measure: Hashable, Sendable, ConfigurationConvertible {
    public let name: String

    public init(_ name: String) { self.name = name }

    public init(configuration node: ConfigurationNode) throws {
        name = try String(configuration: node)
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            throw node.error("'\(name)' is no name of a metric: expected one such as val_accuracy or test_loss")
        }
    }

    public var configuration: ConfigurationValue { .string(name) }

    /// In words, such as "validation accuracy".
    public var title: String {
        if isOfImages { return name.replacing("frechet_distance", with: "Fréchet distance") }
        let (split, metric) =
            name.hasPrefix("val_")
            ? ("validation", String(name.dropFirst(4)))
            : isOfTest ? ("test", String(name.dropFirst(5))) : ("training", name)
        return "\(split) \(metric.replacing("_", with: " "))"
    }

    /// Whether more is better.
    public var isGreaterBetter: Bool {
        isOfImages ? name != "frechet_distance" : Monitor(name).direction == .max
    }

    /// Measured once, after the training.
    public var isOfTest: Bool { name.hasPrefix("test_") || isOfImages }

    /// Of the images that a generative model makes.
    public var isOfImages: Bool { ImageScore.measures.contains(name) }
}

/// Parts of a study's report that can be chosen.
public enum Show: String, CaseIterable, Sendable, ConfigurationConvertible {
    /// Every metric over the epochs, with bands.
    case curves
    /// The loss over the training time.
    case time
    /// All columns of the history in one figure for each variant.
    case history
    case confusion
    /// The same for the training images.
    case trainingConfusion = "training-confusion"
    case classes
    /// Accuracy against training time and against parameters.
    case cost
    /// The first nine training images.
    case images

    public init(configuration node: ConfigurationNode) throws {
        let word = try String(configuration: node)
        guard let show = Show(rawValue: word) else {
            throw node.error(
                "unknown part '\(word)'" + NearestNames.hint(for: word, among: Show.allCases.map(\.rawValue)))
        }
        self = show
    }

    public var configuration: ConfigurationValue { .string(rawValue) }

    static let usual: [Show] = [.curves, .time, .confusion, .classes, .cost]
}

/// How much of a study is really done: 1, or less for a rehearsal.
public struct Scale: Hashable, Sendable, CustomStringConvertible {
    public let factor: Double
    public static let full = Scale(unchecked: 1)

    private init(unchecked factor: Double) { self.factor = factor }

    /// - Throws: `StudyError` for a factor that is not above 0 and at most 1.
    public init(_ factor: Double) throws {
        guard factor > 0, factor <= 1 else {
            throw StudyError("--scale \(factor): expected a number above 0 and at most 1")
        }
        self.factor = factor
    }

    public var isFull: Bool { factor == 1 }

    /// So much of a number, at least 1.
    public func of(_ count: Int) -> Int { isFull ? count : max(1, Int((Double(count) * factor).rounded())) }

    public var description: String { "\(factor)" }
}

/// A mistake in a study, or in what is asked of one.
public struct StudyError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
