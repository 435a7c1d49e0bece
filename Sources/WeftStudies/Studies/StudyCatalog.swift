import Foundation
import Weft

/// A folder of study files, each known by its name without the ending.
public struct StudyCatalog: Sendable {
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// The studies that come with Weft.
    ///
    /// Looked for in `$WEFT_STUDIES`, in `Studies` of the current folder and of those above it and above the program, and
    /// in `share/weft/studies` beside the program's folder.
    ///
    /// - Throws: `StudyError` that lists these places.
    public static func standard() throws -> StudyCatalog {
        var places = CatalogPlaces.of(
            "Studies", installed: "share/weft/studies", currentDirectory: FileManager.default.currentDirectoryPath,
            program: Bundle.main.executablePath)
        // What the user set stands alone, so that a wrong setting is not passed over.
        if let folder = ProcessInfo.processInfo.environment["WEFT_STUDIES"], !folder.isEmpty { places = [folder] }
        guard let directory = places.first(where: { !names(in: $0).isEmpty }) else {
            throw StudyError(
                "no studies were found; looked in:\n  " + places.joined(separator: "\n  ")
                    + "\nset WEFT_STUDIES to a folder of study files, or give the path of one")
        }
        return StudyCatalog(directory: directory)
    }

    /// The names of all studies, in alphabetical order.
    public var names: [String] { Self.names(in: directory) }

    private static func names(in directory: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Reads a study of the standard catalogue, or a study file.
    public static func load(_ nameOrPath: String, changes: StudyChanges = StudyChanges()) throws -> Study {
        if ModelCatalog.isPath(nameOrPath) { return try Study.read(nameOrPath, changes: changes) }
        let catalog = try standard()
        guard catalog.names.contains(nameOrPath) else {
            throw StudyError(
                "unknown study '\(nameOrPath)'" + NearestNames.hint(for: nameOrPath, among: catalog.names))
        }
        return try Study.read("\(catalog.directory)/\(nameOrPath).yaml", changes: changes)
    }
}
