import Foundation
import WeftGraph

/// A user's own images as NumPy's arrays: an `.npz` as Keras keeps its datasets, or a `.npy` of images and one of classes.
///
/// Images are (count, height, width), or with 1 or 3 channels behind; classes are integers from 0, (count) or (count, 1).
/// Labels (count, 2) are the hour and the minute that each image's dial shows. A `.npy` of images alone is of one class.
/// Pixels are kept with 8 bits. Integers have to be 0…255. Floating-point numbers are taken for 0…1 where none is above 1,
/// else for 0…255, and are rounded to the nearest step of 1/255. A pair of files has no part to test on: every fifth
/// image of a class is one; of dials, which come sorted by time, a tenth that is drawn by lot.
public struct NumPyDataset: DatasetSource {
    static let archives = DatasetKind(
        name: "npz", place: "PATH", summary: "NumPy arrays x_train, y_train, x_test, y_test in an .npz file",
        source: { path in
            let part = {
                NumPyImages(pixels: .init(path: path, name: "x_" + $0), labels: .init(path: path, name: "y_" + $0))
            }
            return NumPyDataset(name: "npz:\(path)", train: part("train"), test: part("test"))
        })

    static let pairs = DatasetKind(
        name: "npy", place: "IMAGES,LABELS",
        summary: "NumPy arrays in .npy files: images, and their classes or (hour, minute); IMAGES alone are one class",
        source: { place in
            let paths = place.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard 1...2 ~= paths.count, !paths.contains("") else {
                throw DataFileError(
                    path: "npy:\(place)",
                    problem: .unusable(reason: "expected one file or two, npy:IMAGES or npy:IMAGES,LABELS"))
            }
            let labels = paths.count == 2 ? NumPySource(path: paths[1]) : nil
            return NumPyDataset(
                name: "npy:\(place)", train: NumPyImages(pixels: .init(path: paths[0]), labels: labels), test: nil)
        })

    public let name: String
    let train: NumPyImages
    /// `nil` where the other part is to be divided.
    let test: NumPyImages?

    public var summary: String { (test == nil ? Self.pairs : Self.archives).summary }

    private var files: [String] {
        var files = [train.pixels.path]
        if test == nil, let labels = train.labels { files.append(labels.path) }
        return files.map { URL(fileURLWithPath: $0).path }
    }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? {
        if let directory = access.directory {
            throw DataFileError(
                path: directory,
                problem: .unusable(reason: "a data folder does not go with \(name), which says where it is"))
        }
        if let absent = files.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
            throw DataFileError(path: absent, problem: .missing)
        }
        return DatasetLocation(origin: .place, folder: files.joined(separator: ", "))
    }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        _ = try locate(access)
        return try access.decoded.splits(name: name, files: files, form: "numpy") {
            if let test { try decodedParts(test) } else { try decodedWhole() }
        }.converted(to: form)
    }

    private func decodedParts(_ test: NumPyImages) throws -> DecodedDataset {
        let ((count, shape), (testCount, testShape)) = (try train.layout(), try test.layout())
        guard shape == testShape else {
            throw DataFileError(
                path: test.pixels.place,
                problem: .wrongFormat(found: "images of \(testShape)", expected: "\(shape), as those to train on"))
        }
        let labels = (train: try train.readLabels(count: count), test: try test.readLabels(count: testCount))
        guard labels.train.areTimes == labels.test.areTimes else {
            throw DataFileError(
                path: test.place,
                problem: .wrongFormat(
                    found: labels.test.areTimes ? "hours and minutes" : "classes", expected: "as those to train on"))
        }
        let all = NumPyLabels(numbers: labels.train.numbers + labels.test.numbers, areTimes: labels.train.areTimes)
        return DecodedDataset(
            classNames: try all.classNames(train.place), imageShape: shape, trainCount: count, testCount: testCount
        ) { pixels in
            let place = count * shape.count
            try train.copyPixels(total: place) { _ = pixels[$0..<$0 + $1.count].update(fromContentsOf: $1) }
            try test.copyPixels(total: pixels.count - place) {
                _ = pixels[place + $0..<place + $0 + $1.count].update(fromContentsOf: $1)
            }
            return all.numbers
        }
    }

    private func decodedWhole() throws -> DecodedDataset {
        let (count, shape) = try train.layout()
        let labels = try train.readLabels(count: count)
        let (rows, testCount) = try labels.arrangement(train.place)
        var arranged = labels.numbers
        for (label, row) in zip(labels.numbers, rows) { arranged[row] = label }
        return DecodedDataset(
            classNames: try labels.classNames(train.labels == nil ? nil : train.place), imageShape: shape,
            trainCount: count - testCount, testCount: testCount
        ) { pixels in
            let size = shape.count
            try train.copyPixels(total: pixels.count) { start, values in
                // Image by image, of which the first and the last may be there in part.
                var done = 0
                while done < values.count {
                    let (image, place) = (start + done).quotientAndRemainder(dividingBy: size)
                    let next = min(done + size - place, values.count)
                    let target = rows[image] * size + place
                    _ = pixels[target..<target + next - done].update(fromContentsOf: values[done..<next])
                    done = next
                }
            }
            return arranged
        }
    }
}

/// The label of each image: a class, or a time in minutes.
private struct NumPyLabels {
    let numbers: [Int32]
    let areTimes: Bool

    /// NumPy's arrays have no names for the classes: their numbers are.
    ///
    /// - Parameter place: of the labels, for messages; `nil` for images that have none and are all of one class.
    func classNames(_ place: String?) throws -> [String] {
        if areTimes { return ClockTime.names }
        guard let place else { return ["image"] }
        let count = Int(numbers.max() ?? 0) + 1
        guard count > 1 else {
            throw DataFileError(path: place, problem: .unusable(reason: "every class is 0; expected several classes"))
        }
        return (0..<count).map(String.init)
    }

    /// The row of each image, where those to train on come first, and how many are to test on.
    func arrangement(_ place: String) throws -> (rows: [Int], testCount: Int) {
        if areTimes {
            var rows = [Int](repeating: 0, count: numbers.count)
            let order = Philox(seed: 0, stream: RandomStream.split).permutation(numbers.count)
            for (row, image) in order.enumerated() { rows[Int(image)] = row }
            guard numbers.count >= 10 else {
                throw DataFileError(
                    path: place,
                    problem: .unusable(reason: "\(numbers.count) dials leave none to test on; expected ten or more"))
            }
            return (rows, numbers.count / 10)
        }
        let isTest = ImageListing.everyFifth(numbers)
        let testCount = isTest.count { $0 }
        guard testCount > 0 else {
            throw DataFileError(
                path: place,
                problem: .unusable(reason: "no class has five images, of which one would be to test on; expected more"))
        }
        // Both parts keep their order.
        var next = (train: 0, test: numbers.count - testCount)
        let rows = isTest.map { isTest in
            defer { if isTest { next.test += 1 } else { next.train += 1 } }
            return isTest ? next.test : next.train
        }
        return (rows, testCount)
    }
}

/// An array of images and one of their labels.
struct NumPyImages: Sendable {
    let pixels: NumPySource
    /// `nil` where all images are of one class.
    let labels: NumPySource?

    /// What messages about labels call the place.
    fileprivate var place: String { (labels ?? pixels).place }

    /// More classes than this are taken for a mistake, such as numbers that are no classes.
    static let classLimit = 1 << 16

    /// How many images there are, and (height, width, channels) of each.
    func layout() throws -> (count: Int, imageShape: Shape) {
        let header = try pixels.header()
        let shape = header.shape.count == 3 ? header.shape + [1] : header.shape
        guard shape.count == 4, [1, 3].contains(shape[3]), shape[1...2].allSatisfy({ 1..<1 << 16 ~= $0 }) else {
            throw wrong(
                pixels, found: "an array of \(header.shape)",
                expected: "(count, height, width), (count, height, width, 1) or (count, height, width, 3)")
        }
        guard shape[0] > 0 else { throw wrong(pixels, found: "no image", expected: "at least one") }
        guard !header.isFortranOrder else {
            throw wrong(
                pixels, found: "an array in Fortran's order",
                expected: "one in C's order, such as numpy.ascontiguousarray makes")
        }
        return (shape[0], Shape(Array(shape.dropFirst())))
    }

    /// The class of each image, or its time.
    fileprivate func readLabels(count: Int) throws -> NumPyLabels {
        guard let source = labels else {
            return NumPyLabels(numbers: [Int32](repeating: 0, count: count), areTimes: false)
        }
        let header = try source.header()
        let areTimes = header.shape == [count, 2]
        guard areTimes || header.shape == [count] || header.shape == [count, 1] else {
            throw wrong(
                source, found: "an array of \(header.shape)",
                expected: "[\(count)], a class for each image, or [\(count), 2], its hour and minute")
        }
        guard !header.type.isFloatingPoint else {
            throw wrong(source, found: "floating-point numbers", expected: "integers, a class for each image")
        }
        guard !header.isFortranOrder || !areTimes else {
            throw wrong(
                source, found: "an array in Fortran's order",
                expected: "one in C's order, such as numpy.ascontiguousarray makes")
        }
        var numbers: [Int32] = []
        try source.forEachPiece { piece in
            for value in header.type.doubles(piece) {
                let (limit, what) = areTimes ? Self.parts[numbers.count % 2] : (Self.classLimit, "a class")
                guard value >= 0, value < Double(limit) else {
                    throw wrong(
                        source,
                        found: "\(String(format: "%.0f", value)) at number \(numbers.count / (areTimes ? 2 : 1))",
                        expected: "\(what), 0 to \(limit - 1)")
                }
                numbers.append(Int32(value))
            }
        }
        guard areTimes else { return NumPyLabels(numbers: numbers, areTimes: false) }
        let times = stride(from: 0, to: numbers.count, by: 2).map {
            Int32(ClockTime(hour: Int(numbers[$0]), minute: Int(numbers[$0 + 1])).minutes)
        }
        return NumPyLabels(numbers: times, areTimes: true)
    }

    private static let parts = [(limit: 24, what: "an hour"), (limit: 60, what: "a minute")]

    /// Gives `body` all pixels, one piece after another, with the number of the first.
    ///
    /// - Parameter total: how many there were when memory was taken for them.
    func copyPixels(total: Int, _ body: (_ start: Int, UnsafeBufferPointer<UInt8>) -> Void) throws {
        let type = try pixels.header().type
        let scale = type == .uint8 ? 1 : try largestValue(type) <= 1 && type.isFloatingPoint ? 255.0 : 1
        var start = 0
        try pixels.forEachPiece { piece in
            let end = start + piece.count / type.size
            guard end <= total else { throw changed() }
            if type == .uint8 {
                body(start, piece.bindMemory(to: UInt8.self))
            } else {
                let bytes = try type.doubles(piece).map { value in
                    guard let byte = UInt8(exactly: (value * scale).rounded()) else { throw changed() }
                    return byte
                }
                bytes.withUnsafeBufferPointer { body(start, $0) }
            }
            start = end
        }
    }

    private func changed() -> DataFileError {
        DataFileError(path: pixels.place, problem: .unusable(reason: "it changes while it is read"))
    }

    /// - Throws: ``DataFileError`` for values below 0 or above 255.
    private func largestValue(_ type: NumPyType) throws -> Double {
        var largest = 0.0
        try pixels.forEachPiece { piece in
            for value in type.doubles(piece) {
                guard value >= 0, value <= 255 else {
                    throw wrong(pixels, found: "the value \(value)", expected: "pixels, 0 to 255 or 0 to 1")
                }
                largest = max(largest, value)
            }
        }
        return largest
    }

    private func wrong(_ source: NumPySource, found: String, expected: String) -> DataFileError {
        DataFileError(path: source.place, problem: .wrongFormat(found: found, expected: expected))
    }
}
