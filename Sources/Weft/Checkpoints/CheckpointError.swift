/// Why a training cannot be resumed.
public enum CheckpointError: Error, Hashable, CustomStringConvertible {
    /// The file is not what was written: cut off, changed, or something else altogether.
    case damaged(path: String, problem: String)
    /// Another version of Weft wrote it.
    case version(path: String, found: Int, expected: Int)
    /// The training that was saved is not the one that is to go on.
    case differs(what: String, there: String, here: String)

    public var description: String {
        switch self {
        case .damaged(let path, let problem): return "the checkpoint \(path) is damaged: \(problem)"
        case .version(let path, let found, let expected):
            return "the checkpoint \(path) has version \(found) of the format, this Weft has version \(expected): "
                + "resume with the Weft that began the training"
        case .differs(let what, let there, let here):
            return "this is not the training that the checkpoint is of: \(what) is\n"
                + "\(here) here, and \(there) there"
        }
    }
}
