import ArgumentParser
import Foundation
import WeftData

/// Which data, and where it is looked for.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("The dataset; `weft data` lists them. (default: fashion-mnist)", valueName: "name"))
    var givenData: String?

    var data: String { givenData ?? "fashion-mnist" }

    @Option(help: ArgumentHelp("A folder with the dataset's files, instead of the usual places.", valueName: "folder"))
    var dataDir: String?

    var access: DataAccess {
        DataAccess(directory: dataDir, progress: { DataOptions.show($0) })
    }

    private static func show(_ progress: DownloadProgress) {
        let megabytes = progress.receivedBytes / 1_000_000
        let total = progress.totalBytes.map { " of \($0 / 1_000_000)" } ?? ""
        guard isatty(STDERR_FILENO) != 0 else { return }
        let done = progress.receivedBytes == progress.totalBytes
        Terminal.note("\r\u{1B}[Kdownloading \(progress.file): \(megabytes)\(total) MB" + (done ? "\n" : ""))
    }
}
