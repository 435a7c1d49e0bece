import Foundation

/// Where datasets may be looked for, and how they are fetched. The defaults are this process's; tests give others.
public struct DataAccess: Sendable {
    /// A folder that was named for this dataset (`--data-dir`). Nothing else is looked at then.
    public var directory: String?
    /// `WEFT_DATA`, `XDG_CACHE_HOME` and `HOME` are read here.
    public var environment: [String: String]
    /// The folder of the system's own datasets; Debian's packages put theirs there.
    public var systemFolder: String
    public var downloader: any Downloader
    /// Hears how a download goes.
    public var progress: (@Sendable (DownloadProgress) -> Void)?

    public init(
        directory: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        systemFolder: String = "/usr/share/datasets",
        downloader: any Downloader = URLSessionDownloader(),
        progress: (@Sendable (DownloadProgress) -> Void)? = nil
    ) {
        self.directory = directory
        self.environment = environment
        self.systemFolder = systemFolder
        self.downloader = downloader
        self.progress = progress
    }

    /// Copies of decoded datasets.
    var decoded: DecodedCache { DecodedCache(folder: cacheFolder + "/decoded") }

    /// `$WEFT_DATA`; set but empty is as good as not set.
    var environmentFolder: String? { environment["WEFT_DATA"].flatMap { $0.isEmpty ? nil : $0 } }

    /// Where downloads are kept: `$XDG_CACHE_HOME/weft`, else `~/.cache/weft`, on a Mac `~/Library/Caches/weft`.
    public var cacheFolder: String {
        // The XDG specification has relative paths ignored.
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/weft" }
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
        #if os(macOS)
            return home + "/Library/Caches/weft"
        #else
            return home + "/.cache/weft"
        #endif
    }
}

/// A dataset that was found, and on which ground its folder was looked at.
public struct DatasetLocation: Sendable, Hashable {
    public enum Origin: String, Sendable {
        case directory = "the given folder"
        case environment = "$WEFT_DATA"
        case system = "the system's package"
        case cache = "the cache"
        case place = "its place"
        /// No folder at all.
        case drawn = "drawn by Weft"
    }

    public let origin: Origin
    /// The folder with its files, or the one file that it is.
    public let folder: String

    public init(origin: Origin, folder: String) {
        self.origin = origin
        self.folder = folder
    }
}
