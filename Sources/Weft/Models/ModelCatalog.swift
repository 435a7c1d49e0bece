import Foundation

/// A folder of model files, each known by its name without the ending.
public struct ModelCatalog: Sendable {
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// The catalogue that comes with Weft.
    ///
    /// Looked for in `$WEFT_MODELS`, in `models` of `$WEFT_STUDIES`, in `Studies/models` of the current folder and of
    /// those above it and above the program, and in `share/weft/models` beside the program's folder.
    ///
    /// - Throws: `CatalogError` that lists these places.
    public static func standard() throws -> ModelCatalog {
        let places = standardPlaces(
            environment: ProcessInfo.processInfo.environment,
            currentDirectory: FileManager.default.currentDirectoryPath, program: Bundle.main.executablePath)
        guard let directory = places.first(where: { !modelNames(in: $0).isEmpty }) else {
            throw CatalogError(
                "no catalogue of models was found; looked in:\n  " + places.joined(separator: "\n  ")
                    + "\nset WEFT_MODELS to a folder of model files, or give the path of one")
        }
        return ModelCatalog(directory: directory)
    }

    static func standardPlaces(environment: [String: String], currentDirectory: String, program: String?) -> [String] {
        // What the user set stands alone, so that a wrong setting is not passed over.
        if let models = environment["WEFT_MODELS"], !models.isEmpty { return [models] }
        if let studies = environment["WEFT_STUDIES"], !studies.isEmpty { return [studies + "/models"] }
        return CatalogPlaces.of(
            "Studies/models", installed: "share/weft/models", currentDirectory: currentDirectory, program: program)
    }

    /// The names of all models, in alphabetical order.
    public var names: [String] { Self.modelNames(in: directory) }

    private static func modelNames(in directory: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Reads a model by its name.
    ///
    /// - Throws: `CatalogError` for a name that is none, with the nearest ones; what `ModelFile.read` throws.
    public func model(named name: String) throws -> ModelFile {
        guard names.contains(name) else {
            throw CatalogError("unknown model '\(name)'" + NearestNames.hint(for: name, among: names))
        }
        return try ModelFile.read(directory + "/" + name + ".yaml")
    }

    /// Whether a word means a file rather than a name: it contains `/` or ends in `.yaml` or `.yml`.
    public static func isPath(_ word: String) -> Bool {
        word.contains("/") || word.hasSuffix(".yaml") || word.hasSuffix(".yml")
    }

    /// Reads a model file, or a model of the standard catalogue.
    public static func load(_ nameOrPath: String) throws -> ModelFile {
        if isPath(nameOrPath) { return try ModelFile.read(nameOrPath) }
        return try standard().model(named: nameOrPath)
    }
}

/// A model that was not found.
public struct CatalogError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
