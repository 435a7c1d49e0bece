import WeftGraph

extension Model {
    /// The table of layers, output shapes and parameter counts, laid out as Keras prints it.
    ///
    /// A functional model in which values branch also has a column of what each layer is connected to.
    ///
    /// - Parameters:
    ///   - width: of the terminal; the table takes at most 4 columns less.
    ///   - expandsModels: whether tables of the models inside of this one follow; they do not by default.
    /// - Throws: `LayerError` for a layer that does not fit.
    public func summary(width: Int = 80, expandsModels: Bool = false) throws -> String {
        let inner = expandsModels && isBuilt ? layers.filter { $0.layer is Model }.map(\.name) : []
        let tables =
            try [table(width: width)]
            + inner.map {
                try part($0).summary(width: width, expandsModels: true)
            }
        return tables.joined(separator: "\n")
    }

    private func table(width: Int) throws -> String {
        let rows = try summaryRows()
        let columns: [SummaryTable.Column] =
            isChain
            ? [.init("Layer (type)", 0.45), .init("Output Shape", 0.8), .init("Param #", 1, isNumber: true)]
            : [
                .init("Layer (type)", 0.3), .init("Output Shape", 0.56), .init("Param #", 0.74, isNumber: true),
                .init("Connected to", 1),
            ]
        let table = SummaryTable(columns: columns, lineLength: min(isChain ? 88 : 108, width - 4))
        let parameters = isBuilt ? try parameterSpecifications() : []
        let trainable = parameters.filter(\.trainable).valueCount
        let other = parameters.filter { !$0.trainable }.valueCount
        return """
            Model: "\(displayedName)"
            \(table.render(rows))
             Total params: \(Self.line(parameters.valueCount))
             Trainable params: \(Self.line(trainable))
             Non-trainable params: \(Self.line(other))

            """
    }

    /// Whether values pass through one layer after another.
    private var isChain: Bool {
        isSequential
            || (inputs.count == 1 && calls.count == layers.count
                && calls.enumerated().allSatisfy { index, call in
                    call.inputs == [index == 0 ? .input(0) : .call(index - 1)]
                })
    }

    private func summaryRows() throws -> [[String]] {
        let shapes = isBuilt ? try callShapes() : []
        let parameters = isBuilt ? try parameterSpecifications() : []
        // Keras shows no input among the layers of a sequential model.
        let entries = isSequential ? layers.indices.map(Entry.layer) : entriesInOrder()
        return entries.map { entry in
            switch entry {
            case .input(let index):
                let shape = inputs[index].shape.map(Self.batchShape) ?? "?"
                return ["\(inputs[index].name) (InputLayer)", shape, "0"] + (isChain ? [] : ["-"])
            case .layer(let index):
                let named = layers[index]
                let count = parameters.filter { $0.name.hasPrefix(named.name + "/") }.valueCount
                let shape = calls.lastIndex { $0.layer == index }.flatMap {
                    isBuilt ? Self.batchShape(shapes[$0]) : nil
                }
                return [
                    "\(named.name) (\(named.layer.displayedClassName))", shape ?? "?",
                    isBuilt ? Self.grouped(count) : "0 (unbuilt)",
                ] + (isChain ? [] : [connections(of: index)])
            }
        }
    }

    /// `name[call][output]` of everything a layer is applied to.
    private func connections(of layer: Int) -> String {
        let sources = calls.filter { $0.layer == layer }.flatMap(\.inputs)
        return sources.map { source in
            switch source {
            case .input(let index): return "\(inputs[index].name)[0][0]"
            case .call(let index):
                let layer = calls[index].layer
                let number = calls[..<index].count { $0.layer == layer }
                return "\(layers[layer].name)[\(number)][0]"
            }
        }.joined(separator: ", ")
    }

    /// `(None, 28, 28, 1)`.
    private static func batchShape(_ shape: Shape) -> String {
        "(" + (["None"] + shape.dimensions.map(String.init)).joined(separator: ", ") + ")"
    }

    /// `1,069,670 (4.08 MB)`, at four bytes for each.
    private static func line(_ count: Int) -> String {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 4)
        return "\(grouped(count)) (\(memorySize(overflow ? .max : bytes)))"
    }

    private static func grouped(_ count: Int) -> String {
        let digits = String(count)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }

    /// Bytes in the largest unit of which there is one.
    private static func memorySize(_ bytes: Int) -> String {
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        var unit = 0
        var size = 1
        while unit < units.count - 1, bytes / size >= 1024 {
            unit += 1
            size *= 1024
        }
        return "\(hundredths(bytes, of: size)) \(units[unit])"
    }

    /// a / b with two decimals; exactly half a hundredth goes to the even one, as Python prints it.
    private static func hundredths(_ a: Int, of b: Int) -> String {
        let (whole, rest) = a.quotientAndRemainder(dividingBy: b)
        let (part, remainder) = (100 * rest).quotientAndRemainder(dividingBy: b)
        let quotient = 100 * whole + part
        let roundsUp = 2 * remainder > b || (2 * remainder == b && !quotient.isMultiple(of: 2))
        let rounded = quotient + (roundsUp ? 1 : 0)
        let decimals = rounded % 100
        return "\(rounded / 100).\(decimals < 10 ? "0" : "")\(decimals)"
    }
}
