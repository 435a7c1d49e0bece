import Foundation
import WeftData

@testable import WeftReports

/// A run as on Fashion-MNIST, made up.
enum Fashion {
    static let names = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]
    static let counts = [
        [853, 3, 10, 19, 4, 1, 92, 0, 18, 0], [6, 960, 2, 21, 3, 0, 6, 0, 2, 0], [17, 1, 795, 12, 78, 0, 88, 0, 9, 0],
        [44, 7, 14, 877, 29, 0, 21, 0, 8, 0], [0, 0, 125, 34, 748, 1, 77, 0, 15, 0],
        [0, 0, 0, 1, 0, 938, 0, 35, 2, 24],
        [149, 2, 73, 28, 63, 0, 659, 0, 26, 0], [0, 0, 0, 0, 0, 19, 0, 951, 0, 30], [4, 0, 3, 3, 2, 1, 9, 5, 973, 0],
        [0, 0, 0, 1, 0, 5, 2, 41, 0, 951],
    ]

    static func history(epochs: Int = 10) throws -> HistoryTable {
        try HistoryTable(
            columns: ["epoch", "seconds", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"],
            rows: (1...epochs).map { epoch in
                let decay = 0.4 / Double(epoch)
                return [
                    Double(epoch), 1.3 * Double(epoch), 0.001, 0.2 + decay, 0.93 - decay / 4, 0.3 + decay / 2,
                    0.9 - decay / 6,
                ]
            })
    }

    /// As many samples of each pair of classes as `counts` has, the mistakes with ever lower confidence.
    static func predictions(names: [String] = names, counts: [[Int]] = counts) throws -> Predictions {
        var truth: [Int] = []
        var probabilities: [Float] = []
        for (row, line) in counts.enumerated() {
            for (column, count) in line.enumerated() {
                for sample in 0..<count {
                    truth.append(row)
                    let confidence = 0.999 - 0.4 * Float(sample) / Float(count)
                    let rest = (1 - confidence) / Float(names.count - 1)
                    probabilities += names.indices.map { $0 == column ? confidence : rest }
                }
            }
        }
        return try Predictions(trueClasses: truth, probabilities: probabilities, classNames: names)
    }

    static func image(_ sample: Int) -> PixelImage {
        PixelImage(width: 28, height: 28, channels: 1, pixels: (0..<784).map { UInt8(($0 * 7 + sample) % 256) })
    }

    static func contents() throws -> RunReportContents {
        var contents = RunReportContents(
            title: "small-cnn on Fashion-MNIST", modelName: "small-cnn", history: try history())
        contents.summary = "│ dense (Dense) │ (None, 10) │ 7,850 │"
        contents.parameterCount = 7850
        contents.dataset = .init(
            name: "fashion-mnist", counts: [.init("training", 54000), .init("validation", 6000), .init("test", 10000)],
            sha256: "c0ffee")
        contents.results = [
            .init(split: "training", values: [.init("loss", 0.24), .init("accuracy", 0.92)]),
            .init(split: "test", values: [.init("loss", 0.3512), .init("accuracy", 0.8705)]),
        ]
        contents.predictions = try predictions()
        contents.image = { image($0) }
        contents.notes = ["stopped early at epoch 10"]
        contents.configuration = [.init("Optimizer", [.init("class", "Adam"), .init("learning rate", "0.001")])]
        contents.timings = [.init("training", seconds: 12.34)]
        contents.commandLine = "weft train small-cnn --data fashion-mnist --seed 42"
        contents.identity = [.init("seed", "42")]
        contents.environment = [.init("Swift", "6.3")]
        contents.otherFiles = [.init("run.json", "configuration and results")]
        return contents
    }
}
