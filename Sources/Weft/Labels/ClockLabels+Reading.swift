import WeftData
import WeftEngine
import WeftGraph

extension ClockLabels {
    /// The times that a model's outputs mean, in minutes since twelve: 0 to 720.
    ///
    /// - Parameter outputs: all of the model's, as `Trainer.predict` gives them.
    public func times(_ outputs: [ModelOutputs]) throws -> [Double] {
        try times(rows: outputs.map(\.values), count: outputs[0].count)
    }

    /// The mean error, in minutes, of a network without fault: what the encoding itself takes away.
    public func builtInError() throws -> Double {
        let rules = rules
        let targets = (0..<ClockTime.count).map { rules.targets(ClockTime(minutes: $0)) }
        let rows = rules.outputs.enumerated().map { place, output in
            targets.flatMap { $0[place].row(size: output.size) }
        }
        let times = try times(rows: rows, count: ClockTime.count)
        return times.enumerated().map { Self.error($1, Double($0)) }.reduce(0, +) / Double(times.count)
    }

    /// How far two times are apart on a dial: min(|Δ|, 720 − |Δ|) minutes.
    public static func error(_ a: Double, _ b: Double) -> Double { min(abs(a - b), 720 - abs(a - b)) }

    /// Computed by the same operations as a training's metric.
    private func times(rows: [[Float]], count: Int) throws -> [Double] {
        let graph = Graph()
        let inputs = rules.outputs.enumerated().map { place, output in
            graph.input("output \(place)", shape: [count, output.size])
        }
        let program = try Program(graph, outputs: [rules.times(inputs)], store: try ParameterStore([]))
        for (place, row) in rows.enumerated() {
            guard let input = program.input("output \(place)") as UnsafeMutableBufferPointer<Float>? else { continue }
            _ = input.update(fromContentsOf: row)
        }
        program.run(seed: 0, epoch: 0, step: 0)
        return program.output(0).map { Double($0) }
    }
}
