import Foundation
import WeftSystem

/// A training's state as one file.
///
///     8 bytes    WEFTCKPT
///     4 bytes    version of the format, little-endian, as are all numbers
///     8 bytes    length of the header
///     header     JSON: everything but the arrays, and the list of arrays
///     arrays     float32, one after the other
///     64 bytes   the SHA-256 of everything before, in hexadecimal
enum CheckpointFile {
    /// Changes whenever a state is written or meant in another way.
    static let version = 2

    private static let magic = Data("WEFTCKPT".utf8)
    private static let prefixLength = 8 + 4 + 8
    private static let hashLength = 64

    /// All of a state but its arrays.
    fileprivate struct Header: Codable {
        var place: TrainingState.Place
        var identity: TrainingIdentity
        var sums: EpochSums
        var learningRates: [String: Double]
        var history: History
        var seconds: Double
        /// The callbacks' values, as JSON.
        var callbacks: [String: String]
        /// Steps of every optimizer.
        var optimizers: [String: Int]
        var arrays: [Entry]
    }

    /// Where an array belongs.
    fileprivate struct Entry: Codable {
        enum Owner: String, Codable { case parameter, optimizer, callback }
        var owner: Owner
        /// Names from the outside in: optimizer, slot and parameter, for instance.
        var path: [String]
        var count: Int
    }

    // MARK: Writing

    static func data(_ state: TrainingState) throws -> Data {
        let arrays = arrays(of: state)
        let header = try StateCoding.encoder.encode(
            Header(
                place: state.place, identity: state.identity, sums: state.sums, learningRates: state.learningRates,
                history: state.history, seconds: state.seconds, callbacks: state.callbacks.mapValues(\.json),
                optimizers: state.optimizers.mapValues(\.step), arrays: arrays.map(\.entry)))
        let payload = arrays.reduce(0) { $0 + 4 * $1.values.count }
        var data = Data(capacity: prefixLength + header.count + payload + hashLength)
        data.append(magic)
        withUnsafeBytes(of: UInt32(version).littleEndian) { data.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(header)
        for array in arrays { array.values.withUnsafeBytes { data.append(contentsOf: $0) } }
        data.append(Data(hash(data).utf8))
        return data
    }

    private static func arrays(of state: TrainingState) -> [(entry: Entry, values: [Float])] {
        var result: [(entry: Entry, values: [Float])] = []
        func add(_ owner: Entry.Owner, _ path: [String], _ arrays: [String: [Float]]) {
            for (name, values) in arrays.sorted(by: { $0.key < $1.key }) {
                result.append((Entry(owner: owner, path: path + [name], count: values.count), values))
            }
        }
        add(.parameter, [], state.parameters)
        for (name, optimizer) in state.optimizers.sorted(by: { $0.key < $1.key }) {
            for (slot, arrays) in optimizer.slots.sorted(by: { $0.key < $1.key }) {
                add(.optimizer, [name, slot], arrays)
            }
        }
        for (name, callback) in state.callbacks.sorted(by: { $0.key < $1.key }) {
            add(.callback, [name], callback.arrays)
        }
        return result
    }

    static func hash(_ data: Data) -> String {
        var hash = SHA256()
        hash.update(data)
        return hash.hexadecimal()
    }

    // MARK: Reading

    /// - Throws: `CheckpointError.damaged` for anything that is not whole, `.version` for what another Weft wrote.
    static func state(_ data: Data, path: String) throws -> TrainingState {
        func fail(_ problem: String) -> CheckpointError { .damaged(path: path, problem: problem) }
        let bytes = Data(data)
        guard bytes.prefix(magic.count) == magic else { throw fail("it does not begin like a checkpoint") }
        guard bytes.count >= prefixLength + hashLength else { throw fail("it has only \(bytes.count) bytes") }
        let body = bytes.dropLast(hashLength)
        guard Data(hash(body).utf8) == bytes.suffix(hashLength) else { throw fail("its checksum is wrong") }
        let version = integer(body, at: 8, bytes: 4)
        guard version == CheckpointFile.version else {
            throw CheckpointError.version(
                path: path, found: Int(clamping: version), expected: CheckpointFile.version)
        }
        let length = integer(body, at: 12, bytes: 8)
        guard length <= body.count - prefixLength else { throw fail("its header is longer than the file") }
        let start = prefixLength + Int(length)
        let header: Header
        do {
            header = try StateCoding.decoder.decode(Header.self, from: body[prefixLength..<start])
        } catch {
            throw fail("its header cannot be understood")
        }
        var reader = ArrayReader(bytes: body[start...])
        var state = TrainingState(header)
        for entry in header.arrays {
            guard let values = reader.take(entry.count) else { throw fail("its arrays are longer than the file") }
            guard entry.put(values, into: &state) else { throw fail("it has an array that belongs nowhere") }
        }
        guard reader.bytes.isEmpty else { throw fail("it has \(reader.bytes.count) bytes too many") }
        return state
    }

    private static func integer(_ data: Data, at offset: Int, bytes: Int) -> UInt64 {
        data.dropFirst(offset).prefix(bytes).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Gives out one array after the other, as far as there are bytes.
    private struct ArrayReader {
        var bytes: Data

        mutating func take(_ count: Int) -> [Float]? {
            guard count >= 0, count <= bytes.count / 4 else { return nil }
            let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                _ = bytes.prefix(4 * count).copyBytes(to: buffer)
                initialized = count
            }
            bytes = bytes.dropFirst(4 * count)
            return values
        }
    }
}

extension TrainingState {
    /// A state whose arrays are still missing.
    fileprivate init(_ header: CheckpointFile.Header) {
        self.init(
            place: header.place, identity: header.identity, sums: header.sums, learningRates: header.learningRates,
            history: header.history, seconds: header.seconds,
            callbacks: header.callbacks.mapValues { CallbackState(json: $0, arrays: [:]) },
            optimizers: header.optimizers.mapValues { OptimizerValues(step: $0) }, parameters: [:])
    }
}

extension CheckpointFile.Entry {
    /// - Returns: `false` where the state has no such place.
    fileprivate func put(_ values: [Float], into state: inout TrainingState) -> Bool {
        switch (owner, path.count) {
        case (.parameter, 1): state.parameters[path[0]] = values
        case (.optimizer, 3):
            guard state.optimizers[path[0]] != nil else { return false }
            state.optimizers[path[0]]!.slots[path[1], default: [:]][path[2]] = values
        case (.callback, 2):
            guard state.callbacks[path[0]] != nil else { return false }
            state.callbacks[path[0]]!.arrays[path[1]] = values
        default: return false
        }
        return true
    }
}
