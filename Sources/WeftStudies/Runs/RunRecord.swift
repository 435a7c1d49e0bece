import Foundation
import Weft

/// What an earlier process wrote into a run's `run.json`, as far as going on with the run needs it.
public struct RunRecord: Sendable {
    public enum Status: String, Sendable {
        case running, trained, interrupted, failed, stopped, finished

        /// Whether nothing is left to do: `stopped` is the end that a callback decided on.
        public var isOver: Bool { self == .finished || self == .stopped }
    }

    public let status: Status
    /// Why the run ended early or was interrupted.
    public let reason: String?
    public let started: String
    public let command: String
    /// What the user named as MODEL.
    public let modelSource: String
    /// Versions and machine, as `Environment` has them.
    public let environment: [String: String]
    private let configuration: ConfigurationNode

    /// - Returns: `nil` where the folder has no record.
    /// - Throws: `RunError` or `ConfigurationError` for a file that is not a record of this Weft's.
    public init?(in folder: RunFolder) throws {
        let path = folder.record.path
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let node = try ConfigurationNode(json: Data(contentsOf: folder.record), file: path)
        func word(_ name: String, in node: ConfigurationNode?) throws -> String {
            guard let value = node?[name] else { throw RunError("\(path) is not a run's record: it has no '\(name)'") }
            return try String(configuration: value)
        }
        let text = try word("status", in: node)
        guard let status = Status(rawValue: text), let configuration = node["configuration"] else {
            throw RunError("\(path) is not a record of this Weft's: its status is '\(text)'")
        }
        self.status = status
        self.configuration = configuration
        reason = try node["reason"].flatMap { try String?(configuration: $0) }
        started = try word("started", in: node)
        command = try word("command", in: node)
        modelSource = try word("source", in: node["model"])
        environment = Dictionary(
            try (node["environment"]?.fields ?? []).map { ($0.key, try String(configuration: $0.node)) }
        ) { first, _ in first }
    }

    /// The configuration the run began with.
    public func configuration(_ model: ModelFile) throws -> RunConfiguration {
        try RunConfiguration(configuration, model: model, source: modelSource)
    }

    /// What a message says of a run that is not over.
    public var summary: String {
        status == .interrupted || status == .failed ? reason ?? status.rawValue : "it was ended while it was \(status)"
    }
}
