import CZlib
import Foundation
import Testing

@testable import WeftData

@Suite struct NumPyDatasetTests {
    private func npy(_ type: String, _ shape: String, _ bytes: [UInt8], fortran: Bool = false) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
        let text = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        return NumPyHeader.magic + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + bytes
    }

    private func bytes<Number>(_ numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

    private func golden(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name)").path
    }

    private func load(_ name: String) throws -> DataSplits {
        try DatasetCatalog.standard.load(name, access: DataAccess(environment: [:]))
    }

    private func problem(_ name: String) -> String {
        thrown(DataFileError.self) { try load(name) }?.description ?? "no error"
    }

    /// Two 2×3 images of each part, as `make_goldens.py` saved them.
    @Test(arguments: ["stored", "deflated"]) func readsWhatNumPySaves(_ name: String) throws {
        let splits = try load("npz:" + golden(name + ".npz"))
        #expect(splits.train.imageShape == [2, 3, 1] && splits.train.count == 4 && splits.test.count == 2)
        #expect(splits.train.image(1).pixels == [6, 7, 8, 9, 10, 11])
        #expect(splits.train.labels == [0, 1, 2, 1] && splits.test.labels == [2, 0])
        #expect(splits.test.image(1).pixels == [106, 107, 108, 109, 110, 111])
        #expect(splits.train.classNames == ["0", "1", "2"])
    }

    private func pair(_ root: String, images: [UInt8], labels: [UInt8]? = nil) throws -> String {
        let labels = labels ?? npy("<i8", "(6,)", bytes([Int64](repeating: 0, count: 5) + [1]))
        return "npy:\(try write(images, to: root + "/x.npy")),\(try write(labels, to: root + "/y.npy"))"
    }

    @Test func dividesAPair() throws {
        try withTemporaryFolder { root throws in
            let pixels = (0..<6 * 12).map { UInt8($0) }
            let splits = try load(pair(root, images: npy("|u1", "(6, 2, 2, 3)", pixels)))
            #expect(splits.train.count == 5 && splits.test.count == 1)
            // The fifth image of class 0 is the only fifth one.
            #expect(splits.test.image(0).pixels == Array(pixels[48..<60]))
            #expect(splits.train.image(4).pixels == Array(pixels[60..<72]) && splits.train.labels == [0, 0, 0, 0, 1])
        }
    }

    @Test func imagesAloneAreOneClass() throws {
        try withTemporaryFolder { root throws in
            let pixels = (0..<60).map { UInt8($0) }
            let splits = try load("npy:" + write(npy("|u1", "(5, 2, 2, 3)", pixels), to: root + "/x.npy"))
            #expect(splits.train.classNames == ["image"] && splits.train.count == 4 && splits.test.count == 1)
            #expect(splits.test.image(0).pixels == Array(pixels[48...]))
        }
    }

    // MARK: Hours and minutes

    /// Twenty pictures of a pixel that is the picture's number, and labels (hour, minute).
    private func dials(_ root: String, hour: Int64 = 23, minute: Int64 = 59, shape: String = "(20, 2)") throws -> String
    {
        let numbers = (0..<19).flatMap { [Int64($0), Int64($0) * 3] } + [hour, minute]
        return try pair(
            root, images: npy("|u1", "(20, 1, 1)", (0..<20).map { UInt8($0) }),
            labels: npy("<i8", shape, bytes(numbers)))
    }

    @Test func readsHoursAndMinutes() throws {
        try withTemporaryFolder { root throws in
            let splits = try load(dials(root))
            #expect(splits.train.showsTimes && splits.train.count == 18 && splits.test.count == 2)
            // Each picture still has its own time, wherever the lot put it; 13 o'clock is 1 o'clock on a dial.
            for dataset in [splits.train, splits.test] {
                for (place, label) in dataset.labels.enumerated() {
                    let number = Int(dataset.image(place).pixels[0])
                    let time = number == 19 ? 11 * 60 + 59 : (number % 12) * 60 + number * 3
                    #expect(Int(label) == time, "picture \(number)")
                }
            }
            // The files are sorted by time; the parts are not.
            #expect(splits.train.labels != splits.train.labels.sorted())
        }
    }

    @Test func refusesWhatIsNoTime() throws {
        try withTemporaryFolder { root throws in
            #expect(
                try problem(dials(root, hour: 24)).hasSuffix("y.npy: found 24 at number 19; expected an hour, 0 to 23"))
            #expect(
                try problem(dials(root, minute: 60)).hasSuffix(
                    "y.npy: found 60 at number 19; expected a minute, 0 to 59"))
            #expect(
                try problem(dials(root, minute: -1)).hasSuffix(
                    "y.npy: found -1 at number 19; expected a minute, 0 to 59"))
            #expect(
                try problem(dials(root, shape: "(10, 4)")).hasSuffix(
                    "found an array of [10, 4]; expected [20], a class for each image, or [20, 2], its hour and minute")
            )
            let few = npy("<i8", "(19, 2)", bytes([Int64](repeating: 0, count: 38)))
            let images = npy("|u1", "(20, 1, 1)", [UInt8](repeating: 0, count: 20))
            #expect(
                try problem(pair(root, images: images, labels: few)).contains(
                    "found an array of [19, 2]; expected [20]"))
        }
    }

    @Test func takesFloatsForZeroToOneOrForPixels() throws {
        try withTemporaryFolder { root throws in
            let shares = npy("<f4", "(6, 1, 2)", bytes([Float](repeating: 0, count: 10) + [0.5, 1]))
            #expect(try load(pair(root, images: shares)).train.image(4).pixels == [128, 255])
            let wholes = npy("<f8", "(6, 1, 2)", bytes([Double](repeating: 0, count: 10) + [1, 200.4]))
            #expect(try load(pair(root, images: wholes)).train.image(4).pixels == [1, 200])
            let integers = npy("<i8", "(6, 1, 2)", bytes([Int64](repeating: 0, count: 10) + [1, 1]))
            #expect(try load(pair(root, images: integers)).train.image(4).pixels == [1, 1])
            let half = npy("<f2", "(6, 1, 2)", bytes([UInt16](repeating: 0, count: 10) + [0x3800, 0x3c00]))
            #expect(try load(pair(root, images: half)).train.image(4).pixels == [128, 255])
        }
    }

    @Test func refusesWhatIsNoPixel() throws {
        try withTemporaryFolder { root throws in
            for value in [-0.1, 255.5, .nan, .infinity] {
                let images = npy("<f8", "(6, 1, 2)", bytes([Double](repeating: 0, count: 11) + [value]))
                #expect(
                    try problem(pair(root, images: images))
                        == "\(root)/x.npy: found the value \(value); expected pixels, 0 to 255 or 0 to 1")
            }
            let integers = npy("<i4", "(6, 1, 2)", bytes([Int32](repeating: 0, count: 11) + [256]))
            #expect(try problem(pair(root, images: integers)).contains("found the value 256.0"))
        }
    }

    @Test func mistakesAreNamed() throws {
        try withTemporaryFolder { root throws in
            let images = npy("|u1", "(6, 1, 1)", [UInt8](repeating: 3, count: 6))
            func labels(_ type: String, _ shape: String, _ bytes: [UInt8]) throws -> String {
                try problem(pair(root, images: images, labels: npy(type, shape, bytes)))
            }
            #expect(
                try labels("|u1", "(5,)", [0, 0, 0, 0, 1])
                    == "\(root)/y.npy: found an array of [5]; expected [6], a class for each image, or [6, 2], "
                    + "its hour and minute")
            #expect(
                try labels("|i1", "(6,)", [0, 0, 0, 255, 0, 1])
                    == "\(root)/y.npy: found -1 at number 3; expected a class, 0 to 65535")
            // Beyond every signed integer.
            #expect(
                try labels("<u8", "(6,)", bytes([UInt64](repeating: .max, count: 6))).contains(
                    "found 18446744073709551616 at number 0; expected a class"))
            #expect(
                try labels("<f4", "(6,)", bytes([Float](repeating: 0, count: 6))).contains(
                    "found floating-point numbers; expected integers"))
            #expect(try labels("|u1", "(6,)", [UInt8](repeating: 0, count: 6)).contains("every class is 0"))
            #expect(
                try labels("|O", "(6,)", [0x80, 4]).contains(
                    "is a pickle of Python objects, which is a program and is not run"))
            #expect(
                try problem(pair(root, images: npy("|u1", "(6, 4)", [UInt8](repeating: 0, count: 24)))).contains(
                    "found an array of [6, 4]; expected (count, height, width)"))
            #expect(
                try problem(pair(root, images: npy("|u1", "(6, 1, 1)", [UInt8](repeating: 0, count: 6), fortran: true)))
                    .contains("numpy.ascontiguousarray"))
            #expect(problem("npy:a,b,c") == "npy:a,b,c: expected one file or two, npy:IMAGES or npy:IMAGES,LABELS")
            #expect(problem("npy:/no/one.npy") == "/no/one.npy: there is no such file or folder")
            #expect(problem("npy:/no/x.npy,/no/y.npy") == "/no/x.npy: there is no such file or folder")
            #expect(problem("npz:/no/x.npz") == "/no/x.npz: there is no such file or folder")
            #expect(problem("npz:" + golden("other.npz")).hasSuffix("other.npz: there is no array 'x_train' in it"))
            #expect(problem("npz:" + golden("pickle.npz")).contains("is a pickle of Python objects"))
            #expect(problem("npz:" + golden("gray.png")).contains("expected a zip archive"))
        }
    }

    @Test func promisesOfTerabytesAreRefused() throws {
        try withTemporaryFolder { root throws in
            for shape in [
                "(1099511627776, 1024, 1024)", "(1099511627776, 1099511627776, 1)", "(1152921504606846976, 0, 8)",
            ] {
                let text = try problem(pair(root, images: npy("<f8", shape, [1, 2, 3])))
                #expect(text.contains("says that it holds an array of"), "\(text)")
            }
            let header = NumPyHeader.magic + [2, 0, 0xff, 0xff, 0xff, 0x7f]
            #expect(
                try problem(pair(root, images: header + [0, 0, 0])).contains(
                    "says that its header has 2147483647 bytes"))
        }
    }

    @Test func survivesEveryPrefixAndEveryFlippedBit() throws {
        try withTemporaryFolder { root throws in
            for name in ["stored.npz", "deflated.npz"] {
                let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: golden(name))))
                for length in 0..<whole.count {
                    let path = try write(Array(whole[..<length]), to: root + "/p.npz")
                    #expect(problem("npz:" + path) != "no error", "\(name), \(length) bytes")
                }
                // One of the two is enough for the bits: they differ in the numbers alone.
                for bit in 0..<(name == "stored.npz" ? 0 : whole.count * 8) {
                    var damaged = whole
                    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                    let path = try write(damaged, to: root + "/b.npz")
                    do {
                        // A zip's checksums leave dates and the like to chance, and no pixel.
                        #expect(try load("npz:" + path).train.image(1).pixels == [6, 7, 8, 9, 10, 11], "bit \(bit)")
                    } catch {
                        #expect(error is DataFileError, "\(name), bit \(bit): \(error)")
                    }
                }
            }
            let whole = npy("|u1", "(6, 1, 1)", [1, 2, 3, 4, 5, 6])
            for length in 0..<whole.count {
                #expect(try problem(pair(root, images: Array(whole[..<length]))) != "no error")
            }
            for bit in 0..<whole.count * 8 {
                var damaged = whole
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                do { #expect(try load(pair(root, images: damaged)).train.count == 5) } catch {
                    #expect(error is DataFileError, "bit \(bit): \(error)")
                }
            }
        }
    }

    /// The same for the labels of images: classes, and times.
    @Test(arguments: [("<i2", "(10,)", 10), ("|u1", "(10, 2)", 20)])
    func labelsSurviveEveryPrefixAndEveryFlippedBit(_ type: String, _ shape: String, _ count: Int) throws {
        try withTemporaryFolder { root throws in
            let images = npy("|u1", "(10, 1, 1)", [UInt8](0..<10))
            let numbers = (0..<count).map { UInt8($0 % 2) }
            let whole = npy(type, shape, type == "<i2" ? bytes(numbers.map(UInt16.init)) : numbers)
            #expect(try load(pair(root, images: images, labels: whole)).train.count == (count == 10 ? 8 : 9))
            for length in 0..<whole.count {
                #expect(try problem(pair(root, images: images, labels: Array(whole[..<length]))) != "no error")
            }
            for bit in 0..<whole.count * 8 {
                var damaged = whole
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    let splits = try load(pair(root, images: images, labels: damaged))
                    #expect(splits.train.count + splits.test.count == 10, "bit \(bit)")
                } catch {
                    #expect(error is DataFileError, "bit \(bit): \(error)")
                }
            }
        }
    }
}
