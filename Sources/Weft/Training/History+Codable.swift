extension History.Epoch: Codable {
    private enum Key: String, CodingKey { case number, seconds, learningRate, names, values }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let names = try fields.decode([String].self, forKey: .names)
        let values = try fields.decode([Double].self, forKey: .values)
        guard names.count == values.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: fields, debugDescription: "not one for each name")
        }
        self.init(
            number: try fields.decode(Int.self, forKey: .number),
            seconds: try fields.decode(Double.self, forKey: .seconds),
            learningRate: try fields.decode(Double.self, forKey: .learningRate),
            values: zip(names, values).map { (name: $0, value: $1) })
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(number, forKey: .number)
        try fields.encode(seconds, forKey: .seconds)
        try fields.encode(learningRate, forKey: .learningRate)
        try fields.encode(values.map(\.name), forKey: .names)
        try fields.encode(values.map(\.value), forKey: .values)
    }
}
