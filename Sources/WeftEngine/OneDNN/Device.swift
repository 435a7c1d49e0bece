import COneDNN
import WeftKernels

/// The processor: oneDNN's engine and stream, and the number of threads both oneDNN and Weft's kernels use.
public enum Device {
    /// oneDNN's handles live as long as the process; oneDNN allows their use from any thread.
    struct Handles: @unchecked Sendable {
        let engine: dnnl_engine_t
        let stream: dnnl_stream_t
    }

    static let handles: Result<Handles, EngineError> = {
        do {
            var engine: dnnl_engine_t?
            try check("engine_create", dnnl_engine_create(&engine, dnnl_cpu, 0))
            var stream: dnnl_stream_t?
            try check("stream_create", dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue))
            weft_set_threads(weft_default_threads())
            return .success(Handles(engine: engine!, stream: stream!))
        } catch {
            return .failure(error as? EngineError ?? .mismatch("\(error)"))
        }
    }()

    static var engine: dnnl_engine_t { get throws { try handles.get().engine } }
    static var stream: dnnl_stream_t { get throws { try handles.get().stream } }

    /// How many threads a step uses: by default the cores there are, or what `OMP_NUM_THREADS` says.
    ///
    /// Set it before the first program is compiled, on the thread that will run it: compiled primitives are made for a
    /// number of threads, and the bits of a result depend on it.
    public static var threads: Int {
        get {
            _ = handles
            return Int(weft_get_threads())
        }
        set {
            _ = handles
            weft_set_threads(Int32(max(1, newValue)))
        }
    }

    /// What results depend on besides seed and data: oneDNN's version and the instruction set it uses here.
    public static var description: String {
        let version = dnnl_version().pointee
        return "oneDNN \(version.major).\(version.minor).\(version.patch), \(instructionSet), \(threads) threads"
    }

    public static var oneDNNVersion: String {
        let version = dnnl_version().pointee
        return "\(version.major).\(version.minor).\(version.patch)"
    }

    /// Whether the processor multiplies and adds vectors in one instruction, as Weft's kernels for products need it to be fast.
    static var hasFusedVectors: Bool {
        #if arch(x86_64) && os(Linux)
            has(dnnl_cpu_isa_avx2)
        #elseif arch(x86_64)
            // Only on Linux the kernels are compiled for more than the oldest processor.
            false
        #else
            true
        #endif
    }

    /// Whether oneDNN multiplies matrices with AVX2, which is where space between rows was seen to pay.
    static var hasSpacedMatrices: Bool {
        #if arch(x86_64)
            has(dnnl_cpu_isa_avx2) && !hasAVX512
        #else
            false
        #endif
    }

    static var hasAVX512: Bool { has(dnnl_cpu_isa_avx512_core) }

    /// Whether the processor multiplies bfloat16.
    public static var hasBFloat16: Bool {
        #if arch(x86_64)
            has(dnnl_cpu_isa_avx512_core_bf16)
        #else
            false
        #endif
    }

    /// An instruction set has a bit for each of those it is made of.
    private static func has(_ set: dnnl_cpu_isa_t) -> Bool {
        dnnl_get_effective_cpu_isa().rawValue & set.rawValue == set.rawValue
    }

    public static var instructionSet: String {
        switch dnnl_get_effective_cpu_isa() {
        case dnnl_cpu_isa_sse41: return "sse4.1"
        case dnnl_cpu_isa_avx: return "avx"
        case dnnl_cpu_isa_avx2: return "avx2"
        case dnnl_cpu_isa_avx2_vnni: return "avx2 vnni"
        case dnnl_cpu_isa_avx512_core: return "avx512"
        case dnnl_cpu_isa_avx512_core_vnni: return "avx512 vnni"
        case dnnl_cpu_isa_avx512_core_bf16: return "avx512 bf16"
        case dnnl_cpu_isa_avx512_core_amx: return "avx512 bf16 amx"
        default: return "isa \(dnnl_get_effective_cpu_isa().rawValue)"
        }
    }
}
