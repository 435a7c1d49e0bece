import Foundation
import Weft
import WeftEngine
import WeftStudies

extension TrainCommand {
    /// What a training starts with: anew, or where an earlier process left it.
    struct Start {
        var configuration: RunConfiguration
        /// Where the model comes from, with its weights if it has some; `nil` for a run that goes on without being told.
        var source: ModelSource?
        /// These of an earlier process.
        var folder: RunFolder?
        var lock: RunLock?
        var record: RunRecord?
        var state: TrainingState?
    }

    /// - Throws: `UsageError` for options that contradict the run that is to go on.
    func start() throws -> Start {
        if let out, let earlier = try earlierRun(out) { return earlier }
        guard let model else {
            throw RunError("there is no run in \(out ?? "") to go on with: name a MODEL to begin one")
        }
        if let threads { try useThreads(threads) }
        // What was compiled is not read where all of it is replaced.
        let source = try ModelSource(model, compiled: optimizer == nil || loss == nil || metrics == nil).labelled(
            labelsOption.labels())
        var configuration = try RunConfiguration(source.file, source: model, data: dataOptions.data)
        try apply(to: &configuration)
        return Start(configuration: configuration, source: source)
    }

    /// The run in the folder, if a process has begun one there.
    private func earlierRun(_ out: String) throws -> Start? {
        let folder = RunFolder(URL(fileURLWithPath: out))
        guard var record = try RunRecord(in: folder) else { return nil }
        guard resume else {
            if record.status.isOver { return nil }
            throw RunError(
                "\(out) has an unfinished run (\(record.summary)):\n"
                    + "add --resume to go on with it, or choose another --out")
        }
        let lock = try folder.lock(patience: studyOptions.patience)
        // Another process may have gone on with it until now.
        record = try RunRecord(in: folder) ?? record
        if record.status.isOver { throw RunError("\(out) was just \(record.status) by another process") }
        let state = try newestState(of: folder)
        // Before its first checkpoint a run has made nothing that is worth keeping: it begins anew.
        let source = state == nil ? try ModelSource(model ?? record.modelSource) : nil
        var configuration = try record.configuration(source?.file ?? folder.readModel())
        let recorded = configuration
        try apply(to: &configuration)
        if let (name, here, there) = configuration.difference(from: recorded) {
            throw contradiction(name.replacingOccurrences(of: "_", with: " "), there: there, here: here)
        }
        try takeThreads(of: record)
        return Start(
            configuration: configuration, source: source, folder: folder, lock: lock, record: record, state: state)
    }

    private func newestState(of folder: RunFolder) throws -> TrainingState? {
        try folder.checkpoints.newest { Terminal.note("weft: \($0); the one before it is used\n") }
    }

    /// The bits depend on the number of threads, so it is the earlier process's; of other machines nothing can be done.
    private func takeThreads(of record: RunRecord) throws {
        if let recorded = record.environment["threads"], let count = Int(recorded) {
            if let threads, threads != count { throw contradiction("threads", there: recorded, here: "\(threads)") }
            try useThreads(count)
        }
        for (name, value) in Environment.current where ["onednn", "instruction_set"].contains(name) {
            guard let recorded = record.environment[name], recorded != value else { continue }
            let words = name.replacingOccurrences(of: "_", with: " ")
            Terminal.note(
                "weft: the run began with \(words) \(recorded), here it is \(value): the last bits may differ\n")
        }
    }

    /// Whether the model that was named is the one that the run began with.
    func checkModel(of run: TrainingRun, _ start: Start) throws {
        guard start.state != nil, let model else { return }
        var given = try ModelSource(model).file.model
        if !given.isBuilt { given = try given.built(inputShape: run.train.imageShape) }
        guard try given.sha256() == run.model.sha256() else {
            throw contradiction("model", there: "another one", here: model)
        }
    }

    private func contradiction(_ name: String, there: String, here: String) -> UsageError {
        UsageError(
            "the unfinished run in \(out ?? "") has \(name): \(there), and this command \(here):\n"
                + "leave it out to go on with the run, or choose another --out")
    }
}
