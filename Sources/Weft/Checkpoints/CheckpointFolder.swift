import Foundation
import WeftSystem

/// The folder of a training's checkpoints: the last two, so that there is one left when the newest is damaged.
public struct CheckpointFolder: Hashable, Sendable {
    public let url: URL

    /// A file in it, named after how far the training had come.
    struct Item: Hashable {
        let url: URL
        let place: TrainingState.Place
    }

    private static let suffix = ".checkpoint"
    private static let kept = 2

    public init(_ url: URL) { self.url = url }

    /// Writes a checkpoint, then removes those before the last two.
    ///
    /// - Throws: an error naming the file that could not be written; the checkpoints there are stay.
    public func save(_ state: TrainingState) throws {
        try makeFolder()
        let name = "epoch-\(state.place.epoch)-step-\(state.place.step)\(Self.suffix)"
        try FileEffects.current.replace(url.appending(path: name), with: CheckpointFile.data(state))
        for item in items().dropFirst(Self.kept) { try? FileManager.default.removeItem(at: item.url) }
    }

    /// The newest checkpoint that is whole; `nil` where there is none at all.
    ///
    /// - Parameter onDamage: told of each damaged one that was passed over.
    /// - Throws: `CheckpointError` where all are damaged, or the newest whole one is another version's.
    public func newest(onDamage: (CheckpointError) -> Void = { _ in }) throws -> TrainingState? {
        var problem: CheckpointError?
        for item in items() {
            do {
                return try CheckpointFile.state(Self.read(item.url), path: item.url.path)
            } catch let error as CheckpointError {
                guard case .damaged = error else { throw error }
                onDamage(error)
                problem = problem ?? error
            }
        }
        if let problem { throw problem }
        return nil
    }

    /// Removes all checkpoints: for a training that is done.
    public func remove() throws {
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        try FileManager.default.removeItem(at: url)
    }

    /// The checkpoints, the newest first.
    func items() -> [Item] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.compactMap { name -> Item? in
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard name.hasSuffix(Self.suffix), parts.count == 4, parts[0] == "epoch", parts[2] == "step",
                let epoch = Int(parts[1]), let step = Int(parts[3].dropLast(Self.suffix.count))
            else { return nil }
            return Item(url: url.appending(path: name), place: .init(epoch: epoch, step: step))
        }.sorted { $0.place > $1.place }
    }

    private func makeFolder() throws {
        guard !FileManager.default.fileExists(atPath: url.path) else { return }
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try FileEffects.current.synchronize(folder: url.deletingLastPathComponent())
    }

    private static func read(_ url: URL) throws -> Data {
        do {
            return try Data(contentsOf: url)
        } catch {
            throw CheckpointError.damaged(path: url.path, problem: "it cannot be read")
        }
    }
}
