import Testing

@Suite struct HelpTests {
    @Test(arguments: [
        [], ["models"], ["summary"], ["train"], ["evaluate"], ["predict"], ["data"], ["data", "list"],
        ["data", "show"],
        ["generate"], ["score"],
        ["bench"], ["verify"], ["convert"],
    ])
    func everyCommandShowsAnExample(_ command: [String]) throws {
        try Weft.use { weft in
            let help = try weft.run(command + ["--help"])
            #expect(help.status == 0 && help.errors.isEmpty, "\(help)")
            #expect(help.output.contains("EXAMPLE\n  weft \(command.joined(separator: " "))"), "\(help)")
            #expect(help.output.contains("USAGE: weft"))
            #expect(try weft.run(["help"] + command).output == help.output)
        }
    }

    /// The examples are commands: every option in them is known.
    @Test func versionAndOverview() throws {
        try Weft.use { weft in
            #expect(try weft("--version").output.split(separator: ".").count == 3)
            let overview = try weft()
            #expect(overview.status == 0 && overview.output.contains("SUBCOMMANDS:"))
            #expect(!overview.output.contains("read-hdf5"), "what is not for users is not shown")
        }
    }

    @Test func theCatalogue() throws {
        try Weft.use { weft in
            let models = try weft("models")
            #expect(models.status == 0 && models.errors.isEmpty)
            let lines = models.output.split(separator: "\n")
            #expect(lines[0].split(separator: " ") == ["MODEL", "PARAMETERS", "DESCRIPTION"])
            #expect(lines.count == 56)
            #expect(lines.contains { $0.split(separator: " ").prefix(2) == ["small-cnn", "578,150"] })
            let summary = try weft("summary", "small-cnn")
            #expect(summary.status == 0 && summary.output.contains("578,150"))
            #expect(summary.output.contains("conv2d (Conv2D)") && summary.output.contains("(None, 24, 24, 40)"))
            let small = try weft("summary", "tiny.yaml", "--input", "2, 3,1")
            #expect(small.output.contains("282"), "6·16 + 16 + 170 parameters: \(small)")
        }
    }

    @Test func theData() throws {
        try Weft.use { weft in
            let list = try weft("data")
            #expect(list.status == 0 && list.output.contains("fashion-mnist"))
            #expect(list.output.contains("\(weft.url("data").path) ($WEFT_DATA)"), "\(list)")
            #expect(try weft("data", "list").output == list.output)
            let named = try weft("data", "list", "--data-dir", "data", environment: ["WEFT_DATA": ""])
            #expect(named.output.contains("data (the given folder)"))
            let show = try weft("data", "show", "fashion-mnist", "--count", "6", "-o", "grid.png", "--split", "test")
            #expect(show.status == 0 && show.output.contains("300 training and 100 test images, 28×28×1"))
            #expect(show.output.contains("Ankle boot") && show.output.hasSuffix("6 images: grid.png\n"))
            #expect(try weft.bytes("grid.png").prefix(4) == [0x89, 0x50, 0x4E, 0x47])
        }
    }

    @Test func theCompiledStep() throws {
        try Weft.use { weft in
            let listing = try weft("summary", "conv-16", "--program", "--batch-size", "8")
            #expect(listing.status == 0, "\(listing)")
            for part in [
                "A training step on 8 images", "8×28×28×1", "gradient of dense/kernel 13×13×16×128", "max pooling",
                "The arena", "times the largest sum", "FROM",
            ] {
                #expect(listing.output.contains(part), "\(part): \(listing.output)")
            }
            // Two outputs, each with the loss that the file says.
            let clock = Weft.repository.appending(path: "Tests/Cases/clock_huber_adagrad.keras").path
            let heads = try weft("summary", clock, "--program", "--batch-size", "3")
            #expect(heads.status == 0 && heads.output.contains("A training step on 3 images"), "\(heads)")
            #expect(
                heads.output.contains("gradient of minute/kernel") && heads.output.contains("gradient of hour/kernel"))
            // Two steps that share their parameters are two programs.
            let adversaries = try weft("summary", "gan-fashion", "--program", "--batch-size", "2")
            #expect(adversaries.output.components(separatedBy: "A training step on 2 images").count == 3)
        }
    }

    @Test func theBenchmark() throws {
        try Weft.use { weft in
            let bench = try weft("bench", "dense128", "--repeats", "1", "--json")
            #expect(bench.status == 0, "\(bench)")
            let workloads = try #require(bench.json as? [String: [String: Any]])
            #expect(workloads.keys.sorted() == ["dense128"])
            let values = try #require(workloads["dense128"]).compactMapValues { $0 as? Double }
            let (rate, step) = (try #require(values["images_per_second"]), try #require(values["step_milliseconds"]))
            #expect(rate > 0 && abs(step * rate / 1000 - 32) < 1e-6)
            let share = try #require(values["gradient_check_share"])
            #expect(share > 0 && share < 1)
            let text = try weft("bench", "dense128", "fc000", "--repeats", "1")
            #expect(text.status == 0 && text.output.contains("dense128 ") && text.output.contains("fc000 "))
        }
    }

    /// The same table for people and for programs.
    @Test func theProfileOfAStep() throws {
        try Weft.use { weft in
            let table = try weft("bench", "dense128", "--repeats", "1", "--profile")
            #expect(table.status == 0, "\(table)")
            for part in ["GFLOP/s", "GB/s", "update", "µs in turn", "µs alone", "as it trains"] {
                #expect(table.output.contains(part), "\(part): \(table.output)")
            }
            #expect(table.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
            let bench = try weft("bench", "dense128", "--repeats", "1", "--profile", "--json")
            let workloads = try #require(bench.json as? [String: [String: Any]])
            let profile = try #require(workloads["dense128"]?["profile"] as? [String: Any])
            let (step, alone) = (profile["step_microseconds"], profile["parts_microseconds_alone"])
            let (whole, sum) = (try #require(step as? Double), try #require(alone as? Double))
            #expect(try abs(whole - sum - #require(profile["gap_microseconds"] as? Double)) < 1e-6 * whole)
            let program = try #require((profile["programs"] as? [[String: Any]])?.first)
            let parts = try #require(program["parts"] as? [[String: Any]])
            // Forward and back of both layers, without the gradient for the images.
            #expect(parts.compactMap { $0["gigaflops"] as? Double }.count == 5)
            #expect(parts.allSatisfy { ($0["operations"] is Int) != ($0["gigabytes_per_second"] is Double) })
            let total = parts.reduce(0) { $0 + ($1["microseconds_alone"] as? Double ?? .nan) }
            #expect(abs(total - sum) < 1e-6 * sum)
            #expect(parts.last?["layer"] as? String == "optimizer")
        }
    }
}
