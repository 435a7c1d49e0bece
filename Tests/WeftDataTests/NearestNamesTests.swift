import Testing

@testable import WeftData

@Suite struct NearestNamesTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("small-cnn", "small-cnn", 0),
        ("form", "from", 1), ("abcd", "acbd", 1), ("ca", "abc", 3),
    ])
    func distance(first: String, second: String, expected: Int) {
        #expect(editDistance(first, second) == expected)
        #expect(editDistance(second, first) == expected)
    }

    @Test func givesTheNearestFirst() {
        let names = ["fully-connected", "small-cnn", "big-cnn", "own-cnn", "fashion-mnist", "cifar-10"]
        #expect(nearestNames(to: "fashion_mnist", among: names) == ["fashion-mnist"])
        #expect(nearestNames(to: "Fashion-MNIST", among: names) == ["fashion-mnist"])
        #expect(nearestNames(to: "smal-cnn", among: names).first == "small-cnn")
        #expect(nearestNames(to: "cifar", among: names) == ["cifar-10"])
        #expect(nearestNames(to: "fashin", among: names) == ["fashion-mnist"])
        #expect(nearestNames(to: "transformer", among: names) == [])
        #expect(nearestNames(to: "", among: names) == [])
        #expect(nearestNames(to: "a", among: ["a4", "a3", "a2", "a1"]) == ["a1", "a2", "a3"])
    }
}
