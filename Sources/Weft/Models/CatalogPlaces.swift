import Foundation

/// Where Weft's own files are looked for when the user does not say.
package enum CatalogPlaces {
    /// Folders that may be `relative`, best first: of the current folder and of those above it and above the program;
    /// then `installed` beside the program's folder.
    package static func of(
        _ relative: String, installed: String, currentDirectory: String, program: String?
    ) -> [String] {
        var places: [String] = []
        var starts = [URL(fileURLWithPath: currentDirectory)]
        if let program {
            starts.append(URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent())
        }
        for start in starts {
            var folder = start.standardizedFileURL
            while true {
                places.append(folder.appendingPathComponent(relative).path)
                if folder.pathComponents.count <= 1 { break }
                folder.deleteLastPathComponent()
            }
        }
        if let folder = starts.dropFirst().first {
            places.append(folder.deletingLastPathComponent().appendingPathComponent(installed).path)
        }
        var seen = Set<String>()
        return places.filter { seen.insert($0).inserted }
    }
}
