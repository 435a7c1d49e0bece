import Weft
import WeftData
import WeftReports
import WeftStudies

extension ReportContents {
    /// What a generative model made: samples, the same ones epoch by epoch, ways between two of them, and what is known
    /// of the model besides.
    static func pictures(_ run: TrainingRun, _ folder: RunFolder) throws -> [RunReportContents.Picture] {
        let pictures = try GenerativePictures(run.trainer, seed: run.configuration.seed)
        var result: [RunReportContents.Picture] = []
        func add(_ name: String, _ caption: String, _ images: [PixelImage], columns: Int) throws {
            let grid = PixelImage.grid(images, columns: columns, scale: 2)
            result.append(.init("\(name).png", caption: caption, data: try grid.pngData()))
        }
        try add("samples", "Images of random latent points.", pictures.samples(64), columns: 8)
        result += try byEpoch(folder, pictures.generative)
        let ways = try LatentPoints.Path.allCases.flatMap { try pictures.interpolation(from: 0, to: 1, steps: 10, $0) }
        try add(
            "interpolation", "From one latent point to another: above straight, below along a circle.", ways,
            columns: 10)
        if pictures.generative.kind == .variationalAutoencoder {
            let images = try run.test.take(min(10, run.test.count))
            try add(
                "reconstruction", "Test images, and below them what the model makes of them.",
                pictures.reconstruction(images), columns: images.count)
            if pictures.generative.latentSize > 1 {
                try add(
                    "latent-grid",
                    "What the first two numbers of a latent point change, from −2.5 to 2.5, the others being 0.",
                    pictures.latentGrid(0, 1, steps: 10), columns: 10)
            }
        }
        try add(
            "nearest", "Generated images, and below each the training image that is nearest to it.",
            pictures.nearest(10, in: run.train), columns: 10)
        return result
    }

    /// Nothing for a training that was interrupted in its first epoch.
    private static func byEpoch(
        _ folder: RunFolder, _ generative: GenerativeModel
    ) throws -> [RunReportContents.Picture] {
        guard let history = try SampleHistory(folder, of: generative) else { return [] }
        let epochs = "\(history.grids.count) of the epochs, the last one being \(history.grids.last!.epoch)"
        return [
            .init(
                "by-epoch.png", caption: "The same latent points by epoch, from the top down: up to ten of \(epochs).",
                data: try history.strip(columns: 8).pngData()),
            .init("by-epoch.gif", caption: "The same latent points by epoch, moving.", data: try history.animation()),
        ]
    }
}
