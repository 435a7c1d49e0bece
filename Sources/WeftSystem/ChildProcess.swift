import CSpawn
import Foundation

/// A program running beside this one.
///
/// Foundation's `Process` notices an end through a socket that other children started at the same time inherit, so that
/// waiting may never return (swift-corelibs-foundation, issue 4795). Here the system's own `posix_spawn` and `waitpid` do it:
/// a child gets its three standard streams and no other file of the parent's.
package final class ChildProcess {
    package enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// Where an output of the child goes.
    package enum Stream {
        case nowhere
        /// A file, which is emptied or made.
        case file(URL)
        /// At the end of a file, which is made if need be.
        case endOf(URL)
        case descriptor(Int32)
        /// Where this process's own goes.
        case inherited
    }

    package let identifier: pid_t
    private var ending: Ending?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: variables instead of this process's own.
    ///   - folder: where it runs; by default where this process does.
    ///   - inOwnGroup: whether Ctrl-C at the terminal reaches only this process, which may then pass it on.
    /// - Throws: `ChildProcessError` where it does not start.
    package init(
        _ executable: URL, _ arguments: [String] = [], environment: [String: String]? = nil, folder: URL? = nil,
        output: Stream = .nowhere, errors: Stream = .nowhere, inOwnGroup: Bool = false
    ) throws {
        var actions = SpawnActions()
        defer { actions.destroy() }
        try actions.open(.nowhere, as: STDIN_FILENO)
        try actions.open(output, as: STDOUT_FILENO)
        try actions.open(errors, as: STDERR_FILENO)
        try actions.finish(folder: folder, inOwnGroup: inOwnGroup)
        let variables = environment ?? ProcessInfo.processInfo.environment
        var identifier: pid_t = 0
        let path = executable.path
        let status = withCStrings([path] + arguments) { arguments in
            withCStrings(variables.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&identifier, path, &actions.files, &actions.attributes, arguments, environment)
            }
        }
        guard status == 0 else {
            throw ChildProcessError(program: path, reason: String(cString: strerror(status)))
        }
        self.identifier = identifier
    }

    /// How it ended; `nil` while it runs.
    package func poll() -> Ending? { ending(options: WNOHANG) }

    /// Waits for its end.
    @discardableResult
    package func wait() -> Ending { ending(options: 0)! }

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Int32) {
        // A child that was waited for has given its number back.
        if poll() == nil { kill(identifier, signal) }
    }

    private func ending(options: Int32) -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(identifier, &status, options) } while result == -1 && errno == EINTR
        if result == 0 { return nil }
        // Somebody else took the status: all that is known is that it ended.
        guard result == identifier else {
            ending = .exited(-1)
            return ending
        }
        let signal = status & 0x7f
        ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
        return ending
    }

    /// Runs a program to its end and gives what it wrote to its standard output.
    package static func output(of executable: URL, _ arguments: [String]) throws -> (output: Data, ending: Ending) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ChildProcessError(program: executable.path, reason: String(cString: strerror(errno)))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let reader = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let started = Result { try ChildProcess(executable, arguments, output: .descriptor(ends[1])) }
        // The child has its own; as long as this one is open there is no end of the output.
        close(ends[1])
        let child = try started.get()
        let output = reader.readDataToEndOfFile()
        return (output, child.wait())
    }
}

/// A program that did not start.
package struct ChildProcessError: Error, Hashable, CustomStringConvertible {
    package let program: String
    package let reason: String

    package var description: String { "\(program) cannot be started: \(reason)" }
}

/// What posix_spawn does in the child before the program begins.
private struct SpawnActions {
    #if canImport(Darwin)
        var files: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
    #else
        var files = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
    #endif

    init() {
        posix_spawn_file_actions_init(&files)
        posix_spawnattr_init(&attributes)
    }

    mutating func destroy() {
        posix_spawn_file_actions_destroy(&files)
        posix_spawnattr_destroy(&attributes)
    }

    mutating func open(_ stream: ChildProcess.Stream, as descriptor: Int32) throws {
        let (read, write) = (O_RDONLY, O_WRONLY | O_CREAT)
        switch stream {
        case .nowhere:
            try check(
                posix_spawn_file_actions_addopen(
                    &files, descriptor, "/dev/null", descriptor == STDIN_FILENO ? read : write, 0))
        case .file(let url):
            try check(posix_spawn_file_actions_addopen(&files, descriptor, url.path, write | O_TRUNC, 0o666))
        case .endOf(let url):
            try check(posix_spawn_file_actions_addopen(&files, descriptor, url.path, write | O_APPEND, 0o666))
        case .descriptor(let other): try check(posix_spawn_file_actions_adddup2(&files, other, descriptor))
        // On the Mac all that is not named is closed.
        case .inherited: try check(posix_spawn_file_actions_adddup2(&files, descriptor, descriptor))
        }
    }

    /// The folder, no other open files, and signals as a program expects them.
    mutating func finish(folder: URL?, inOwnGroup: Bool) throws {
        if let folder { try check(posix_spawn_file_actions_addchdir_np(&files, folder.path)) }
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #if canImport(Darwin)
            flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
            try check(posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1))
        #endif
        var blocked = sigset_t()
        var reset = sigset_t()
        sigemptyset(&blocked)
        sigemptyset(&reset)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD] { sigaddset(&reset, signal) }
        try check(posix_spawnattr_setsigmask(&attributes, &blocked))
        try check(posix_spawnattr_setsigdefault(&attributes, &reset))
        if inOwnGroup {
            flags |= POSIX_SPAWN_SETPGROUP
            try check(posix_spawnattr_setpgroup(&attributes, 0))
        }
        try check(posix_spawnattr_setflags(&attributes, Int16(flags)))
    }

    private func check(_ status: Int32) throws {
        guard status == 0 else {
            throw ChildProcessError(program: "a program", reason: String(cString: strerror(status)))
        }
    }
}

/// Gives `body` an array of C strings that ends in null.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}
