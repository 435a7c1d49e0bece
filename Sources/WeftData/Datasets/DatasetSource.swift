/// A dataset that Weft knows by name: where it is found, and how it is read.
///
/// To add one, write a type of this kind and put it into ``DatasetCatalog/standard``.
public protocol DatasetSource: Sendable {
    /// What the user types.
    var name: String { get }
    /// What it is, in a line.
    var summary: String { get }
    var classNames: [String] { get }

    /// Where the data lies on this machine; `nil` where it would have to be downloaded. Reads no data, uses no network.
    /// - Throws: ``DataError`` or ``DataFileError`` if the folder the user named does not have it.
    func locate(_ access: DataAccess) throws -> DatasetLocation?

    /// Reads the data, downloading it first where it is not on this machine.
    /// - Throws: ``DataError`` or ``DataFileError``
    func load(_ access: DataAccess) throws -> DataSplits
}

/// The datasets that are known by name.
public struct DatasetCatalog: Sendable {
    public static let standard = DatasetCatalog([FashionMNIST.source])

    public let sources: [any DatasetSource]

    public init(_ sources: [any DatasetSource]) { self.sources = sources }

    public var names: [String] { sources.map(\.name) }

    /// The dataset of this name.
    /// - Throws: ``DataError/unknownDataset(name:known:nearest:)``
    public func source(named name: String) throws -> any DatasetSource {
        guard let source = sources.first(where: { $0.name == name }) else {
            throw DataError.unknownDataset(
                name: name, known: names, nearest: nearestNames(to: name, among: names))
        }
        return source
    }

    /// Reads the dataset of this name, from wherever `access` allows.
    public func load(_ name: String, access: DataAccess = DataAccess()) throws -> DataSplits {
        try source(named: name).load(access)
    }
}
