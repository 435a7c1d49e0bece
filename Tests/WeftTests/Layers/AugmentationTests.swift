import Foundation
import TestSupport
import Testing
import WeftEngine
import WeftGraph

@testable import Weft

/// What chance does in the augmenting layers; what they compute is compared with Keras in `KerasLayerTests`.
@Suite struct AugmentationTests {
    static let layers: [any Layer] = [
        RandomFlip(), RandomFlip(.horizontal), RandomRotation(0.2), RandomTranslation(0.2, 0.3), RandomZoom(0.3, 0.2),
        RandomZoom(.range(-0.4 ... -0.1)), RandomContrast(0.5, valueRange: -10...10),
    ]

    /// A layer between an input `x` and its output.
    private func build(
        _ layer: any Layer, _ shape: Shape, mode: Mode = .training
    ) throws -> (graph: Graph, output: Tensor) {
        let graph = Graph()
        let context = LayerContext(graph: graph, mode: mode)
        return (graph, try context.apply(layer, name: "layer", to: [graph.input("x", shape: shape)]))
    }

    /// The transforms of a batch of images, in rows of six.
    private func transforms(
        _ layer: any Layer, batch: Int = 4000, size: (height: Int, width: Int) = (5, 9), step: Int = 0
    ) throws -> [[Double]] {
        let (graph, output) = try build(layer, [batch, size.height, size.width, 1])
        let values = try ReferenceInterpreter(graph: graph, random: (7, 1, step))
            .evaluate([graph.node(of: output).inputs[1]])[0]
        return stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<$0 + 6]) }
    }

    /// Expects numbers that fill a range evenly.
    private func expectEven(
        _ values: [Double], in range: ClosedRange<Double>, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let length = range.upperBound - range.lowerBound
        let sorted = values.map { ($0 - range.lowerBound) / length }.sorted()
        let gap = sorted.enumerated().map { abs((Double($0) + 0.5) / Double(values.count) - $1) }.max() ?? 1
        // Kolmogorov and Smirnov: one in a million samples is as far off as 2.7/√n.
        #expect(gap < 2.7 / Double(values.count).squareRoot(), sourceLocation: sourceLocation)
        #expect(sorted.first! >= -1e-5 && sorted.last! <= 1 + 1e-5, sourceLocation: sourceLocation)
    }

    @Test func flipsAreHalfOfTheImages() throws {
        let (kept, across): ([Double], [Double]) = ([1, 0, 0, 0, 1, 0], [-1, 0, 8, 0, 1, 0])
        let (down, around): ([Double], [Double]) = ([1, 0, 0, 0, -1, 4], [-1, 0, 8, 0, -1, 4])
        for (direction, flipped) in [
            (RandomFlip.Direction.horizontal, across), (.vertical, down), (.horizontalAndVertical, around),
        ] {
            let transforms = try transforms(RandomFlip(direction))
            #expect(Set(transforms) == [kept, flipped])
            let count = transforms.filter { $0 == flipped }.count
            // Five standard deviations of 4000 tosses.
            #expect(abs(count - 2000) < 160)
        }
    }

    @Test func rotationsFillTheirRange() throws {
        for (factor, range) in [
            (AugmentationFactor.upTo(0.1), -0.1...0.1), (.range(0.05...0.3), 0.05...0.3), (.upTo(-0.2), -0.2...0.2),
        ] {
            let transforms = try transforms(RandomRotation(factor))
            expectEven(transforms.map { atan2($0[3], $0[0]) / (2 * .pi) }, in: range)
            #expect(
                transforms.allSatisfy { t in
                    t[0] == t[4] && t[1] == -t[3] && abs(t[0] * t[0] + t[1] * t[1] - 1) < 1e-12
                })
            // The middle, column 4 and row 2, stays where it is.
            #expect(
                transforms.allSatisfy { t in
                    abs(4 * t[0] + 2 * t[1] + t[2] - 4) < 1e-12 && abs(4 * t[3] + 2 * t[4] + t[5] - 2) < 1e-12
                })
        }
    }

    @Test func translationsFillTheirRanges() throws {
        let transforms = try transforms(RandomTranslation(0.2, .range(-0.1...0.5)))
        expectEven(transforms.map { $0[5] }, in: -1...1)
        expectEven(transforms.map { $0[2] }, in: -4.5...0.9)
        #expect(transforms.allSatisfy { [$0[0], $0[1], $0[3], $0[4]] == [1, 0, 0, 1] })
        expectIndependent(transforms.map { $0[2] }, transforms.map { $0[5] })
    }

    @Test func zoomsFillTheirRanges() throws {
        let transforms = try transforms(RandomZoom(0.3, .range(-0.5 ... -0.1)))
        expectEven(transforms.map { $0[4] }, in: 0.7...1.3)
        expectEven(transforms.map { $0[0] }, in: 0.5...0.9)
        expectIndependent(transforms.map { $0[0] }, transforms.map { $0[4] })
        #expect(
            transforms.allSatisfy { t in
                abs(4 * t[0] + t[2] - 4) < 1e-5 && abs(2 * t[4] + t[5] - 2) < 1e-5 && t[1] == 0 && t[3] == 0
            })
        #expect(try self.transforms(RandomZoom(0.3)).allSatisfy { $0[0] == $0[4] })
    }

    @Test func contrastsFillTheirRange() throws {
        // Images of one −1 and one 1: the mean is 0, and the second pixel is the factor.
        for (factor, range) in [(AugmentationFactor.upTo(0.4), 1...1.4), (.range(0.2...0.6), 0.8...1.6)] {
            let (graph, output) = try build(RandomContrast(factor, valueRange: -2...2), [3000, 1, 2, 1])
            let pixels = (0..<6000).map { $0 % 2 == 0 ? -1.0 : 1 }
            let values = try ReferenceInterpreter(graph: graph, inputs: ["x": pixels]).evaluate([output])[0]
            expectEven(stride(from: 1, to: 6000, by: 2).map { values[$0] }, in: range)
        }
    }

    /// The correlation of samples that have nothing to do with each other is below 5/√n.
    private func expectIndependent(_ a: [Double], _ b: [Double]) {
        func centered(_ values: [Double]) -> [Double] {
            let mean = values.reduce(0, +) / Double(values.count)
            return values.map { $0 - mean }
        }
        func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map(*).reduce(0, +) }
        let (a, b) = (centered(a), centered(b))
        let correlation = product(a, b) / (product(a, a) * product(b, b)).squareRoot()
        #expect(abs(correlation) < 5 / Double(a.count).squareRoot())
    }

    @Test func anImageDependsOnItsPlaceNotOnTheBatch() throws {
        for layer in Self.layers where !(layer is RandomContrast) {
            let three = try transforms(layer, batch: 3)
            #expect(try transforms(layer, batch: 40).prefix(3) == three[...])
            #expect(try transforms(layer, batch: 40, step: 1) != transforms(layer, batch: 40))
            #expect(Set(try transforms(layer, batch: 40)).count > 1)
        }
    }

    @Test(arguments: layers)
    func theEngineComputesTheSame(_ layer: any Layer) throws {
        let shape: Shape = [16, 12, 13, 3]
        let (graph, output) = try build(layer, shape)
        let program = try Program(graph, outputs: [output], store: try ParameterStore([]))
        let pixels = Samples.uniform(shape.count).map { Double(Float($0)) }
        func run(_ seed: UInt64, _ epoch: Int, _ step: Int) -> [Float] {
            for (place, value) in pixels.enumerated() { program.input("x")![place] = Float(value) }
            program.run(seed: seed, epoch: epoch, step: step)
            return Array(program.output(0))
        }
        let first = run(3, 1, 4)
        let expected = try ReferenceInterpreter(graph: graph, inputs: ["x": pixels], random: (3, 1, 4))
            .evaluate([output])[0]
        #expect(difference(first.map(Double.init), expected) < 1e-5)
        // The same key gives the same bits; another seed, epoch or step others.
        let others = [run(4, 1, 4), run(3, 2, 4), run(3, 1, 5)]
        #expect(!others.contains(first))
        #expect(run(3, 1, 4) == first)
    }

    @Test(arguments: layers)
    func inferenceIsTheIdentity(_ layer: any Layer) throws {
        let (graph, output) = try build(layer, [2, 3, 4, 1], mode: .inference)
        #expect(graph.nodes.count == 1 && output.node == 0)
    }

    @Test func aSeedChoosesOtherNumbers() throws {
        let none = try transforms(RandomRotation(0.2), batch: 8)
        let one = try transforms(RandomRotation(0.2, seed: 1), batch: 8)
        #expect(none != one)
        #expect(try transforms(RandomRotation(0.2, seed: 2), batch: 8) != one)
        #expect(try transforms(RandomRotation(0.2, seed: 1), batch: 8) == one)
    }

    /// Flips as Keras makes them: an image is either flipped or left alone, and both happen.
    @Test func flipsAreKeras() throws {
        let cases = try #require(Goldens.read("augmentation.json")["flips"]?.elements)
        #expect(cases.count == 3)
        for sample in cases {
            let layer = RandomFlip(try sample.get("mode"))
            let (images, flipped): ([Double], [Double]) = (try sample.get("images"), try sample.get("flipped"))
            let (graph, output) = try build(layer, [2, 3, 4, 2])
            var counts = [0, 0]
            for step in 0..<20 {
                let values = try ReferenceInterpreter(graph: graph, inputs: ["x": images], random: (1, 1, step))
                    .evaluate([output])[0]
                for image in [0..<24, 24..<48] {
                    let isFlipped = values[image] == flipped[image]
                    #expect(isFlipped || values[image] == images[image])
                    counts[isFlipped ? 1 : 0] += 1
                }
            }
            #expect(counts[0] > 5 && counts[1] > 5)
        }
    }

    /// A single number stands for the pair that Keras makes of it.
    @Test func aNumberIsARange() throws {
        for (number, pair) in [
            (RandomRotation(0.1) as any Layer, RandomRotation(.range(-0.1...0.1)) as any Layer),
            (RandomTranslation(-0.1, 0.2), RandomTranslation(.range(-0.1...0.1), .range(-0.2...0.2))),
            (RandomZoom(0.1), RandomZoom(.range(-0.1...0.1))), (RandomContrast(0.2), RandomContrast(.range(0...0.2))),
        ] {
            let operations = try [number, pair].map { try build($0, [2, 3, 4, 1]).graph.nodes.map(\.operation) }
            #expect(operations[0] == operations[1])
        }
    }

    private func problem(_ name: String, _ arguments: String) -> String {
        do {
            let node = try ConfigurationNode(yaml: "{\(name): {\(arguments)}}")
            _ = try LayerRegistry.layer(node)
            return "no error"
        } catch {
            return (error as? ConfigurationError)?.problem ?? "\(error)"
        }
    }

    @Test func argumentsOutOfRange() {
        #expect(problem("RandomRotation", "factor: 1.5") == "factor must be between -1.0 and 1.0, got 1.5")
        #expect(problem("RandomRotation", "factor: [2, 3]") == "factor must be between -1.0 and 1.0, got [2.0, 3.0]")
        #expect(problem("RandomRotation", "factor: [0.3, -2]") == "no error")
        #expect(problem("RandomRotation", "factor: [-.inf, 0]").hasPrefix("factor must be between"))
        #expect(problem("RandomRotation", "factor: [1, 2, 3]") == "expected a number or [lower, upper], got [1, 2, 3]")
        #expect(problem("RandomRotation", "seed: 1") == "the argument 'factor' is missing")
        #expect(
            problem("RandomTranslation", "height_factor: 0.1, width_factor: [0, 1.2]")
                == "width_factor must be between -1 and 1, got 1.2")
        #expect(problem("RandomZoom", "height_factor: -1") == "height_factor must be above -1 and at most 1, got -1.0")
        #expect(problem("RandomContrast", "factor: -0.1") == "factor must be between 0.0 and 1.0, got -0.1")
        #expect(
            problem("RandomContrast", "factor: 0.1, value_range: [0, .inf]") == "value_range must be finite")
        #expect(
            problem("RandomFlip", "mode: sideways")
                == "expected one of 'horizontal', 'vertical', 'horizontal_and_vertical', got \"sideways\"")
        #expect(
            problem("RandomZoom", "height_factor: 0.1, fill_mode: mirror")
                == "expected one of 'reflect', 'wrap', 'constant', 'nearest', got \"mirror\"")
        #expect(problem("RandomZoom", "height_factor: 0.1, fill_value: x") == "expected a number, got \"x\"")
    }

    @Test(arguments: layers)
    func imagesOnly(_ layer: any Layer) {
        let error = #expect(throws: LayerProblem.self) { try layer.outputShape(for: [[28, 28]]) }
        #expect(error?.description.hasPrefix("expected images (height, width, channels), got (28, 28)") == true)
    }

    @Test func whatIsTrainedBeforeIsAnError() throws {
        let graph = Graph()
        let model = Sequential {
            Conv2D(2, 3)
            RandomRotation(0.1)
        }
        let applied = try model.apply(to: graph, inputs: [graph.input("x", shape: [1, 5, 5, 1])], mode: .training)
        let kernel = try graph.parameter(graph.parameters[0])
        let error = #expect(throws: ShapeError.self) {
            try graph.gradients(of: applied.outputs[0].sum(), for: [kernel])
        }
        #expect(error?.description.hasPrefix("layer random_rotation: gradient: there is no derivative of") == true)
    }
}
