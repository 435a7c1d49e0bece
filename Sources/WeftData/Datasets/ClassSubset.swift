import WeftGraph

/// The images of some of a dataset's classes: `cifar-10:class=cat`, `fashion-mnist:class=Coat+Shirt`.
public struct ClassSubset: DatasetSource {
    let whole: any DatasetSource
    /// What the user wrote.
    public let name: String
    /// As they stand in the dataset's own list.
    let classNames: [String]

    public var summary: String { whole.summary }

    /// The subsets of a dataset.
    ///
    /// - Parameter names: of all its classes.
    static func kind(_ whole: some DatasetSource, classNames names: [String]) -> DatasetKind {
        DatasetKind(
            name: whole.name, place: "class=NAME", summary: "only this class of it, or several: class=NAME+NAME",
            source: { try ClassSubset(whole, options: $0, classNames: names) })
    }

    /// - Throws: ``DataError/setting(dataset:problem:)`` for a class that is none.
    init(_ whole: some DatasetSource, options: String, classNames: [String]) throws {
        self.whole = whole
        name = "\(whole.name):\(options)"
        let options = try DatasetOptions(dataset: name, options, known: ["class"])
        self.classNames = try (options["class"] ?? "").split(separator: "+", omittingEmptySubsequences: false).map {
            word in
            guard let match = classNames.first(where: { $0.lowercased() == word.lowercased() }) else {
                throw options.wrong("there is no class '\(word)'; known: \(classNames.joined(separator: ", "))")
            }
            return match
        }
        guard Set(self.classNames).count == self.classNames.count else { throw options.wrong("a class is named twice") }
    }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? { try whole.locate(access) }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        let splits = try whole.load(access)
        return try DataSplits(train: part(splits.train), test: part(splits.test)).converted(to: form)
    }

    private func part(_ dataset: Dataset) throws -> Dataset {
        var numbers: [Int32: Int32] = [:]
        for (number, name) in classNames.enumerated() {
            if let old = dataset.classNames.firstIndex(of: name) { numbers[Int32(old)] = Int32(number) }
        }
        let positions = dataset.labels.indices.filter { numbers[dataset.labels[$0]] != nil }
        return try Dataset(
            dataset.subset(positions), relabelled: positions.map { numbers[dataset.labels[$0]]! },
            classNames: classNames)
    }
}
