import Foundation
import Synchronization
import WeftSystem

/// Sees every call that changes a file, and lets one of them fail.
public final class EffectLog: Sendable {
    private let seen = Mutex<[(effect: FileEffects.Effect, path: String)]>([])
    private let failing: (index: Int, code: Int32)?

    /// - Parameter failing: which call fails, counted from 0, and with which error number.
    public init(failing: (index: Int, code: Int32)? = nil) { self.failing = failing }

    /// Runs something whose calls are seen here.
    public func watch<Result>(_ body: () throws -> Result) rethrows -> Result {
        let effects = FileEffects { effect, path in
            self.seen.withLock {
                $0.append((effect, path))
                return self.failing?.index == $0.count - 1 ? self.failing?.code : nil
            }
        }
        return try FileEffects.$current.withValue(effects, operation: body)
    }

    /// The calls with the last part of their path, in order.
    public var calls: [String] {
        seen.withLock { $0.map { "\($0.effect) \(URL(fileURLWithPath: $0.path).lastPathComponent)" } }
    }

    /// Whether the call that was to fail was made.
    public var hasFailed: Bool { calls.count > failing?.index ?? .max }
}
