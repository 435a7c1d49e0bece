import CHDF5
import Foundation

/// The door to HDF5's library: one caller at a time, its messages caught, every status looked at.
enum HDF5Library {
    /// The library keeps global state and is seldom built for threads.
    private static let lock = NSLock()

    /// Runs `body` alone with the library, which prints nothing meanwhile.
    static func locked<Result>(_ body: () throws -> Result) throws -> Result {
        lock.lock()
        defer { lock.unlock() }
        guard H5open() >= 0 else { throw HDF5Problem("HDF5's library does not start") }
        H5Eset_auto2(0, nil, nil)
        return try body()
    }

    /// Passes a status or an identifier on, or throws what the library says of its failure.
    @discardableResult
    static func check<Status: SignedInteger>(_ status: Status, _ doing: @autoclosure () -> String) throws -> Status {
        guard status >= 0 else {
            let reason = innermostReason()
            throw HDF5Problem(doing() + (reason.isEmpty ? "" : " (\(reason))"))
        }
        return status
    }

    /// What the library noted first about its last failure.
    private static func innermostReason() -> String {
        var reason = ""
        withUnsafeMutablePointer(to: &reason) { pointer in
            _ = H5Ewalk2(
                0, H5E_WALK_UPWARD,
                { _, entry, context in
                    let reason = context!.assumingMemoryBound(to: String.self)
                    guard reason.pointee.isEmpty, let text = entry?.pointee.desc else { return 0 }
                    reason.pointee = String(cString: text)
                    return 0
                }, pointer)
        }
        H5Eclear2(0)
        return reason
    }
}

/// What is wrong with an HDF5 file; the reader of the file adds its name.
struct HDF5Problem: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// An identifier of the library's that is closed when nobody needs it any more.
struct HDF5Handle: ~Copyable {
    let id: hid_t
    private let close: (hid_t) -> herr_t

    init(_ id: hid_t, close: @escaping (hid_t) -> herr_t, _ doing: @autoclosure () -> String) throws {
        try HDF5Library.check(id, doing())
        self.id = id
        self.close = close
    }

    deinit { _ = close(id) }
}
