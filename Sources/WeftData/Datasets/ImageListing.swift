import Foundation
import WeftGraph

/// Which images of a collection there are, of which classes, and which row of the dataset each becomes.
struct ImageListing {
    /// In order.
    let classNames: [String]
    /// The row of each image, by its path: those to train on come first.
    let rows: [String: Int]
    /// The class of each row.
    let labels: [Int32]
    let trainCount: Int

    /// Image files that Keras or browsers read and Weft does not.
    private static let otherKinds: Set<String> = ["bmp", "gif", "webp", "tif", "tiff", "avif", "heic", "jp2", "jxl"]
    private static let kinds: Set<String> = ["png", "jpg", "jpeg"]

    /// An image's place: `train/cat/7.png` has the part `train`, the class `cat`.
    private struct Place {
        let path: String
        var folders: [Substring]
    }

    /// - Throws: ``DataFileError`` for a collection that is not arranged in classes.
    init(_ collection: any ImageCollection) throws {
        func unusable(_ reason: String) -> DataFileError {
            DataFileError(path: collection.path, problem: .unusable(reason: reason))
        }
        var places = try Self.places(collection)
        Self.dropCommonFolder(&places)
        // Images alone, or alone in train/ and test/, have no labels: they are all of one class.
        let isFlat = Self.isFlat(places)
        if isFlat {
            for index in places.indices { places[index].folders.append("image") }
        }
        if let image = places.first(where: { $0.folders.isEmpty }) {
            throw unusable(
                "'\(image.path)' is in no class's folder; expected train/CLASS/IMAGE and test/CLASS/IMAGE, or CLASS/IMAGE"
            )
        }
        let hasParts = try Self.hasParts(places, unusable)
        let names = places.map { String($0.folders[hasParts ? 1 : 0]) }
        let isTest = hasParts ? places.map { $0.folders[0] == "test" } : Self.everyFifth(names)
        let trained = Set(zip(names, isTest).filter { !$1 }.map(\.0))
        if let untrained = zip(names, isTest).first(where: { $1 && !trained.contains($0) }) {
            throw unusable("class '\(untrained.0)' is in test/ only; expected images to train on, too")
        }
        classNames = trained.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard classNames.count > 1 || isFlat else {
            throw unusable(
                "there is only one class, '\(classNames[0])'; expected a folder for each of several classes, or images alone"
            )
        }
        trainCount = isTest.count { !$0 }
        guard trainCount < isTest.count else {
            throw unusable(
                "no class has five images, of which one would be to test on; expected more, or train/ and test/")
        }
        (rows, labels) = Self.arranged(places, names, isTest, classNames)
    }

    private static func isFlat(_ places: [Place]) -> Bool {
        let folders = Set(places.map(\.folders))
        return folders == [[]] || folders == [["train"], ["test"]]
    }

    /// Whether `train` and `test` stand above the classes; a class may be called so, too.
    private static func hasParts(
        _ places: [Place], _ unusable: (_ reason: String) -> DataFileError
    ) throws -> Bool {
        let folders = Set(places.map { $0.folders[0] })
        let others = folders.subtracting(["train", "test"])
        let nested = places.contains { $0.folders.count > 1 && !others.contains($0.folders[0]) }
        guard nested || others.isEmpty else { return false }
        guard others.isEmpty else {
            let names = others.sorted().joined(separator: ", ")
            throw unusable("beside train/ or test/ there are images in \(names); expected train/ and test/ alone")
        }
        if let absent = ["train", "test"].first(where: { !folders.contains(Substring($0)) }) {
            throw unusable("there are no images in \(absent)/; expected train/ and test/, or the classes alone")
        }
        if let image = places.first(where: { $0.folders.count < 2 }) {
            throw unusable("'\(image.path)' is in no class's folder; expected train/CLASS/IMAGE and test/CLASS/IMAGE")
        }
        return true
    }

    /// The images by path, in the order of their paths.
    private static func places(_ collection: any ImageCollection) throws -> [Place] {
        var places: [Place] = []
        try collection.forEach { path, _ in
            let folders = path.split(separator: "/")
            // Hidden files are the system's, not the user's.
            guard let name = folders.last, !folders.contains(where: { $0.hasPrefix(".") }) else { return }
            let kind = (String(name) as NSString).pathExtension.lowercased()
            if Self.otherKinds.contains(kind) {
                throw DataFileError(
                    path: "\(collection.path) (\(path))",
                    problem: .unusable(reason: "images of this kind (.\(kind)) cannot be read; expected PNG or JPEG"))
            }
            if Self.kinds.contains(kind) { places.append(Place(path: path, folders: folders.dropLast())) }
        }
        guard !places.isEmpty else {
            throw DataFileError(
                path: collection.path, problem: .unusable(reason: "there are no images (.png, .jpg, .jpeg) in it"))
        }
        places.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        for (one, next) in zip(places, places.dropFirst()) where one.path == next.path {
            throw DataFileError(
                path: collection.path, problem: .unusable(reason: "'\(one.path)' is in it twice; expected it once"))
        }
        return places
    }

    /// A tar often holds one folder, with everything in it.
    private static func dropCommonFolder(_ places: inout [Place]) {
        while let first = places[0].folders.first, first != "train", first != "test",
            places.allSatisfy({ $0.folders.first == first }), places.contains(where: { $0.folders.count > 1 })
        {
            for index in places.indices { places[index].folders.removeFirst() }
        }
    }

    /// True for the fifth, tenth, … of equal names.
    static func everyFifth<Name: Hashable>(_ names: [Name]) -> [Bool] {
        var counts: [Name: Int] = [:]
        return names.map { name in
            counts[name, default: 0] += 1
            return counts[name]! % 5 == 0
        }
    }

    private static func arranged(
        _ places: [Place], _ names: [String], _ isTest: [Bool], _ classNames: [String]
    ) -> (rows: [String: Int], labels: [Int32]) {
        let numbers = Dictionary(uniqueKeysWithValues: zip(classNames, Int32(0)...))
        var rows: [String: Int] = [:]
        rows.reserveCapacity(places.count)
        var labels: [Int32] = []
        for part in [false, true] {
            let images = places.indices.filter { isTest[$0] == part }
            for index in Philox(seed: 0, stream: RandomStream.split, epoch: 0).permutation(images.count) {
                let image = images[Int(index)]
                rows[places[image].path] = labels.count
                labels.append(numbers[names[image]]!)
            }
        }
        return (rows, labels)
    }
}

extension ImageListing {
    /// The form of a dataset's images when nothing about it is open any more.
    struct Form {
        let size: ImageSize
        let mode: ColorMode
        /// Whether images of another size become this one.
        let isResizing: Bool

        var imageForm: ImageForm { ImageForm(size: isResizing ? size : nil, colorMode: mode) }
        var imageSize: Int { size.height * size.width * mode.channels }
    }

    /// What the user left open is decided by the images: the one size they have, and colour if any of them has colour.
    /// - Throws: ``DataFileError`` where they have several sizes.
    func completed(_ form: ImageForm, _ collection: any ImageCollection) throws -> Form {
        if let size = form.size, let mode = form.colorMode { return Form(size: size, mode: mode, isResizing: true) }
        var first: (path: String, size: ImageSize)?
        var hasColor = false
        try collection.forEach { path, contents in
            guard rows[path] != nil else { return }
            let (size, channels) = try naming(path, collection) { try PixelImage.measure(encoded: contents()) }
            hasColor = hasColor || channels == 3
            guard form.size == nil else { return }
            if let first, first.size != size {
                throw DataFileError(
                    path: collection.path,
                    problem: .unusable(
                        reason: "'\(first.path)' is \(first.size) and '\(path)' is \(size); expected images of one size"
                    ),
                    advice: "Give one with --image-size, such as --image-size \(first.size)")
            }
            first = first ?? (path, size)
        }
        let mode = form.colorMode ?? (hasColor ? .rgb : .grayscale)
        return Form(size: form.size ?? first!.size, mode: mode, isResizing: form.size != nil)
    }

    /// Adds an image's path to what is wrong with it.
    func naming<Result>(_ path: String, _ collection: any ImageCollection, _ body: () throws -> Result) throws -> Result
    {
        do {
            return try body()
        } catch let error as ImageError {
            throw DataFileError(path: "\(collection.path) (\(path))", problem: .unusable(reason: error.description))
        }
    }
}
