import Foundation
import TestSupport
import Testing

@testable import WeftData

@Suite struct ImageFolderTests {
    /// An image of one value everywhere, by which it is known again.
    private func image(_ value: UInt8, size: Int = 4, channels: Int = 1) throws -> [UInt8] {
        try [UInt8](PixelImage(width: size, height: size, channels: channels, filledWith: value).pngData())
    }

    /// Two classes with `train` and `test`; the value tells part, class and number.
    private func place(_ root: String) throws {
        for (part, count, base) in [("train", 6, 0), ("test", 2, 100)] {
            for (number, name) in ["dog", "cat"].enumerated() {
                for index in 0..<count {
                    try write(
                        image(UInt8(base + 10 * number + index)), to: "\(root)/\(part)/\(name)/\(index).png")
                }
            }
        }
    }

    private func load(_ path: String, as form: ImageForm = ImageForm()) throws -> DataSplits {
        try DatasetCatalog.standard.load("folder:\(path)", as: form, access: DataAccess(environment: [:]))
    }

    private func problem(_ path: String, as form: ImageForm = ImageForm()) -> String {
        thrown(DataFileError.self) { try load(path, as: form) }?.description ?? "no error"
    }

    private func values(_ data: Dataset) -> [UInt8] { (0..<data.count).map { data.image($0).pixels[0] } }

    @Test func readsTrainAndTest() throws {
        try withTemporaryFolder { root in
            try place(root)
            // What is no image is nobody's business.
            try write([1], to: root + "/train/README.txt")
            try write([1], to: root + "/train/cat/.DS_Store")
            try write([1], to: root + "/.git/x/y.png")
            let splits = try load(root)
            #expect(splits.train.classNames == ["cat", "dog"])
            #expect(splits.train.imageShape == [4, 4, 1])
            #expect(values(splits.train).sorted() == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
            #expect(values(splits.test).sorted() == [100, 101, 110, 111])
            for data in [splits.train, splits.test] {
                #expect(
                    zip(values(data), data.labels).allSatisfy { value, label in (value % 100 < 10) == (label == 1) })
            }
            // In a mixed order, and always in the same.
            #expect(Set(splits.train.labels.suffix(6)).count == 2)
            #expect(try load(root).train.sha256() == splits.train.sha256())
        }
    }

    @Test(arguments: ["tar", "tar.gz", "tar.bz2"]) func readsArchives(_ kind: String) throws {
        try withTemporaryFolder { root in
            try place(root + "/pictures")
            let inside = try tar(folder: root + "/pictures", to: "\(root)/inside.\(kind)")
            let around = try tar(folder: root, "pictures", to: "\(root)/around.\(kind)")
            let expected = try load(root + "/pictures")
            for archive in [inside, around] {
                let splits = try load(archive)
                #expect(splits.train.sha256() == expected.train.sha256())
                #expect(splits.test.sha256() == expected.test.sha256())
                #expect(splits.train.classNames == ["cat", "dog"])
            }
        }
    }

    @Test func classesAloneAreDividedTheSameWayEachTime() throws {
        try withTemporaryFolder { root in
            for (number, name) in ["b", "a"].enumerated() {
                for index in 0..<11 {
                    try write(image(UInt8(100 * number + index)), to: "\(root)/\(name)/\(10 + index).png")
                }
            }
            // A picture deeper down belongs to the class above it; a class may be called train.
            try write(image(50), to: "\(root)/train/0.png")
            let splits = try load(root)
            #expect(splits.train.classNames == ["a", "b", "train"])
            #expect(values(splits.test).sorted() == [4, 9, 104, 109])
            #expect(splits.train.count == 19)
        }
    }

    @Test func imagesAloneAreOneClass() throws {
        try withTemporaryFolder { root in
            for index in 0..<11 { try write(image(UInt8(index)), to: "\(root)/\(10 + index).png") }
            let splits = try load(root)
            #expect(splits.train.classNames == ["image"] && values(splits.test).sorted() == [4, 9])
            #expect(values(splits.train) != values(splits.train).sorted())
        }
    }

    @Test func imagesAloneMayBeDivided() throws {
        try withTemporaryFolder { root in
            for index in 0..<7 { try write(image(UInt8(index)), to: "\(root)/cats/train/\(index).png") }
            for index in 7..<9 { try write(image(UInt8(index)), to: "\(root)/cats/test/\(index).png") }
            for place in [root, root + "/cats"] {
                let splits = try load(place)
                #expect(splits.train.classNames == ["image"] && values(splits.test).sorted() == [7, 8])
                #expect(splits.train.count == 7)
            }
        }
    }

    @Test func namesAreSortedAsPythonSorts() throws {
        try withTemporaryFolder { root in
            for name in ["Ätna", "zebra", "Zoo", "apfel"] {
                for index in 0..<5 { try write(image(UInt8(index)), to: "\(root)/\(name)/\(index).png") }
            }
            #expect(try load(root).train.classNames == ["Zoo", "apfel", "zebra", "Ätna"])
            let archive = try tar(folder: root, to: root + ".tar")
            defer { try? FileManager.default.removeItem(atPath: archive) }
            #expect(try load(archive).train.classNames == ["Zoo", "apfel", "zebra", "Ätna"])
        }
    }

    @Test func sizesAndColoursAreThoseAskedFor() throws {
        try withTemporaryFolder { root in
            try place(root)
            try write(image(7, size: 8, channels: 3), to: root + "/train/cat/large.png")
            #expect(
                problem(root)
                    == "\(root): 'test/cat/0.png' is 4x4 and 'train/cat/large.png' is 8x8; expected images of one size\n"
                    + "Give one with --image-size, such as --image-size 4x4")
            #expect(try load(root, as: ImageForm(size: ImageSize(height: 2, width: 3))).train.imageShape == [2, 3, 3])
            let grey = try load(root, as: ImageForm(size: ImageSize("5x5"), colorMode: .grayscale))
            #expect(grey.train.imageShape == [5, 5, 1] && values(grey.train).contains(7))
        }
    }

    @Test func textsOfSizes() {
        #expect(ImageSize("32x48") == ImageSize(height: 32, width: 48))
        for text in [
            "32", "x", "0x5", "5x0", "-1x5", "axb", "1x2x3", "65536x1", "60000x60000", "9999999999999999999x1",
        ] {
            #expect(ImageSize(text) == nil, "\(text)")
        }
    }

    @Test func mistakesAreNamed() throws {
        try withTemporaryFolder { root in
            #expect(problem(root + "/no") == "\(root)/no: there is no such file or folder")
            #expect(problem("") == "folder:: a path is missing; expected folder:PATH")
            try FileManager.default.createDirectory(atPath: root + "/empty", withIntermediateDirectories: true)
            #expect(problem(root + "/empty") == "\(root)/empty: there are no images (.png, .jpg, .jpeg) in it")
            func with(_ files: String..., check: (String) throws -> Void) throws {
                let folder = "\(root)/\(UUID().uuidString)"
                for file in files { try write(image(1), to: "\(folder)/\(file)") }
                try check(problem(folder).replacingOccurrences(of: folder, with: "F"))
            }
            try with("train/a/1.png", "train/b/1.png") {
                #expect($0 == "F: there are no images in test/; expected train/ and test/, or the classes alone")
            }
            try with("train/a/1.png", "test/a/1.png", "val/a/1.png") {
                #expect($0 == "F: beside train/ or test/ there are images in val; expected train/ and test/ alone")
            }
            try with("train/a/1.png", "test/1.png") {
                #expect(
                    $0 == "F: 'test/1.png' is in no class's folder; expected train/CLASS/IMAGE and test/CLASS/IMAGE")
            }
            try with("1.png", "a/2.png") { #expect($0.contains("'1.png' is in no class's folder")) }
            try with("train/a/1.png", "train/b/1.png", "test/c/1.png") {
                #expect($0 == "F: class 'c' is in test/ only; expected images to train on, too")
            }
            try with("a/1.png") { #expect($0.contains("there is only one class, 'a'")) }
            try with("a/1.png", "b/1.png") { #expect($0.contains("no class has five images")) }
            try with("a/1.gif", "b/1.png") { #expect($0.contains("(.gif) cannot be read; expected PNG or JPEG")) }
        }
    }

    @Test func aBrokenImageIsNamed() throws {
        try withTemporaryFolder { root in
            try place(root)
            let broken = try [UInt8](image(1).dropLast(20))
            try write(broken, to: root + "/train/cat/3.png")
            #expect(problem(root).hasPrefix("\(root) (train/cat/3.png): the image cannot be read: "))
            try write(Array("hello".utf8), to: root + "/train/cat/3.png")
            #expect(problem(root).contains("(train/cat/3.png): the image cannot be read: it is neither PNG nor JPEG"))
            let archive = try tar(folder: root, to: root + "/all.tar")
            #expect(problem(archive).hasPrefix("\(archive) (train/cat/3.png): the image cannot be read: "))
        }
    }

    /// Three images: every prefix that ends in the last one, and every bit of the first one and of what names it; of a
    /// gzipped archive every prefix and every bit.
    ///
    /// What crashes the reader crashes the tests: that is how this one was seen to fail.
    @Test(arguments: ["plain", "gzipped"])
    func survivesEveryPrefixAndEveryFlippedBit(_ name: String) throws {
        try withTemporaryFolder { root in
            let whole = [UInt8](try Seeds.data("tar", name))
            #expect(try load(write(whole, to: root + "/w.tar")).train.count == 2)
            let (lengths, bits) =
                name == "plain"
                ? (2048..<whole.lastIndex { $0 != 0 }!, 0..<1024 * 8) : (whole.indices, 0..<whole.count * 8)
            for length in lengths {
                let path = try write(Array(whole[..<length]), to: root + "/t.tar")
                #expect(problem(path).hasPrefix(path), "\(length) bytes")
            }
            // In the padding a bit says nothing.
            for bit in bits where name != "plain" || whole[bit / 8] != 0 {
                var damaged = whole
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                let path = try write(damaged, to: root + "/d.tar")
                do { #expect(try load(path).train.count > 0) } catch {
                    #expect(error is DataFileError || error is DataError, "bit \(bit): \(error)")
                }
            }
            #expect(
                problem(try write(Array("no archive".utf8), to: root + "/n.tar")).contains("expected a tar archive"))
        }
    }

    @Test func linksInArchivesAreRefused() throws {
        try withTemporaryFolder { root in
            try place(root + "/p")
            try FileManager.default.linkItem(
                atPath: root + "/p/train/cat/0.png", toPath: root + "/p/train/cat/link.png")
            let archive = try tar(folder: root + "/p", to: root + "/l.tar")
            #expect(problem(archive).contains("train/cat/link.png): it is a link; expected a whole file"))
        }
    }
}
