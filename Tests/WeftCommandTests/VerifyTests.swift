import Foundation
import Testing

/// `weft verify` on the cases that the project keeps.
@Suite(.enabled(if: Weft.hasFashionMNIST, "the package dataset-fashion-mnist is not installed"))
struct VerifyTests {
    private static let cases = Weft.repository.appending(path: "Tests/Cases")
    private static let name = "spatial_label_smoothing"
    private static let reference = ProcessInfo.processInfo.environment["WEFT_REFERENCE"].flatMap {
        $0.isEmpty ? nil : $0
    }

    /// A folder with one case, of which the first loss may be changed.
    private func prepare(_ weft: Weft, factor: Double) throws {
        try FileManager.default.createDirectory(at: weft.url("cases"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Self.cases.appending(path: "\(Self.name).keras"), to: weft.url("cases/\(Self.name).keras"))
        let json = try Data(contentsOf: Self.cases.appending(path: "\(Self.name).json"))
        var record = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        var losses = try #require(record["loss_per_step"] as? [Double])
        losses[0] *= factor
        record["loss_per_step"] = losses
        try JSONSerialization.data(withJSONObject: record).write(to: weft.url("cases/\(Self.name).json"))
    }

    @Test func aCaseThatAgrees() throws {
        try Weft.use { weft in
            try prepare(weft, factor: 1)
            let table = try weft("verify", "cases", realData: true)
            #expect(table.status == 0 && table.errors.isEmpty, "\(table)")
            #expect(
                table.output.contains("CASE ") && table.output.contains(Self.name) && table.output.contains(" agrees"))
            let outcome = try weft("verify", "cases", "--json", realData: true)
            let list = try #require(outcome.json as? [[String: Any]], "\(outcome)")
            #expect(
                Set(list[0].keys) == [
                    "case", "loss_first_10_steps", "loss_all_steps", "test_loss", "outputs", "gradients", "agrees",
                ])
            #expect(list.count == 1 && list[0]["case"] as? String == Self.name && list[0]["agrees"] as? Bool == true)
        }
    }

    /// Every kept case; and those of the folder that `WEFT_REFERENCE` names.
    @Test(arguments: [cases.path, reference].compactMap { $0 }, [1, 2])
    func everyCaseAgrees(_ folder: String, _ threads: Int) throws {
        try Weft.use { weft in
            let outcome = try weft("verify", folder, "--threads", "\(threads)", "--json", realData: true)
            let list = try #require(outcome.json as? [[String: Any]], "\(outcome)")
            #expect(
                outcome.status == 0 && !list.isEmpty && list.allSatisfy { $0["agrees"] as? Bool == true }, "\(list)")
            #expect(list.allSatisfy { ($0["gradients"] as? Double).map { $0 > 0 && $0 <= 5e-5 } == true }, "\(list)")
        }
    }

    @Test(.enabled(if: reference != nil, "WEFT_REFERENCE names no folder of recorded cases"))
    func theReferenceIsThere() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: #require(Self.reference))
        #expect(files.contains { $0.hasSuffix(".json") })
    }

    /// With sums that are named there is one course, and nothing is held against it.
    @Test(arguments: ["direct", "precise"]) func oneCourse(_ math: String) throws {
        try Weft.use { weft in
            try prepare(weft, factor: 1)
            let outcome = try weft("verify", "cases", "--math", math, "--json", realData: true)
            let list = try #require(outcome.json as? [[String: Any]], "\(outcome)")
            #expect(outcome.status == 0 && list[0]["agrees"] as? Bool == true && list[0]["gradients"] is NSNull)
        }
    }

    @Test func aCaseThatDiffers() throws {
        try Weft.use { weft in
            try prepare(weft, factor: 1.001)
            let table = try weft("verify", "cases", realData: true)
            #expect(
                table.status == 1 && table.output.contains("1.0e-03") && table.output.contains("DIFFERS"), "\(table)")
            try weft.write("no zip", to: "cases/\(Self.name).keras")
            let broken = try weft("verify", "cases", "--json", realData: true)
            let list = try #require(broken.json as? [[String: Any]], "\(broken)")
            #expect(broken.status == 1 && list[0]["agrees"] as? Bool == false && list[0]["outputs"] is NSNull)
            #expect((list[0]["failure"] as? String)?.hasSuffix(".keras is not an HDF5 file") == true)
            let empty = try weft("verify", "data", realData: true)
            #expect(empty.status == 1 && empty.errors.contains("has no recorded cases"), "\(empty)")
        }
    }
}
