import Foundation
import Weft

/// Tells the store how a run stands.
///
/// The store is an index. A run whose store cannot be written goes on and says so once.
public final class RunRecorder {
    private let url: URL
    private let label: RunLabel?
    private let note: (String) -> Void
    private var hasFailed = false

    /// - Parameters:
    ///   - label: the study that the run is part of.
    ///   - note: where a failure is told.
    public init(_ url: URL = RunStore.standardPlace, label: RunLabel? = nil, note: @escaping (String) -> Void) {
        self.url = url
        self.label = label
        self.note = note
    }

    func record(_ run: StoredRun) {
        guard !hasFailed else { return }
        do {
            var run = run
            run.label = label
            try RunStore(url).record(run)
        } catch {
            hasFailed = true
            note("the run is not recorded in the store: \(error)")
        }
    }
}
