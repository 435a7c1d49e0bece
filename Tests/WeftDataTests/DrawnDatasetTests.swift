import Foundation
import Testing
import WeftSystem

@testable import WeftData

@Suite struct DrawnDatasetTests {
    private func load(_ name: String, form: ImageForm = ImageForm()) throws -> DataSplits {
        let cache = NSTemporaryDirectory() + "/weft-drawn-\(UUID().uuidString)"
        return try DatasetCatalog.standard.load(
            name, as: form, access: DataAccess(environment: ["XDG_CACHE_HOME": cache]))
    }

    private func problem(_ name: String) -> String {
        thrown(DataError.self) { try load(name) }?.description ?? "no error"
    }

    /// Recorded on x86-64. The drawings use nothing but IEEE's operations and integers, so they are the same everywhere.
    @Test(arguments: [
        ("clocks:count=20", "b2c98f42a48108ba1812b9d0c548e27f5b65bdf6284ef55c236618ce6fc6ce43"),
        (
            "clocks:count=10,size=32,seed=5,rotation=180",
            "f33977703d2883df80088e821dd0a09d885dc576b934d9b50d9b6d34f89d00cb"
        ),
        ("cats:count=10", "cba9fe81084170356a13ffc978ef59b31f1194a1a0ab8e65db92a3acf4317823"),
    ])
    func theSameSeedGivesTheSameBits(_ name: String, _ hash: String) throws {
        let splits = try load(name)
        #expect(splits.train.sha256() == hash)
        // Drawn again, with the threads in another order.
        #expect(try load(name).train.sha256() == hash)
    }

    @Test func anotherSeedIsAnotherSetOfPictures() throws {
        #expect(try load("clocks:count=10,seed=1").train.sha256() != load("clocks:count=10,seed=2").train.sha256())
    }

    @Test func clocksHaveTheTimesTheyShow() throws {
        let splits = try load("clocks:count=1440,size=16")
        #expect(splits.train.count == 1296 && splits.test.count == 144)
        #expect(splits.train.imageShape == [16, 16, 1] && splits.train.showsTimes)
        // Every minute twice, in no order.
        let labels = splits.train.labels + splits.test.labels
        #expect(labels.sorted() == (0..<720).flatMap { [Int32($0), Int32($0)] })
        #expect(splits.train.labels != splits.train.labels.sorted())
    }

    @Test func catsAreOneClassInColour() throws {
        let splits = try load("cats:count=10,size=20")
        #expect(splits.train.imageShape == [20, 20, 3] && splits.train.classNames == ["cat"])
        #expect(splits.train.count == 9 && splits.test.count == 1)
        #expect(
            try load("cats:count=10,size=20", form: ImageForm(colorMode: .grayscale)).train.imageShape == [20, 20, 1])
    }

    @Test func optionsThatMakeNoSenseAreSaid() {
        #expect(
            problem("clocks:sze=3") == "clocks:sze=3: there is no option 'sze'; did you mean size? "
                + "(known: size, count, seed, rotation)")
        #expect(problem("clocks:size=3") == "clocks:size=3: size is '3'; expected an integer from 16 to 1024")
        #expect(
            problem("cats:count=many") == "cats:count=many: count is 'many'; expected an integer from 10 to 1000000")
        #expect(problem("clocks:seed=-1").contains("seed is '-1'; expected an integer from 0 to"))
        #expect(problem("clocks:size=20,size=30") == "clocks:size=20,size=30: 'size' is given twice")
        #expect(problem("clocks:") == "clocks:: '' is no option; expected some of size=…,count=…,seed=…,rotation=…")
        #expect(
            problem("cifar-10:class=cow")
                == "cifar-10:class=cow: there is no class 'cow'; known: \(CIFAR10.classNames.joined(separator: ", "))")
    }

    @Test func anglesAreThoseOfTheDial() {
        for degrees in -360...720 {
            let angle = Double(degrees) / 360
            let (sine, cosine) = sineAndCosine(turns: angle)
            #expect(abs(sine - sin(2 * .pi * angle)) < 1e-13 && abs(cosine - cos(2 * .pi * angle)) < 1e-13)
            let read = dialAngle(x: 3 * sine, y: -3 * cosine)
            #expect(abs((read - angle) - (read - angle).rounded()) < 1e-5, "\(degrees)°")
        }
        #expect(sineAndCosine(turns: 0.25) == (1, 0) && sineAndCosine(turns: 0.5) == (0, -1))
    }

    @Test func timesGoRoundTheDial() {
        #expect(ClockTime(hour: 23, minute: 59) == ClockTime(minutes: 719))
        #expect(ClockTime(minutes: 720).minutes == 0 && ClockTime(minutes: -1).minutes == 719)
        #expect(ClockTime(minutes: 5).description == "12:05" && ClockTime(minutes: 220).description == "3:40")
        #expect(Set(ClockTime.names).count == 720)
    }
}
