import COneDNN

/// How a number lies in memory.
enum NumberType {
    case float32
    /// The upper half of a float32.
    case bfloat16

    var byteCount: Int { self == .float32 ? 4 : 2 }

    var oneDNN: dnnl_data_type_t { self == .float32 ? dnnl_f32 : dnnl_bf16 }
}
