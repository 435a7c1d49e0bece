import Foundation
import Testing
import Weft
import WeftData
import WeftStudies

/// What the steps of the catalogue's models take in memory, for the batches their authors had.
@Suite struct ArenaTests {
    private static let catalog = ModelCatalog(
        directory: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Studies/models").path)

    /// Images of one class, or dials that show noon.
    private static func data(_ model: Model) throws -> Dataset {
        let shape = model.generative?.imageShape ?? model.inputs[0].shape!
        return try Dataset(
            name: "black", pixels: [UInt8](repeating: 0, count: 2 * shape.count), labels: [0, 0], imageShape: shape,
            classNames: ClockTime.names)
    }

    /// The arena is at most 1.15 times the largest sum of values that are needed at the same time.
    ///
    /// Planted fault, seen to fail here: a place of its own for every value.
    @Test(arguments: catalog.names)
    func theArenaIsCloseToItsLeast(_ name: String) throws {
        let file = try Self.catalog.model(named: name)
        let model = try file.builtModel()
        let configuration = try RunConfiguration(file, source: name, data: "black")
        let trainer = try Trainer(model, steps: configuration.steps, augmentation: configuration.augmentation)
        let samples = try configuration.samples(Self.data(model))
        for program in try trainer.trainingPrograms(samples, batchSize: configuration.batchSize) {
            let size = program.arenaSize
            #expect(size.lowerBound > 0)
            #expect(Double(size.byteCount) <= 1.15 * Double(size.lowerBound), "\(size)")
        }
    }
}
