import Foundation

extension IDXDataset {
    public func locate(_ access: DataAccess) throws -> DatasetLocation? {
        if let directory = access.directory {
            guard FileManager.default.fileExists(atPath: directory) else {
                throw DataFileError(path: directory, problem: .missing)
            }
            guard let folder = try completeFolder(in: directory) else {
                throw DataError.filesMissing(
                    dataset: title, folder: directory, files: files.map(\.name), hasSome: false)
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
        for folder in [base, base + "/" + name] {
            let missing = missingFiles(in: folder)
            if missing.isEmpty { return folder }
            if missing.count < files.count, partial == nil { partial = (folder, missing.map(\.name)) }
        }
        guard let partial else { return nil }
        throw DataError.filesMissing(
            dataset: title, folder: partial.folder, files: partial.missing, hasSome: true)
    }

    func missingFiles(in folder: String) -> [File] {
        files.filter { file in
            !FileManager.default.fileExists(atPath: Self.path(of: file, in: folder))
        }
    }

    /// The plain file where there is one, for it takes no inflating, else the gzipped one.
    static func path(of file: File, in folder: String) -> String {
        let plain = folder + "/" + file.name
        return FileManager.default.fileExists(atPath: plain) ? plain : plain + ".gz"
    }
}
