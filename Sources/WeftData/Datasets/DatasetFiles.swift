/// The files of a dataset that Weft knows by name: where they are looked for, and whence they come.
///
/// They are looked for in this order: the folder that was named for the dataset; `$WEFT_DATA`; the system's folder; the
/// user's cache; then they are downloaded into the cache. In each place they may also lie in a subfolder called like the
/// dataset, and each may be gzipped (`.gz`) or plain.
public struct DatasetFiles: Sendable {
    /// A file at the dataset's address, and what it must be when it comes from the network.
    public struct Download: Sendable, Hashable {
        /// A file as it is kept, or a tar that holds the dataset's files (`.tar.gz`).
        public let name: String
        public let byteCount: Int
        public let sha256: String

        public init(name: String, byteCount: Int, sha256: String) {
            self.name = name
            self.byteCount = byteCount
            self.sha256 = sha256
        }
    }

    public let name: String
    /// Its name in sentences.
    public let title: String
    /// Without `.gz`.
    public let names: [String]
    /// The downloads' address without their names.
    public let address: String
    public let downloads: [Download]
    /// Other names of a subfolder, besides the dataset's own.
    public let otherFolders: [String]
    /// The package that brings it on Debian, if there is one.
    public let debianPackage: String?

    public init(
        name: String, title: String, names: [String], address: String, downloads: [Download],
        otherFolders: [String] = [], debianPackage: String? = nil
    ) {
        self.name = name
        self.title = title
        self.names = names
        self.address = address
        self.downloads = downloads
        self.otherFolders = otherFolders
        self.debianPackage = debianPackage
    }

    /// Runs `body` with the folder that has all files, downloading them first where they are not on this machine.
    /// - Throws: ``DataError`` or ``DataFileError``; to the latter it adds what helps against a damaged file there.
    func withLocation<Result>(_ access: DataAccess, _ body: (_ folder: String) throws -> Result) throws -> Result {
        let location = try locate(access) ?? download(access)
        do {
            return try body(location.folder)
        } catch var error as DataFileError {
            error.advice = error.advice ?? advice(for: location)
            throw error
        }
    }

    private func advice(for location: DatasetLocation) -> String? {
        switch location.origin {
        case .directory, .environment, .place, .drawn: nil
        case .system: debianPackage.map { "Install it again: sudo apt install --reinstall \($0)" }
        case .cache: "Remove this file, and it is downloaded again"
        }
    }
}
