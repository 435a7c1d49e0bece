import Foundation
import Testing
import WeftSystem

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct StudyTests {
    private static let study = """
        title: Small study
        question: Which rate is best?
        source: a test
        model: tiny.yaml
        training: {epochs: 2, validation_split: 0.2}
        repeats: 3
        variants:
          slow: {learning_rate: 0.001, theirs: {test_accuracy: 0.5, parameters: 12730}}
          fast: {learning_rate: 0.01}
        show: [images, curves, time, history, confusion, training-confusion, classes, cost]
        """

    private func use<Result>(_ yaml: String = study, _ body: (Weft) throws -> Result) throws -> Result {
        try Weft.use { weft in
            try weft.write(yaml, to: "small.yaml")
            return try body(weft)
        }
    }

    private func folders(_ weft: Weft, _ study: String = "small") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: weft.url("runs/studies/\(study)").path)
            .filter { $0.contains("-") && !$0.contains(".") }.sorted()
    }

    /// SHA-256 of the weights of every run, by variant and repeat.
    private func weights(_ weft: Weft) throws -> [String: String] {
        var hashes: [String: String] = [:]
        for folder in try folders(weft) {
            for number in 1...3 where weft.exists("runs/studies/small/\(folder)/\(number)/run.json") {
                let record = try weft.record("runs/studies/small/\(folder)/\(number)")
                hashes["\(folder)/\(number)"] = record["weights_sha256"] as? String
            }
        }
        return hashes
    }

    @Test func aStudyRunsOnceAndReports() throws {
        try use { weft in
            let first = try weft("study", "run", "./small.yaml", "--jobs", "2")
            #expect(first.status == 0, "\(first)")
            #expect(first.output.contains("[6/6]") && first.output.contains("6 finished"))
            #expect(!first.hasControlCharacters)
            #expect(first.output.contains("VARIANT  DONE") && first.output.contains(" 3 of 3 "))
            let page = try weft.read("runs/studies/small/report.html")
            for part in ["Which rate is best?", "± ", "paired t-test", "Theirs beside ours", "12,730"] {
                #expect(page.contains(part), "\(part)")
            }
            #expect(XMLDocumentCheck.isWellFormed(page))
            for figure in [
                "accuracy-epoch", "loss-time", "history-slow", "confusion-fast", "confusion-training-fast", "cost-time",
            ] {
                for suffix in ["svg", "png", "pdf", "csv"] {
                    #expect(weft.exists("runs/studies/small/figures/\(figure).\(suffix)"), "\(figure).\(suffix)")
                }
            }
            #expect(try weft.table("runs/studies/small/comparisons.csv").count == 3)
            let text = try weft.read("runs/studies/small/results.md")
            for part in [
                "# Small", "## Theirs beside ours", "| Variant | Parameters | Trainings |", "12,730", "paired",
            ] {
                #expect(text.contains(part), "\(part): \(text)")
            }

            // Seeds decide everything: repeats differ, variants of one repeat begin alike.
            let hashes = try weights(weft)
            #expect(hashes.count == 6 && Set(hashes.values).count == 6)

            let second = try weft("study", "run", "./small.yaml")
            #expect(second.output.contains("0 trainings to run") && second.output.contains("6 finished before"))
            #expect(try weights(weft) == hashes)

            let runs = try weft("runs", "--study", "small", "--best", "val_accuracy", "--json")
            #expect((runs.json as? [[String: Any]])?.count == 6, "\(runs)")
            let compared = try weft("compare", "1", "2")
            #expect(compared.status == 0 && compared.output.contains("learning_rate"), "\(compared)")
            _ = try weft("runs", "export", "--csv", "runs.csv")
            #expect(try weft.table("runs.csv").count == 7)
        }
    }

    @Test func whatChangedIsRunAgainAndNothingElse() throws {
        try use { weft in
            _ = try weft("study", "run", "./small.yaml", "--no-report")
            let before = try folders(weft)
            try weft.write(
                Self.study.replacing("0.01}", with: "0.02}").replacing("repeats: 3", with: "repeats: 4"),
                to: "small.yaml")
            let shown = try weft("study", "run", "./small.yaml", "--dry-run")
            #expect(shown.output.components(separatedBy: ": to run").count - 1 == 5, "\(shown)")
            let outcome = try weft("study", "run", "./small.yaml", "--no-report")
            #expect(
                outcome.output.contains("5 trainings to run") && outcome.output.contains("3 finished before"),
                "\(outcome)")
            #expect(Set(before).isSubset(of: try folders(weft)))
        }
    }

    /// Ended without warning in the middle, it goes on and ends in the bits of one that was left alone.
    @Test(arguments: [SIGKILL, SIGINT]) func aKilledStudyGoesOn(_ signal: Int32) throws {
        let yaml = Self.study.replacing("epochs: 2", with: "epochs: 40")
        let expected = try use(yaml) { weft in
            _ = try weft("study", "run", "./small.yaml", "--jobs", "2", "--threads", "1", "--no-report")
            return try weights(weft)
        }
        try use(yaml) { weft in
            var wasSent = false
            let killed = try weft("study", "run", "./small.yaml", "--jobs", "2", "--threads", "1", "--no-report") {
                process, output in
                if output.contains("[1/6]"), !wasSent {
                    wasSent = true
                    process.send(signal)
                }
            }
            #expect(killed.status == 128 + signal, "\(killed)")
            let outcome = try weft("study", "run", "./small.yaml", "--jobs", "2", "--threads", "1", "--no-report")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(!outcome.output.contains("6 trainings to run"))
            #expect(try weights(weft) == expected)
        }
    }

    @Test func aFailureIsSaidKeptAndRetried() throws {
        // A rate at which the loss stops being a number; the study's other variant is none the worse.
        try use(Self.study.replacing("learning_rate: 0.01}", with: "optimizer: {SGD: {learning_rate: 1.0e+30}}}")) {
            weft in
            let outcome = try weft("study", "run", "./small.yaml")
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.output.contains("fast, repeat 1 FAILED") && outcome.output.contains("3 finished, 3 failed"))
            let page = try weft.read("runs/studies/small/report.html")
            #expect(page.contains("3 of 6 trainings are missing") && page.contains("repeat 1: failed"))
            let again = try weft("study", "run", "./small.yaml")
            #expect(again.output.contains("0 trainings to run") && again.output.contains("failed before"), "\(again)")
            let retried = try weft("study", "run", "./small.yaml", "--retry-failed", "--fail-fast", "--jobs", "1")
            #expect(retried.output.contains("1 failed, 2 left"), "\(retried)")
        }
    }

    @Test func aRehearsalSaysSo() throws {
        try use { weft in
            let outcome = try weft("study", "run", "./small.yaml", "--scale", "0.5", "--repeats", "1", "--only", "slow")
            #expect(outcome.status == 0, "\(outcome)")
            let page = try weft.read("runs/studies/small-scale-0.5/report.html")
            #expect(page.contains("REHEARSAL at scale 0.5") && page.contains("One training of each variant"))
            #expect(
                page.contains("@top-center { content: &#39;REHEARSAL")
                    || page.contains("@top-center { content: 'REHEARSAL"))
            let other = ["--data", "fashion-mnist", "--image-size", "14x14"]
            let onOthers = try weft.run(
                ["study", "run", "./small.yaml", "--repeats", "1", "--only", "slow", "--no-report"] + other)
            #expect(onOthers.status == 0, "\(onOthers)")
            let folder = "runs/studies/small-on-fashion-mnist-14x14"
            #expect(weft.exists(folder), "\(onOthers)")
            #expect(try weft.run(["study", "report", "./small.yaml", "--repeats", "1"] + other).status == 0)
            let otherPage = try weft.read("\(folder)/report.html")
            #expect(otherPage.contains("Not on the images that the study"))
            #expect(otherPage.contains("small --data fashion-mnist --image-size 14x14 --repeats 1"))
            #expect(!otherPage.contains("Theirs beside ours"))
            let parameters = try weft.run(["study", "show", "./small.yaml"] + other)
            #expect(parameters.output.contains("3,322"), "\(parameters)")
            let shown = try weft("study", "show", "./small.yaml", "--scale", "0.5")
            #expect(
                shown.output.contains("REHEARSAL") && shown.output.contains("12,730") && shown.output.contains("about"),
                "\(shown)")
        }
    }

    @Test func mistakesAreOneOrTwoLines() throws {
        try use { weft in
            for (words, expected) in [
                (["study", "show", "mlp-initialization"], "did you mean 'mlp-initialisation'?"),
                (["study", "show", "./none.yaml"], "there is no such study file"),
                (["study", "run", "./small.yaml", "--only", "fsat"], "did you mean 'fast'?"),
                (["study", "run", "./small.yaml", "--scale", "2"], "above 0 and at most 1"),
                (["study", "run", "./small.yaml", "--jobs", "0"], "--jobs 0"),
                (["study", "report", "./small.yaml"], "no training is finished yet"),
                (["runs"], "no run was recorded yet"), (["compare", "1"], "give two or more"),
            ] {
                let outcome = try weft.run(
                    words, environment: ["WEFT_STUDIES": Weft.repository.appending(path: "Studies").path])
                #expect(outcome.status != 0 && outcome.errors.contains(expected), "\(words): \(outcome)")
                #expect(outcome.errorLines.count <= 2, "\(outcome)")
            }
        }
    }

    /// Sixteen processes write one store at once, from before it exists.
    @Test func sixteenTrainingsAtOnceAreAllRecorded() throws {
        try Weft.use { weft in
            var environment = ProcessInfo.processInfo.environment
            environment["WEFT_DATA"] = weft.url("data").path
            environment["WEFT_STORE"] = weft.url("store/weft.sqlite").path
            environment["OMP_NUM_THREADS"] = "1"
            let program = try #require(Weft.program)
            let children = try (0..<16).map { number in
                try ChildProcess(
                    program, ["train", "tiny.yaml", "--seed", "\(number)", "--out", "run\(number)", "--tables-only"],
                    environment: environment, folder: weft.folder, errors: .endOf(weft.url("errors")))
            }
            for child in children { #expect(child.wait() == .exited(0)) }
            #expect(try weft.read("errors").isEmpty)
            let runs = try weft.run(
                ["runs", "--json"], environment: ["WEFT_STORE": weft.url("store/weft.sqlite").path])
            let records = try #require(runs.json as? [[String: Any]])
            #expect(records.count == 16 && records.allSatisfy { $0["status"] as? String == "finished" })
        }
    }
}

/// Whether text is XML, as the pages are.
private enum XMLDocumentCheck {
    static func isWellFormed(_ text: String) -> Bool { XMLParser(data: Data(text.utf8)).parse() }
}
