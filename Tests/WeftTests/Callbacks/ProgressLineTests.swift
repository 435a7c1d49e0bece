import Foundation
import Testing

@testable import Weft

@Suite struct ProgressLineTests {
    /// What is written about two epochs of 1875 steps.
    private func text(isTerminal: Bool, epochs: Int = 2, stopReason: String? = nil) throws -> [String] {
        var written: [String] = []
        let line = ProgressLine(isTerminal: isTerminal) { written.append($0) }
        let trainer = try Trainer(pictures: Networks.linear())
        func send(_ event: TrainingEvent) throws { _ = try line.receive(event, from: trainer) }
        try send(.began(TrainingPlan(epochs: epochs, stepsPerEpoch: 1875, batchSize: 32, hasValidation: true)))
        var history = History()
        for number in 1...epochs {
            try send(.epochBegan(number))
            for step in 1...1875 { try send(.stepEnded(epoch: number, step: step, loss: 1)) }
            let epoch = History.Epoch(
                number: number, seconds: 3, learningRate: 0.01,
                values: [("loss", 0.49474), ("accuracy", 0.8267), ("val_loss", 0.4), ("val_accuracy", 0.85004)])
            history.append(epoch)
            try send(.epochEnded(epoch))
        }
        history.stopReason = stopReason
        try send(.ended(history))
        return written
    }

    @Test func plainLinesWithoutATerminal() throws {
        let written = try text(isTerminal: false).joined()
        let lines = written.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.count == 5 && lines[0] == "Epoch 1/2" && lines[2] == "Epoch 2/2" && lines[4] == "")
        let expected = try Regex(
            "1875/1875 ━━━━━━━━━━━━━━━━━━━━ \\d+s \\d+(ms|us|s)/step"
                + " - accuracy: 0\\.8267 - loss: 0\\.4947 - val_accuracy: 0\\.8500 - val_loss: 0\\.4000")
        #expect(lines[1].wholeMatch(of: expected) != nil, "\(lines[1])")
        #expect(written.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }

    @Test func oneEpochHasNoHeading() throws {
        #expect(try text(isTerminal: false, epochs: 1)[0].hasPrefix("1875/1875"))
    }

    @Test func theReasonForStoppingIsSaid() throws {
        #expect(try text(isTerminal: false, stopReason: "enough").last == "enough\n")
        #expect(try text(isTerminal: true, stopReason: "enough").last == "\r\u{1B}[Kenough\n")
    }

    /// What a training on a terminal writes whose steps take as long as said, by a clock that only they move.
    private func drawn(_ images: Int, secondsPerStep: Double, width: Int? = nil) throws -> [String] {
        var written: [String] = []
        var clock = ContinuousClock.now
        let line = ProgressLine(isTerminal: true, width: { width }, now: { clock }) { written.append($0) }
        let steps = Recorder()
        steps.decide = { event in
            if case .stepEnded = event { clock += .seconds(secondsPerStep) }
            return .proceed
        }
        let trainer = try Trainer(pictures: Networks.linear())
        try trainer.fit(Pictures.dataset(images), batchSize: 2, callbacks: [steps, line])
        return written
    }

    /// A slow step is shown on a terminal: the line is cleared and drawn again, and is kept when the epoch ends.
    @Test func theLineIsRedrawnOnATerminal() throws {
        let written = try drawn(20, secondsPerStep: 0.06)
        // At 0.24 and 0.48 s.
        #expect(written.count == 3, "a few times a second in 0.6 s, not at each of the ten steps")
        for text in written.dropLast() {
            #expect(text.hasPrefix("\r\u{1B}[K") && !text.contains("\n"))
            #expect(text.contains("/10 ━") && text.contains(" - accuracy: ") && text.contains(" - loss: "))
            #expect(text.contains("\u{1B}[2m━") && text.contains("━\u{1B}[0m "), "the rest of the bar is dim")
            #expect(text.count { $0 == "━" } == 20)
        }
        let last = try #require(written.last)
        #expect(last.hasPrefix("\r\u{1B}[K10/10 ━") && last.hasSuffix("\n") && last.count { $0 == "━" } == 20)
    }

    /// What does not fit into the terminal's width is left off: a wrapped line could not be cleared.
    @Test(
        arguments: [(nil, true, true), (200, true, true), (70, true, false), (30, false, false)] as [(Int?, Bool, Bool)]
    )
    func aNarrowTerminal(width: Int?, accuracy: Bool, loss: Bool) throws {
        let written = try drawn(4, secondsPerStep: 0.25, width: width)
        let first = try #require(written.first)
        #expect(first.contains(" - accuracy: ") == accuracy && first.contains(" - loss: ") == loss, "\(first)")
        #expect(written.last?.contains(" - loss: ") == true, "the line that is kept may wrap")
    }

    @Test(arguments: [
        (0.0, "0.0000"), (0.12345, "0.1235"), (-0.5, "-0.5000"), (12.3456, "12.3456"), (0.00012345, "1.2345e-04"),
        (-2e-7, "-2.0000e-07"), (3e8, "3.0000e+08"), (9.99996e-4, "1.0000e-03"), (999_999.99999, "1000000.0000"),
        (.nan, "nan"), (-.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf"),
        (.leastNonzeroMagnitude, "4.9407e-324"),
    ])
    func numbers(value: Double, expected: String) {
        #expect(ProgressLine.number(value) == expected)
    }

    @Test(arguments: [
        (0.4, "0s"), (59.9, "59s"), (61.0, "1:01"), (3599, "59:59"), (3661, "1:01:01"),
    ])
    func times(seconds: Double, expected: String) {
        #expect(ProgressLine.seconds(seconds) == expected)
    }

    @Test(arguments: [(2.4, "2s/step"), (0.0014, "1ms/step"), (0.25, "250ms/step"), (0.00035, "350us/step")])
    func stepTimes(seconds: Double, expected: String) {
        #expect(ProgressLine.perStep(seconds) == expected)
    }
}
