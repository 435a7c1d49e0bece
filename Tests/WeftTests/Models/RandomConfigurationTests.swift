import Foundation
import Testing
import WeftData
import WeftGraph

@testable import Weft

/// Layers, arguments, shapes and labels at random: whatever is wrong with them is an error, and what is not is computed.
///
/// A trap of Swift's or a crash of a kernel ends the tests. `WEFT_LONG` in the environment asks for 100,000 models.
@Suite struct RandomConfigurationTests {
    private static let count = ProcessInfo.processInfo.environment["WEFT_LONG"] != nil ? 100_000 : 2_000

    /// Draws one thing after the other.
    private struct Dice {
        let random: Philox
        var drawn = 0

        mutating func roll(_ bound: Int) -> Int {
            drawn += 1
            return random.integer(drawn, below: bound)
        }

        mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }
    }

    private static let sound = ["1", "2", "3", "[2, 1]", "same", "valid", "relu", "true", "false", "0.25", "4", "8"]
    private static let strange = [
        "0", "-1", "5", "[0, 3]", "[1, 2, 3]", "[]", "{}", "null", "1000000000000", "9223372036854775807", "1.0e+30",
        "-0.5", ".nan", ".inf", "softmax", "l2", "[[1, 2], [3, 4]]", "channels_first", "\"\"", "7", "64", "[4, -1]",
    ]

    private func argumentNames<Kind: Layer>(_ kind: Kind.Type) -> [String] { Kind.arguments.map(\.name) }

    /// A layer in a line of a model file: mostly with what it needs.
    private func layer(_ dice: inout Dice) -> String {
        let kind = dice.pick(LayerRegistry.types)
        let names = argumentNames(kind)
        let needed = [
            "units", "filters", "kernel_size", "rate", "target_shape", "dims", "n", "factor", "height_factor", "scale",
        ]
        var arguments: [String] = []
        for name in names where needed.contains(name) ? dice.roll(20) > 0 : dice.roll(5) == 0 {
            var value = dice.roll(6) == 0 ? dice.pick(Self.strange) : dice.pick(Self.sound)
            if name == "dims", dice.roll(4) > 0 { value = dice.pick(["[2, 1]", "[1, 3, 2]", "[3, 1, 2]"]) }
            if name == "target_shape", dice.roll(4) > 0 { value = dice.pick(["[-1]", "[4, -1]", "[2, 2, -1]"]) }
            arguments.append("\(name): \(value)")
        }
        return "  - \(kind.className): {\(arguments.joined(separator: ", "))}"
    }

    /// Errors of a reader, a builder or a training say what is wrong in a line or two.
    private func expectShort(_ error: any Error, _ yaml: String) {
        let text = "\(error)"
        let isShort = !text.isEmpty && text.split(separator: "\n").count <= 3
        #expect(isShort, "\(text)\nof\n\(yaml)")
    }

    /// Planted fault, seen to fail here: a dataset without its check of the labels.
    @Test func everyModelIsComputedOrRefused() throws {
        var (built, computed, refused) = (0, 0, 0)
        for number in 0..<Self.count {
            var dice = Dice(random: Philox(seed: UInt64(number), stream: 77))
            let layers = (0...dice.roll(4)).map { _ in layer(&dice) }
            // A classifier's end, so that many can be trained.
            let end = dice.roll(3) > 0 ? ["  - Flatten", "  - Dense: {units: 3, activation: softmax}"] : []
            let yaml = "layers:\n" + (layers + end).joined(separator: "\n")
            do {
                let shape = dice.pick([Shape([6, 7, 1]), [5, 5, 3], [1, 1, 2], [8, 8, 4]])
                let model = try ModelFile(yaml: yaml, name: "random").model.built(inputShape: shape)
                built += 1
                // What is huge is built, but no test's machine computes it.
                guard try model.parameterCount() <= 200_000, !yaml.contains("00000"), !yaml.contains("922337"),
                    !yaml.contains("e+30")
                else { continue }
                let pixels = (0..<3 * shape.count).map { UInt8($0 % 251) }
                let classes = try model.outputShapes()[0].last
                // One label too small, one too large, or none.
                let odd = dice.roll(3)
                let labels: [Int32] = [0, odd == 1 ? -1 : odd == 2 ? Int32(classes) : 0, 0]
                let data = try Dataset(
                    name: "random", pixels: pixels, labels: labels, imageShape: shape,
                    classNames: (0..<min(classes, 1000)).map { "\($0)" })
                let trainer = try Trainer(
                    model, optimizer: .sgd(learningRate: 0.01), loss: .sparseCategoricalCrossentropy)
                try trainer.fit(data, batchSize: 2)
                #expect(odd == 0, "labels \(labels) of \(classes) classes were trained on")
                computed += 1
            } catch {
                refused += 1
                expectShort(error, yaml)
            }
        }
        #expect(built > Self.count / 50 && computed > Self.count / 400 && refused > Self.count / 10)
    }
}
