/// A dataset by name or place: where it is found, and how it is read.
///
/// To add one with a name, write a type of this kind and put it into ``DatasetCatalog/standard``.
public protocol DatasetSource: Sendable {
    /// What the user types.
    var name: String { get }
    /// What it is, in a line.
    var summary: String { get }

    /// Where the data lies on this machine; `nil` where it would have to be downloaded. Reads no data, uses no network.
    /// - Throws: ``DataError`` or ``DataFileError`` if the folder the user named does not have it.
    func locate(_ access: DataAccess) throws -> DatasetLocation?

    /// Reads the data, downloading it first where it is not on this machine.
    /// - Throws: ``DataError`` or ``DataFileError``
    func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits
}

extension DatasetSource {
    /// Reads the data with its images as they are.
    public func load(_ access: DataAccess) throws -> DataSplits { try load(as: ImageForm(), access) }
}

/// Datasets of the user's own, named by their place: `kind:place`.
public struct DatasetKind: Sendable {
    /// What stands before the colon.
    public let name: String
    /// What stands behind it, for messages: `PATH`.
    public let place: String
    /// What it is, in a line.
    public let summary: String
    /// - Throws: ``DataError`` for a place that is none.
    let source: @Sendable (_ place: String) throws -> any DatasetSource
}

/// The datasets that are known.
public struct DatasetCatalog: Sendable {
    public static let standard = DatasetCatalog(
        [
            FashionMNIST.source, CIFAR10.source, DrawnDataset(ClockScene.subject), DrawnDataset(CatScene.subject),
        ],
        kinds: [
            ClassSubset.kind(FashionMNIST.source, classNames: FashionMNIST.classNames),
            ClassSubset.kind(CIFAR10.source, classNames: CIFAR10.classNames),
            DrawnDataset.kind(ClockScene.subject), DrawnDataset.kind(CatScene.subject),
            ImageFolder.kind, NumPyDataset.archives, NumPyDataset.pairs,
        ])

    public let sources: [any DatasetSource]
    public let kinds: [DatasetKind]

    public init(_ sources: [any DatasetSource], kinds: [DatasetKind] = []) {
        self.sources = sources
        self.kinds = kinds
    }

    public var names: [String] { sources.map(\.name) }

    /// The dataset of this name, or of this kind at this place.
    /// - Throws: ``DataError/unknownDataset(name:known:nearest:)``
    public func source(named name: String) throws -> any DatasetSource {
        if let source = sources.first(where: { $0.name == name }) { return source }
        if let colon = name.firstIndex(of: ":"), let kind = kinds.first(where: { $0.name == name[..<colon] }) {
            return try kind.source(String(name[name.index(after: colon)...]))
        }
        let word = name.prefix { $0 != ":" }
        let nearest = nearestNames(
            to: String(word), among: names + kinds.map(\.name).filter { !names.contains($0) })
        throw DataError.unknownDataset(
            name: name, known: names + kinds.filter { !names.contains($0.name) }.map { "\($0.name):\($0.place)" },
            nearest: nearest)
    }

    /// Reads a dataset, from wherever `access` allows.
    /// - Parameters:
    ///   - name: one of ``names``, or a kind and a place such as `folder:pictures`.
    ///   - form: the size and colours its images are wanted in; as they are by default.
    /// - Throws: ``DataError`` or ``DataFileError``
    public func load(
        _ name: String, as form: ImageForm = ImageForm(), access: DataAccess = DataAccess()
    ) throws -> DataSplits {
        try source(named: name).load(as: form, access)
    }
}
