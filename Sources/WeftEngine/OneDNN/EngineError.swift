import COneDNN

/// What can go wrong between a graph and its compiled program.
public enum EngineError: Error, Hashable, CustomStringConvertible {
    /// oneDNN refused a call.
    case oneDNN(call: String, status: Int)
    /// No implementation on this processor.
    case unsupported(operation: String, label: String)
    /// A value is missing or has another shape than the program expects.
    case mismatch(String)

    public var description: String {
        switch self {
        case .oneDNN(let call, let status): return "oneDNN: \(call) failed with status \(status)"
        case .unsupported(let operation, let label):
            return (label.isEmpty ? "" : "layer \(label): ")
                + "\(operation) is not supported by oneDNN on this processor"
        case .mismatch(let text): return text
        }
    }
}

/// The one place where oneDNN's statuses are looked at.
func check(_ call: String, _ status: dnnl_status_t) throws {
    guard status == dnnl_success else { throw EngineError.oneDNN(call: call, status: Int(status.rawValue)) }
}
