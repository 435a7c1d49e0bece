/// The axes a layer works along, as Keras writes them: a number or a list, the batch being 0, negative from the end.
public struct AxisList: Hashable, Sendable {
    public var axes: [Int]

    public init(_ axes: Int...) { self.axes = axes }

    /// The axes counted from 0, in ascending order.
    ///
    /// - Parameter rank: the number of axes with the batch.
    /// - Throws: `LayerProblem` for an axis there is not, twice the same, or the batch.
    func resolved(rank: Int) throws -> [Int] {
        let resolved = try axes.map { axis in
            let counted = axis < 0 ? axis + rank : axis
            guard counted >= 1, counted < rank else {
                throw LayerProblem("axis \(axis) is not one of the input's \(rank - 1) axes behind the batch")
            }
            return counted
        }
        guard !resolved.isEmpty, Set(resolved).count == resolved.count else {
            throw LayerProblem("axis \(axes) must name different axes")
        }
        return resolved.sorted()
    }
}

extension AxisList: ConfigurationConvertible {
    public init(configuration node: ConfigurationNode) throws {
        if let axis = try? Int(configuration: node) {
            axes = [axis]
        } else if let list = try? [Int](configuration: node) {
            axes = list
        } else {
            throw node.mismatch(expected: "an axis or a list of axes")
        }
    }

    public var configuration: ConfigurationValue { axes.count == 1 ? .int(axes[0]) : axes.configuration }
}
