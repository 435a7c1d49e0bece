import Foundation
import Testing
import WeftSystem

/// Small files that promise terabytes: refused by what they say, before memory is taken for it.
@Suite(.serialized) struct BoundedMemoryTests {
    private static let terabyte = 1 << 40

    private static func bytes(_ number: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: number) { Data($0) }
    }

    private static func numPy(_ shape: String) -> Data {
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }\n"
        return Data([0x93] + "NUMPY".utf8 + [1, 0]) + bytes(UInt16(header.utf8.count).littleEndian) + Data(header.utf8)
    }

    /// A file of each format whose payload, as it says, no machine holds.
    private static func write(_ name: String, to url: URL) throws {
        let file: Data
        switch name {
        case "a.npy": file = numPy("(\(terabyte), 28, 28)") + Data(count: 784)
        case "a.safetensors":
            let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(terabyte)],\"data_offsets\":[0,\(4 * terabyte)]}}"
            file = bytes(UInt64(header.utf8.count).littleEndian) + Data(header.utf8) + Data(count: 64)
        case "b.safetensors": file = bytes(UInt64(terabyte).littleEndian) + Data("{}".utf8)
        case "a.keras": file = zip("config.json", claiming: UInt32.max - 1)
        case "a.npz": file = zip("x_train.npy", claiming: UInt32.max - 1)
        case "a.tar":
            // 8 GB less a byte is the most that this header can say.
            var header = Data(count: 512)
            for (place, text) in [(0, "train/a/1.png"), (124, "77777777777"), (156, "0"), (257, "ustar")] {
                header.replaceSubrange(place..<place + text.utf8.count, with: Data(text.utf8))
            }
            header.replaceSubrange(148..<156, with: Data(repeating: 0x20, count: 8))
            let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
            header.replaceSubrange(148..<148 + sum.utf8.count + 1, with: Data(sum.utf8) + [0])
            file = header + Data(count: 1024)
        default:
            let goldens = Weft.repository.appending(path: "Tests/WeftFilesTests/Goldens")
            file = try Data(contentsOf: goldens.appending(path: name))
        }
        try file.write(to: url)
    }

    /// A zip of one member, stored, that is longer than the file.
    private static func zip(_ name: String, claiming count: UInt32) -> Data {
        let name = Data(name.utf8)
        let fields =
            Data([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + bytes(UInt32(0)) + bytes(count.littleEndian)
            + bytes(count.littleEndian) + bytes(UInt16(name.count).littleEndian) + Data([0, 0])
        let local = Data([0x50, 0x4B, 3, 4]) + fields + name + Data(count: 100)
        let central = Data([0x50, 0x4B, 1, 2, 20, 0]) + fields + Data(count: 14) + name
        let end =
            Data([0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]) + bytes(UInt32(central.count).littleEndian)
            + bytes(UInt32(local.count).littleEndian) + Data([0, 0])
        return local + central + end
    }

    /// Runs a command with no more than so much memory, in kilobytes, and two seconds of the processor.
    private static func run(_ weft: Weft, _ command: String, limit: Int) throws -> (
        ending: ChildProcess.Ending, errors: String
    ) {
        let program = try #require(Weft.program)
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "1"
        environment["WEFT_DATA"] = nil
        let process = try ChildProcess(
            URL(fileURLWithPath: "/bin/sh"),
            ["-c", "ulimit -c 0; ulimit -t 2; ulimit -v \(limit); exec '\(program.path)' \(command) 2>err"],
            environment: environment, folder: weft.folder)
        return (process.wait(), try weft.read("err"))
    }

    /// The kilobytes of addresses that let the program begin, in steps of 32 MiB.
    private static let needed: Int? = try? Weft.use { weft in
        try (1..<256).map { $0 * 32 << 10 }.first { try run(weft, "models", limit: $0).ending == .exited(0) }
    }

    /// No more than the program needs at all, and 64 MiB.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/statm"), "limits of memory are Linux's"),
        arguments: [
            ("data show npy:", "a.npy"), ("data show npz:", "a.npz"), ("data show folder:", "a.tar"),
            ("convert --model tiny.yaml ", "a.safetensors"), ("convert --model tiny.yaml ", "b.safetensors"),
            ("summary ", "a.keras"), ("summary ", "no_bytes.h5"),
        ])
    func promisesOfTerabytesAreRefused(_ command: String, _ name: String) throws {
        try Weft.use { weft in
            try weft.write("input: [2]\nlayers: [Dense: 1]\n", to: "tiny.yaml")
            try Self.write(name, to: weft.url(name))
            let limit = try #require(Self.needed) + 64 << 10
            let outcome = try Self.run(
                weft, command + name + (command.hasPrefix("convert") ? " out.npz" : ""), limit: limit)
            #expect(outcome.ending == .exited(1), "\(outcome), \(limit) KB")
            let lines = outcome.errors.split(separator: "\n")
            #expect(1...2 ~= lines.count && outcome.errors.contains("\(name)"), "\(outcome)")
            #expect(!weft.exists("out.npz"))
        }
    }
}
