import Weft
import WeftData

extension ImageSize: ConfigurationConvertible {
    /// Reads rows and columns, such as `32x32`.
    public init(configuration node: ConfigurationNode) throws {
        guard let size = ImageSize(try String(configuration: node)) else {
            throw node.error("expected rows and columns such as 32x32, got \(node.value)")
        }
        self = size
    }

    public var configuration: ConfigurationValue { .string(description) }
}

extension ColorMode: NamedChoice {}
