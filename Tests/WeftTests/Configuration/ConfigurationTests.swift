import Testing
import WeftGraph

@testable import Weft

@Suite struct ConfigurationTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func layer(_ yaml: String) throws -> any Layer {
        try LayerRegistry.layer(ConfigurationNode(yaml: yaml, file: "m.yaml"))
    }

    @Test func yamlBecomesValues() throws {
        let yaml = """
            words: [a, "1", 'true']
            numbers: [1, -2, 0.5, 1e-4, 1.0e-4, .inf]
            others: [true, false, null, ~]
            nested: {b: 1, a: {c: []}}
            """
        let value = try ConfigurationNode(yaml: yaml).value
        #expect(value["words"] == ["a", "1", "true"])
        #expect(value["numbers"] == [1, -2, 0.5, 1e-4, 1e-4, .double(.infinity)])
        #expect(value["others"] == [true, false, nil, nil])
        #expect(value["nested"] == ["b": 1, "a": ["c": []]])
        #expect(try ConfigurationNode(yaml: "").value == .null)
    }

    @Test func jsonIsWritten() throws {
        let value: ConfigurationValue = ["a": [1, 0.1, "x\"\\\n\u{1}"], "b": ["c": nil, "d": true], "e": [["f": 1]]]
        #expect(value.description == #"{"a": [1, 0.1, "x\"\\\n\u0001"], "b": {"c": null, "d": true}, "e": [{"f": 1}]}"#)
        #expect(value.prettyJSON.contains("\n  \"b\": {\n    \"c\": null,\n    \"d\": true\n  },\n"))
        #expect(try ConfigurationNode(yaml: value.prettyJSON).value["b"] == value["b"])
        #expect(ConfigurationValue.float(0.1) == .double(0.1))
    }

    @Test func brokenYAMLHasItsLine() {
        #expect(
            message { _ = try ConfigurationNode(yaml: "a: 1\nb: [1, 2\nc: 3\n", file: "m.yaml") }
                .hasPrefix("m.yaml:3: not valid YAML:"))
        #expect(
            message { _ = try ConfigurationNode(yaml: "a: 1\nb: 2\na: 3\n", file: "m.yaml") }
                .contains("the key 'a' occurs twice"))
    }

    @Test(arguments: [
        ("Dense: {unit: 3}", "m.yaml:1: Dense: unknown argument 'unit' (did you mean 'units'?)"),
        ("Dense: {units: 3.5}", "m.yaml:1: Dense: units: expected an integer, got 3.5"),
        ("Dense: {activation: relu}", "m.yaml:1: Dense: the argument 'units' is missing"),
        ("Dense:\n  units: 3\n  use_bias: 1", "m.yaml:3: Dense: use_bias: expected true or false, got 1"),
        ("Dense:\n  units:\n    - 3", "m.yaml:2: Dense: units: expected an integer, got [3]"),
        ("Dense: {units: -1}", "m.yaml:1: Dense: units must be at least 1, got -1"),
        (
            "Dense: {units: 1, activation: rely}",
            "m.yaml:1: unknown activation 'rely' (did you mean 'relu', 'celu' or 'elu'?)"
        ),
        (
            "Dense: {units: 1, dtype: float16}",
            "m.yaml:1: Dense: dtype \"float16\" is not supported; Weft computes in float32"
        ),
        (
            "Dense: {units: 1, kernel_initializer: he_unifrom}",
            "m.yaml:1: unknown initializer 'he_unifrom' (did you mean 'he_uniform'?)"
        ),
        (
            "Dense:\n  units: 1\n  kernel_initializer:\n    HeUniform:\n      sed: 1",
            "m.yaml:5: initializer: unknown argument 'sed' (did you mean 'seed'?)"
        ),
        (
            "Dense: {units: 1, kernel_regularizer: {L2: -1}}",
            "m.yaml:1: L2: l2 must be a number of at least 0, got -1.0"
        ),
        ("Dence: {units: 3}", "m.yaml:1: unknown layer 'Dence' (did you mean 'Dense'?)"),
        ("Lambda", "m.yaml:1: unknown layer 'Lambda' (known: "),
        ("[1]", "m.yaml:1: expected the name of a layer, got [1]"),
        (
            "Conv2D: {filters: 1, kernel_size: [1, 2, 3]}",
            "m.yaml:1: Conv2D: kernel_size: expected an integer or [height, width], got [1, 2, 3]"
        ),
        (
            "Conv2D: {filters: 1, kernel_size: 3, padding: full}",
            "m.yaml:1: Conv2D: padding: expected one of 'valid', 'same', got \"full\""
        ),
        (
            "Conv2D: {filters: 1, kernel_size: 3, data_format: channels_first}",
            "m.yaml:1: Conv2D: data_format \"channels_first\" is not supported; "
                + "it can only be \"channels_last\" or null"
        ),
        ("Dropout: 1.5", "m.yaml:1: Dropout: rate must be at least 0 and less than 1, got 1.5"),
        ("Dropout: {rate: 0.5, seed: -1}", "m.yaml:1: Dropout: seed: expected an integer of at least 0, got -1"),
    ])
    func mistakesArePointedAt(_ yaml: String, _ expected: String) {
        #expect(message { _ = try layer(yaml) }.hasPrefix(expected))
    }

    @Test func bareValuesAreTheFirstArgument() throws {
        #expect(try (layer("Dropout: 0.25") as? Dropout)?.rate == 0.25)
        #expect(try (layer("MaxPooling2D: [3, 2]") as? MaxPooling2D)?.poolSize == Size2D(3, 2))
        #expect(try (layer("Reshape: [2, -1]") as? Reshape)?.targetShape == [2, -1])
        #expect(try layer("Flatten") is Flatten)
        #expect(try layer("max_pooling_2d") is MaxPooling2D)
    }

    @Test func initializersAndRegularizersInAllSpellings() throws {
        func dense(_ arguments: String) throws -> Dense {
            try #require(try layer("Dense: {units: 1, \(arguments)}") as? Dense)
        }
        for spelling in ["he_uniform", "HeUniform", "{HeUniform: {}}", "{class_name: HeUniform, config: {seed: null}}"]
        {
            #expect(try dense("kernel_initializer: \(spelling)").kernelInitializer == .heUniform)
        }
        #expect(try dense("kernel_initializer: {HeUniform: {seed: 1}}").kernelInitializer == .heUniform(seed: 1))
        #expect(try dense("bias_initializer: {Constant: 0.1}").biasInitializer == .constant(0.1))
        for spelling in ["{L2: 1.0e-4}", "{L2: {l2: 1e-4}}", "{class_name: L2, config: {l2: 0.0001}}"] {
            #expect(try dense("kernel_regularizer: \(spelling)").kernelRegularizer == .l2(1e-4))
        }
        #expect(try dense("kernel_regularizer: l2").kernelRegularizer == .l2(0.01))
        #expect(try dense("kernel_regularizer: l1_l2").kernelRegularizer == .l1l2(l1: 0, l2: 0))
        #expect(try dense("kernel_regularizer: null").kernelRegularizer == nil)
        #expect(try dense("activation: null").activation == .linear)
        #expect(try dense("activation: swish").activation == .silu)
    }

    @Test(arguments: [
        Initializer.zeros, .ones, .constant(0.25), .glorotUniform, .glorotNormal(seed: 3), .heUniform, .heNormal,
        .lecunUniform, .lecunNormal, .randomUniform(minimum: -1, maximum: 2, seed: 4), .randomNormal(mean: 1),
        .truncatedNormal(deviation: 0.1), .varianceScaling(scale: 2, mode: .fanOut, distribution: .uniform, seed: 9),
        .varianceScaling(distribution: .untruncatedNormal),
    ])
    func initializersComeBack(_ initializer: Initializer) throws {
        #expect(try Initializer(configuration: ConfigurationNode(initializer.configuration)) == initializer)
        #expect(try Initializer(configuration: ConfigurationNode(yaml: "\(initializer.configuration)")) == initializer)
    }

    @Test func nearestNames() {
        let names = ["small-cnn", "big-cnn", "own-cnn", "mlp", "fully-connected"]
        #expect(NearestNames.nearest(to: "smal_cnn", among: names) == ["small-cnn"])
        #expect(NearestNames.nearest(to: "connected", among: names) == ["fully-connected"])
        #expect(NearestNames.nearest(to: "transformer", among: names).isEmpty)
        #expect(NearestNames.nearest(to: "mpl", among: names) == ["mlp"])
    }
}
