import Testing
import WeftData
import WeftGraph

@testable import Weft

@Suite struct ClockLabelsTests {
    static let all = [
        ClockLabels(.interval, minutes: 30), ClockLabels(.interval, minutes: 15), ClockLabels(.interval, minutes: 1),
        ClockLabels(.decimalHours), ClockLabels(.hourAndMinute), ClockLabels(.handAngles), ClockLabels(.combined),
    ]

    private func outputs(_ rows: [[[Float]]], _ labels: ClockLabels) -> [ModelOutputs] {
        labels.rules.outputs.enumerated().map { place, output in
            ModelOutputs(shape: [output.size], values: rows.flatMap { $0[place] })
        }
    }

    /// What a network without fault would say about all 720 times.
    private func perfect(_ labels: ClockLabels) -> [ModelOutputs] {
        let rules = labels.rules
        let rows = (0..<720).map { minutes in
            zip(rules.targets(ClockTime(minutes: minutes)), rules.outputs).map { $0.row(size: $1.size) }
        }
        return outputs(rows, labels)
    }

    /// The error that remains is that of an interval's middle.
    @Test(arguments: zip(all, [7.5, 56.0 / 15, 0, 0, 0, 0, 0]))
    func everyTimeIsReadAsItWasWritten(_ labels: ClockLabels, _ builtIn: Double) throws {
        let limit = labels.encoding == .interval ? Double(labels.minutes) / 2 : 0.002
        for (minutes, read) in try labels.times(perfect(labels)).enumerated() {
            #expect(ClockLabels.error(read, Double(minutes)) <= limit, "\(labels.encoding) \(minutes): \(read)")
            #expect(0...720 ~= read)
        }
        #expect(abs(try labels.builtInError() - builtIn) < 0.001)
    }

    @Test func errorsGoRoundTheDial() {
        #expect(ClockLabels.error(1, 719) == 2 && ClockLabels.error(0, 360) == 360 && ClockLabels.error(20, 10) == 10)
    }

    /// At the hour's border the minute decides between two hours that are as probable.
    @Test(arguments: [
        // Almost four: read as just after, with both hours in play.
        (hours: [3: 0.6, 4: 0.4], minute: 0.5, time: 240.5), (hours: [3: 0.9, 4: 0.1], minute: 1.0, time: 241.0),
        (hours: [3: 0.4, 4: 0.6], minute: 59.0, time: 239.0), (hours: [11: 0.6, 0: 0.4], minute: 1.0, time: 1.0),
        // No doubt about the hour: it stays.
        (hours: [3: 1.0], minute: 0.5, time: 180.5), (hours: [3: 1.0], minute: 59.5, time: 239.5),
        (hours: [2: 0.3, 3: 0.7], minute: 2.0, time: 182.0), (hours: [3: 0.8, 7: 0.2], minute: 30.0, time: 210.0),
    ])
    func hourAndMinuteAreReconciled(_ hours: [Int: Double], _ minute: Double, _ time: Double) throws {
        let shares = (0..<12).map { Float(hours[$0] ?? 0) }
        let angle = sineAndCosine(turns: minute / 60)
        let combined = try ClockLabels(.combined).times(
            outputs([[shares, [0.7 * Float(angle.sine), 0.7 * Float(angle.cosine)]]], ClockLabels(.combined)))
        #expect(abs(combined[0] - time) < 0.002)
        let multiHead = try ClockLabels(.hourAndMinute).times(
            outputs([[shares, [Float(minute / 60)]]], ClockLabels(.hourAndMinute)))
        #expect(abs(multiHead[0] - time) < 0.002)
    }

    /// The hour hand is misread by 20 minutes, the minute hand is not.
    @Test func theHourHandOnlyChoosesTheHour() throws {
        let (hour, minute) = (sineAndCosine(turns: 224.0 / 720), sineAndCosine(turns: 4.0 / 60))
        let row = [hour.sine, hour.cosine, minute.sine, minute.cosine].map { Float($0) }
        let labels = ClockLabels(.handAngles)
        #expect(abs(try labels.times(outputs([[row]], labels))[0] - 244) < 0.002)
        // Outputs that point nowhere are still a time.
        #expect(try labels.times(outputs([[[0, 0, 0, 0]]], labels))[0].isFinite)
    }

    @Test func outputsBeyondTheDialStayOnIt() throws {
        let hours = ClockLabels(.decimalHours)
        #expect(try hours.times(outputs([[[-3]], [[15]]], hours)) == [0, 720])
    }

    // MARK: Training

    private func dials(_ count: Int) throws -> Dataset {
        try Dataset(
            name: "dials", pixels: (0..<count * 9).map { UInt8($0 * 37 % 256) },
            labels: (0..<count).map { Int32($0 * 101 % 720) }, imageShape: [3, 3, 1], classNames: ClockTime.names)
    }

    private func model(_ labels: ClockLabels) throws -> Model {
        let text = labels.rules.outputs.map { output in
            let activation = output.kind == .classes ? "softmax" : "linear"
            return "  \(output.name): [Dense: {units: \(output.size), activation: \(activation)}]"
        }
        return try ModelFile(
            yaml: "layers: [Flatten, Dense: {units: 8, activation: tanh}]\nheads:\n" + text.joined(separator: "\n"),
            name: "reader"
        ).model.built(inputShape: [3, 3, 1])
    }

    /// The metric that a training computes in its program is the error of the times read afterwards.
    @Test(arguments: all) func theMetricIsTheErrorOfTheTimesRead(_ labels: ClockLabels) throws {
        let data = try dials(30)
        let trainer = try Trainer(model(labels), optimizer: .adam, objective: labels.objective(), seed: 1)
        let samples = try labels.samples(data)
        let history = try trainer.fit(samples, batchSize: 7, epochs: 2, validation: samples)
        #expect(history["val_common_sense_error"].count == 2 && trainer.valueNames.last == "common_sense_error")
        let times = try labels.times(trainer.predict(Samples(data)))
        let error = zip(times, data.labels).map { ClockLabels.error($0, Double($1)) }.reduce(0, +) / 30
        let measured = try #require(trainer.evaluate(samples)["common_sense_error"])
        #expect(abs(measured - error) < 1e-3 * max(error, 1), "\(labels.encoding)")
        #expect(abs(history["val_common_sense_error"][1] - measured) < 1e-3 * max(error, 1))
    }

    @Test func lossesOfHeadsAreWeighted() throws {
        let labels = ClockLabels(.combined, lossWeights: [2, 0.5])
        let trainer = try Trainer(model(labels), optimizer: .adam, objective: labels.objective(metrics: [.accuracy]))
        let results = try trainer.evaluate(labels.samples(dials(10)))
        #expect(
            results.values.map(\.name) == ["loss", "hour_loss", "minute_loss", "hour_accuracy", "common_sense_error"])
        let sum = 2 * results["hour_loss"]! + 0.5 * results["minute_loss"]!
        #expect(abs(results.loss - sum) < 1e-5)
    }

    @Test func mistakesAreSaid() throws {
        func problem(_ body: () throws -> some Any) -> String {
            do {
                _ = try body()
                return "no error"
            } catch { return "\(error)" }
        }
        let classes = try Dataset(
            name: "shirts", pixels: [0, 0], labels: [0, 1], imageShape: [1, 1, 1], classNames: ["a", "b"])
        #expect(
            problem { try ClockLabels(.combined).samples(classes) }
                == "labels 'combined' need dials with the times they show, such as the dataset clocks; shirts has 2 classes"
        )
        #expect(
            problem { try Trainer(model(ClockLabels(.handAngles)), objective: ClockLabels(.combined).objective()) }
                == "labels 'combined' need a model with outputs of (12,) and (2,) (hour, minute); 'reader' gives (4,)")
        func labels(_ text: String) -> String {
            problem { try ClockLabels(configuration: ConfigurationNode(yaml: text)) }
        }
        #expect(labels("{encoding: interval, minutes: 7}").contains("must divide the 720 minutes of a dial"))
        #expect(
            labels("{encoding: combined, loss_weights: [1]}").contains(
                "a number of at least 0 for each of hour, minute"))
        #expect(labels("sundial").contains("expected one of 'interval', 'decimal_hours'"))
        #expect(
            problem {
                try ModelFile(
                    yaml: "layers: [Dense: {units: 1}]\ntraining: {loss: mse, labels: decimal_hours}", name: "x")
            }.contains("loss does not go with labels"))
    }

    @Test(arguments: all) func writesWhatItReads(_ labels: ClockLabels) throws {
        #expect(try ClockLabels(configuration: ConfigurationNode(labels.configuration)) == labels)
    }

    // MARK: Heads

    @Test func headsAreOutputsOfTheirNames() throws {
        let file = try ModelFile(
            yaml: """
                default_input: [4, 4, 1]
                layers: [Flatten, Dense: {units: 6}]
                heads:
                  hour: [Dense: {units: 5}, Dense: {units: 3, activation: softmax}]
                  minute: [Dense: {units: 2}]
                """, name: "two-heads")
        #expect(file.model.outputNames == ["hour", "minute"])
        let model = try file.builtModel()
        #expect(try model.outputShapes() == [[3], [2]])
        #expect(model.layers.map(\.name) == ["flatten", "dense", "dense_1", "hour", "minute"])
        // Both begin at the end of the layers before them.
        #expect(model.calls[2].inputs == [.call(1)] && model.calls[4].inputs == [.call(1)])
        #expect(try model.parameterCount() == 16 * 6 + 6 + (6 * 5 + 5) + (5 * 3 + 3) + (6 * 2 + 2))
    }

    @Test func aWrongLayerOfAHeadIsSaidWithItsLine() {
        let text = """
            default_input: [4, 4, 1]
            layers: [Flatten]
            heads:
              hour:
                - Dense: {units: 3}
                - MaxPooling2D: {pool_size: 2}
            """
        #expect(throws: ConfigurationError.self) { try ModelFile(yaml: text, file: "f.yaml", name: "x") }
        do { _ = try ModelFile(yaml: text, file: "f.yaml", name: "x") } catch {
            #expect("\(error)".hasPrefix("f.yaml:6: "), "\(error)")
        }
    }
}
