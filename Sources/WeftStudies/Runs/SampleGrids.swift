import Foundation
import Weft
import WeftData
import WeftSystem

/// Draws what a generative model makes of the same latent points, epoch after epoch, into a folder.
public final class SampleGrids: Callback {
    /// How many images a grid has, and how many in a row.
    public static let count = 64
    static let columns = 8

    private let folder: URL
    private let interval: Int
    private let keepsGenerator: Bool
    private var epochs = 0

    /// - Parameters:
    ///   - folder: is made where it does not exist.
    ///   - interval: every how many epochs; the last epoch's grid is drawn in any case.
    ///   - keepsGenerator: whether the generator's parameters are written beside each grid, as ``KeptGenerators``.
    public init(_ folder: URL, every interval: Int = 1, keepsGenerator: Bool = false) {
        self.folder = folder
        self.interval = interval
        self.keepsGenerator = keepsGenerator
    }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began(let plan), .resumed(let plan, _, _): epochs = plan.epochs
        case .epochEnded(let epoch) where epoch.number % interval == 0 || epoch.number == epochs:
            try draw(epoch.number, trainer)
        default: break
        }
        return .proceed
    }

    private func draw(_ epoch: Int, _ trainer: Trainer) throws {
        guard let generative = trainer.model.generative else { return }
        let points = LatentPoints.random(Self.count, size: generative.latentSize, seed: trainer.seed)
        let images = try trainer.generate(points)
        let grid = PixelImage.grid(images, columns: Self.columns)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileEffects.current.replace(folder.appending(path: Self.fileName(epoch)), with: grid.pngData())
        if keepsGenerator { try KeptGenerators(folder, of: generative).keep(epoch, of: trainer) }
    }

    static func fileName(_ epoch: Int) -> String { String(format: "epoch-%04d.png", epoch) }
}
