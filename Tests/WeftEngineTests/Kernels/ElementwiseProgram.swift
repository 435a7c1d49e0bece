import WeftKernels

/// An element-wise program written in Swift arrays.
struct ElementwiseProgram {
    struct Operand {
        var data: [Float]
        var inner = 1
        /// nil: as long as `data`.
        var period: Int?
        var width = 1

        /// Element i by the operand's definition.
        subscript(_ i: Int) -> Float { data[(i / inner) % (period ?? data.count) * width + i % width] }
    }

    var count: Int
    var operands: [Operand]
    var code: [weft_instruction]
    var outputs: [Int32]
    /// Which operand's memory each output takes; nil: memory of its own.
    var places: [Int?]

    init(count: Int, operands: [Operand], code: [weft_instruction], outputs: [Int32], places: [Int?]? = nil) {
        self.count = count
        self.operands = operands
        self.code = code
        self.outputs = outputs
        self.places = places ?? outputs.map { _ in nil }
    }

    func run(by kernel: (UnsafePointer<weft_elementwise_program>) -> Void = { weft_elementwise($0) }) -> [[Float]] {
        var memory = operands.map { operand in
            let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: operand.data.count)
            _ = copy.initialize(from: operand.data)
            return copy
        }
        let results = places.map { place in
            if let place { return memory[place] }
            let fresh = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            fresh.initialize(repeating: -999)
            memory.append(fresh)
            return fresh
        }
        defer { for buffer in memory { buffer.deallocate() } }

        var program = weft_elementwise_program()
        program.count = count
        program.inputs = Int32(operands.count)
        program.length = Int32(code.count)
        program.outputs = Int32(outputs.count)
        fill(
            &program.input,
            operands.enumerated().map { k, operand in
                weft_operand(
                    data: UnsafePointer(memory[k].baseAddress!), inner: operand.inner,
                    period: operand.period ?? operand.data.count, width: operand.width, is_bfloat16: false)
            })
        fill(&program.code, code)
        fill(&program.output_register, outputs)
        fill(&program.output, results.map { $0.baseAddress })
        kernel(&program)
        return results.map { Array($0) }
    }

    /// Writes the elements of a C array, which Swift sees as a tuple.
    private func fill<Tuple, Element>(_ tuple: inout Tuple, _ elements: [Element]) {
        withUnsafeMutableBytes(of: &tuple) { bytes in
            let array = bytes.assumingMemoryBound(to: Element.self)
            for (k, element) in elements.enumerated() { array[k] = element }
        }
    }
}

extension weft_instruction {
    init(_ op: weft_elementwise_op, _ a: Int32 = 0, _ b: Int32 = 0, p: Float = 0, q: Float = 0) {
        self.init(op: Int32(op.rawValue), a: a, b: b, p: p, q: q)
    }
}
