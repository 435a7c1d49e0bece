import ArgumentParser
import Foundation
import WeftData

/// Which data, and where it is looked for.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "The dataset, or images of your own such as folder:PATH; `weft data` lists them. (default: fashion-mnist)",
            valueName: "name"))
    var givenData: String?

    var data: String { givenData ?? "fashion-mnist" }

    @Option(help: ArgumentHelp("A folder with the dataset's files, instead of the usual places.", valueName: "folder"))
    var dataDir: String?

    @OptionGroup var images: ImageOptions

    /// Reads the data.
    func load() throws -> DataSplits {
        try DatasetCatalog.standard.load(data, as: images.form, access: access)
    }

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

/// The size and colours that images are wanted in.
struct ImageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Resize the images to so many rows and columns, such as 32x32; by default they stay as they are.",
            valueName: "HxW"),
        transform: { text in
            guard let size = ImageSize(text) else {
                throw ValidationError("expected rows and columns, such as 32x32, of at most 65535 each")
            }
            return size
        })
    var imageSize: ImageSize?

    @Option(help: "Turn the images grey or into three channels; by default they stay as they are.")
    var colorMode: ColorMode?

    var form: ImageForm { ImageForm(size: imageSize, colorMode: colorMode) }
}

extension ColorMode: ExpressibleByArgument {}
