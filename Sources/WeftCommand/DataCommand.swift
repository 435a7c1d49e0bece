import ArgumentParser
import Foundation
import WeftData
import WeftStudies

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "What datasets are known, where they were found, and what they look like.",
        discussion: """
            EXAMPLE
              weft data show fashion-mnist --count 20 -o grid.png
              weft data show folder:pictures --image-size 64x64
            """,
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the datasets.",
            discussion: """
                EXAMPLE
                  weft data list
                """)

        @Option(help: ArgumentHelp("A folder to look in first.", valueName: "folder"))
        var dataDir: String?

        func run() throws {
            let access = DataAccess(directory: dataDir)
            var rows = [["DATASET", "DESCRIPTION", "FOUND"]]
            for source in DatasetCatalog.standard.sources {
                // In a folder that was named, another dataset's files may be missing: here that is no mistake.
                let place = try? source.locate(access)
                rows.append([source.name, source.summary, place.map(Self.text) ?? "not here yet"])
            }
            for kind in DatasetCatalog.standard.kinds {
                rows.append([
                    "\(kind.name):\(kind.place)", kind.summary,
                    DatasetCatalog.standard.names.contains(kind.name) ? "" : "yours",
                ])
            }
            Terminal.writeLine(Terminal.table(rows))
        }

        private static func text(_ place: DatasetLocation) -> String {
            place.folder.isEmpty ? place.origin.rawValue : "\(place.folder) (\(place.origin.rawValue))"
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Draw the first images of a dataset, and count its classes.",
            discussion: """
                EXAMPLE
                  weft data show fashion-mnist --count 20 -o grid.png
                """)

        @Argument(help: "A dataset's name, or images of your own such as folder:PATH.")
        var dataset: String

        @Option(help: ArgumentHelp("A folder with the dataset's files.", valueName: "folder"))
        var dataDir: String?

        @OptionGroup var images: ImageOptions

        @Option(help: "train or test.")
        var split = EvaluateCommand.Split.train

        @Option(help: "How many images.")
        var count = 20

        @Option(help: "Pixels for each pixel of an image.")
        var scale = 3

        @Option(name: .shortAndLong, help: "The PNG file to write; without it only the numbers are shown.")
        var output: String?

        func run() throws {
            guard scale >= 1, scale <= 64 else { throw UsageError("--scale \(scale): expected a number from 1 to 64") }
            let splits = try DatasetCatalog.standard.load(
                dataset, as: images.form, access: DataAccess(directory: dataDir))
            let data = split == .test ? splits.test : splits.train
            let shown = try data.take(output == nil ? 1 : count)
            let shape = data.imageShape
            Terminal.writeLine(
                "\(dataset): \(Terminal.grouped(splits.train.count)) training and \(Terminal.grouped(splits.test.count)) "
                    + "test images, \(shape[0])×\(shape[1])×\(shape[2])")
            Terminal.writeLine(Self.classes(of: data, split))
            guard let output else { return }
            let columns = min(count, max(1, Int((Double(count) * 1.6).squareRoot().rounded())))
            // A single image stands alone, so that it can be given to `weft predict`.
            let grid = PixelImage.grid(
                (0..<shown.count).map { shown.image($0) }, columns: columns, spacing: shown.count == 1 ? 0 : 2,
                scale: scale)
            try OutputFile.write(grid.pngData(), to: output)
            Terminal.writeLine("\(count) images: \(output)")
        }

        /// A table of the classes, or for more than a screen of them a line.
        private static func classes(of data: Dataset, _ split: EvaluateCommand.Split) -> String {
            let counts = data.classCounts
            guard counts.count > 100 else {
                let rows = zip(data.classNames, counts).map { [$0, Terminal.grouped($1)] }
                return Terminal.table([["CLASS", "IMAGES (\(split.rawValue))"]] + rows)
            }
            return "\(counts.count) classes, \(data.classNames[0]) to \(data.classNames.last!), of "
                + "\(counts.min()!) to \(counts.max()!) images each (\(split.rawValue))"
        }
    }
}
