extension Dataset {
    /// The images at these positions, in this order; a position may come twice. No pixel is copied.
    /// - Throws: ``DataError/indexOutOfRange(dataset:index:count:)``, or ``DataError/empty(dataset:)`` for none.
    public func subset(_ positions: some Sequence<Int>) throws -> Dataset {
        let positions = Array(positions)
        guard !positions.isEmpty else { throw DataError.empty(dataset: name) }
        if let wrong = positions.first(where: { $0 < 0 || $0 >= count }) {
            throw DataError.indexOutOfRange(dataset: name, index: wrong, count: count)
        }
        return Dataset(self, positions: positions)
    }

    /// The first `number` images.
    /// - Throws: ``DataError/takeOutOfRange(dataset:requested:available:)`` for less than 1 or more than there are.
    public func take(_ number: Int) throws -> Dataset {
        guard number >= 1, number <= count else {
            throw DataError.takeOutOfRange(dataset: name, requested: number, available: count)
        }
        return Dataset(self, positions: 0..<number)
    }

    /// Splits off a part for validation, without shuffling.
    /// - Throws: ``DataError/fractionOutOfRange(_:)``, or, if one of the parts would be empty,
    ///   ``DataError/splitLeavesNothing(dataset:available:validation:)``.
    public func split(_ split: ValidationSplit) throws -> (train: Dataset, validation: Dataset) {
        let number = try split.validationCount(of: count)
        guard number >= 1, number < count else {
            throw DataError.splitLeavesNothing(dataset: name, available: count, validation: number)
        }
        switch split {
        case .first:
            return (Dataset(self, positions: number..<count), Dataset(self, positions: 0..<number))
        case .last, .lastFraction:
            let start = count - number
            return (Dataset(self, positions: 0..<start), Dataset(self, positions: start..<count))
        }
    }
}

/// Which part of a training set is kept for validation.
public enum ValidationSplit: Sendable, Hashable {
    /// The part from ⌊n · (1 − fraction)⌋ to the end: Keras's `validation_split`.
    case lastFraction(Double)
    case last(Int)
    case first(Int)

    /// How many of `count` images are for validation.
    /// - Throws: ``DataError/fractionOutOfRange(_:)``
    func validationCount(of count: Int) throws -> Int {
        switch self {
        case .lastFraction(let fraction):
            guard fraction > 0, fraction < 1 else { throw DataError.fractionOutOfRange(fraction) }
            return count - Int((Double(count) * (1 - fraction)).rounded(.down))
        case .last(let number), .first(let number): return number
        }
    }
}

/// What a dataset comes as: images to train on and images to test on.
public struct DataSplits: Sendable {
    public var train: Dataset
    public var test: Dataset

    public init(train: Dataset, test: Dataset) {
        self.train = train
        self.test = test
    }
}
