// What the steps on Weft's own kernels hold.

/// Memory as what it holds.
func floats(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    address.assumingMemoryBound(to: Float.self)
}

func bfloats(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt16> {
    address.assumingMemoryBound(to: UInt16.self)
}

func integers(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
    address.assumingMemoryBound(to: Int32.self)
}

/// A C structure that a step keeps as long as it lives.
final class Boxed<Value> {
    let pointer: UnsafeMutablePointer<Value>
    init(_ value: Value) {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: value)
    }
    deinit {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }
}
