import Foundation

extension DatasetFiles {
    /// Where all the files are; `nil` where they would have to be downloaded. Reads none of them.
    /// - Throws: ``DataError`` or ``DataFileError`` if the folder the user named does not have them.
    func locate(_ access: DataAccess) throws -> DatasetLocation? {
        if let directory = access.directory {
            guard FileManager.default.fileExists(atPath: directory) else {
                throw DataFileError(path: directory, problem: .missing)
            }
            guard let folder = try completeFolder(in: directory) else {
                throw DataError.filesMissing(
                    dataset: title, folder: directory, files: names, hasSome: false)
            }
            return DatasetLocation(origin: .directory, folder: folder)
        }
        // A folder the user named may belong to other datasets, but must not have half of this one.
        if let named = access.environmentFolder, let folder = try completeFolder(in: named) {
            return DatasetLocation(origin: .environment, folder: folder)
        }
        // In these two half a dataset is an unfinished installation or download.
        if let folder = try? completeFolder(in: access.systemFolder) {
            return DatasetLocation(origin: .system, folder: folder)
        }
        if let folder = try? completeFolder(in: access.cacheFolder) {
            return DatasetLocation(origin: .cache, folder: folder)
        }
        return nil
    }

    /// The places that are looked at when no folder was named, for messages.
    func places(_ access: DataAccess) -> [String] {
        let named = access.environmentFolder.map { ["$WEFT_DATA (\($0))"] } ?? []
        return named + ["\(access.systemFolder)/\(name)", "\(access.cacheFolder)/\(name)"]
    }

    /// The folder itself or its subfolder called like the dataset, whichever has all files; `nil` if none has any.
    /// - Throws: ``DataError/filesMissing(dataset:folder:files:hasSome:)`` if there is only a part of them.
    private func completeFolder(in base: String) throws -> String? {
        var partial: (folder: String, missing: [String])?
        for folder in [base] + ([name] + otherFolders).map({ base + "/" + $0 }) {
            let missing = missingFiles(in: folder)
            if missing.isEmpty { return folder }
            if missing.count < names.count, partial == nil { partial = (folder, missing) }
        }
        guard let partial else { return nil }
        throw DataError.filesMissing(
            dataset: title, folder: partial.folder, files: partial.missing, hasSome: true)
    }

    func missingFiles(in folder: String) -> [String] {
        names.filter { !FileManager.default.fileExists(atPath: Self.path(of: $0, in: folder)) }
    }

    /// The files' paths, in their order.
    func paths(in folder: String) -> [String] {
        let folder = URL(fileURLWithPath: folder).path
        return names.map { Self.path(of: $0, in: folder) }
    }

    /// The plain file where there is one, for it takes no inflating, else the gzipped one.
    private static func path(of name: String, in folder: String) -> String {
        let plain = folder + "/" + name
        return FileManager.default.fileExists(atPath: plain) ? plain : plain + ".gz"
    }
}
