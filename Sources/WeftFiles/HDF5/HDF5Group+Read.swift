import CHDF5
import Foundation

extension HDF5Group {
    /// Reads a whole file that lies in memory.
    ///
    /// The file holds what it says it holds: only groups, and datasets of numbers that are stored in it as they are.
    /// Links to other places, datasets whose values lie elsewhere and references are refused, and nothing is read of a
    /// dataset before its size was compared with the bytes that are there.
    ///
    /// - Throws: `FileFormatError` that names the file, the member and what is wrong with it.
    public init(hdf5 bytes: Data, path: String) throws {
        do {
            self = try HDF5Library.locked {
                guard bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) else {
                    throw HDF5Problem("is not an HDF5 file")
                }
                let access = try HDF5Handle(
                    H5Pcreate(weft_h5_file_access()), close: H5Pclose, "cannot be opened")
                try HDF5Library.check(H5Pset_fapl_core(access.id, 1 << 16, false), "cannot be opened")
                try HDF5Library.check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "cannot be opened")
                try bytes.withUnsafeBytes { bytes in
                    let image = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                    try HDF5Library.check(H5Pset_file_image(access.id, image, bytes.count), "cannot be opened")
                }
                let file = try HDF5Handle(
                    H5Fopen("memory.h5", weft_h5_read_only(), access.id), close: H5Fclose,
                    "is damaged or not whole")
                let root = try HDF5Handle(H5Gopen2(file.id, "/", 0), close: H5Gclose, "has no groups")
                var reading = HDF5Reading(byteCount: bytes.count)
                return try reading.group(root.id, path: "", depth: 0)
            }
        } catch let problem as HDF5Problem {
            throw FileFormatError(path: path, problem: problem.description)
        }
    }
}

/// One pass over a file.
private struct HDF5Reading {
    /// Groups inside of groups; more is a group that contains itself, or an attack.
    static let depthLimit = 32
    static let objectLimit = 200_000

    /// The bytes of values that can still be there.
    var bytesLeft: Int
    let byteCount: Int
    var objectCount = 0

    init(byteCount: Int) {
        self.byteCount = byteCount
        bytesLeft = byteCount
    }

    mutating func group(_ id: hid_t, path: String, depth: Int) throws -> HDF5Group {
        guard depth <= Self.depthLimit else {
            throw HDF5Problem("has groups inside of groups \(depth) deep at '\(path)', or one that contains itself")
        }
        var info = H5G_info_t()
        try HDF5Library.check(H5Gget_info(id, &info), "does not say what the group '\(path)' holds")
        var group = HDF5Group()
        group.attributes = try attributes(of: id, path: path)
        for index in 0..<info.nlinks {
            objectCount += 1
            guard objectCount <= Self.objectLimit else {
                throw HDF5Problem("has more than \(Self.objectLimit) members, or some that contain themselves")
            }
            let name = try memberName(of: id, index, path: path)
            group.add(try member(name, of: id, path: path.isEmpty ? name : path + "/" + name, depth: depth), at: name)
        }
        return group
    }

    private func memberName(of id: hid_t, _ index: UInt64, path: String) throws -> String {
        let doing = "does not name member \(index) of the group '\(path)'"
        let length = try HDF5Library.check(
            H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, 0), doing)
        guard length > 0, length <= 4096 else { throw HDF5Problem(doing) }
        var name = [CChar](repeating: 0, count: length + 1)
        try HDF5Library.check(
            H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, &name, name.count, 0), doing)
        guard let text = String(validating: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self),
            !text.contains("/"), text != ".", text != ".."
        else { throw HDF5Problem(doing) }
        return text
    }

    private mutating func member(_ name: String, of group: hid_t, path: String, depth: Int) throws -> HDF5Node {
        switch weft_h5_link_type(group, name) {
        case Int32(H5L_TYPE_HARD.rawValue): break
        case Int32(H5L_TYPE_SOFT.rawValue): throw HDF5Problem("has '\(path)' as a soft link, which is not followed")
        case Int32(H5L_TYPE_EXTERNAL.rawValue):
            throw HDF5Problem("has '\(path)' as an external link to another file, which is not followed")
        default: throw HDF5Problem("has '\(path)' as a link of an unknown kind")
        }
        let object = try HDF5Handle(H5Oopen(group, name, 0), close: H5Oclose, "has a damaged member '\(path)'")
        switch H5Iget_type(object.id) {
        case H5I_GROUP: return .group(try self.group(object.id, path: path, depth: depth + 1))
        case H5I_DATASET: return .dataset(try dataset(object.id, path: path))
        default: throw HDF5Problem("has '\(path)', which is neither a group nor a dataset")
        }
    }

    // MARK: Datasets

    private mutating func dataset(_ id: hid_t, path: String) throws -> HDF5Dataset {
        let damaged = "has a damaged dataset '\(path)'"
        try checkStorage(of: id, path: path)
        let type = try HDF5Handle(H5Dget_type(id), close: H5Tclose, damaged)
        let (size, numberClass) = (H5Tget_size(type.id), H5Tget_class(type.id))
        switch numberClass {
        case H5T_FLOAT where [2, 4, 8].contains(size), H5T_INTEGER where [1, 2, 4, 8].contains(size): break
        case H5T_REFERENCE: throw HDF5Problem("has '\(path)' as references to other places, which are not followed")
        default: throw HDF5Problem("has '\(path)' as something else than numbers of 8 to 64 bits")
        }
        let space = try HDF5Handle(H5Dget_space(id), close: H5Sclose, damaged)
        let shape = try self.shape(of: space.id, path: path)
        let count = try checkedCount(shape, size: size, stored: H5Dget_storage_size(id), path: path)
        if numberClass == H5T_FLOAT {
            var values = [Float](repeating: 0, count: count)
            if count > 0 { try HDF5Library.check(H5Dread(id, weft_h5_native_float(), 0, 0, 0, &values), damaged) }
            return HDF5Dataset(shape: shape, values)
        }
        var values = [Int64](repeating: 0, count: count)
        if count > 0 { try HDF5Library.check(H5Dread(id, weft_h5_native_int64(), 0, 0, 0, &values), damaged) }
        return HDF5Dataset(shape: shape, integers: values)
    }

    private func checkStorage(of id: hid_t, path: String) throws {
        let damaged = "has a damaged dataset '\(path)'"
        let properties = try HDF5Handle(H5Dget_create_plist(id), close: H5Pclose, damaged)
        switch H5Pget_layout(properties.id) {
        case H5D_COMPACT, H5D_CONTIGUOUS, H5D_CHUNKED: break
        case H5D_VIRTUAL:
            throw HDF5Problem("has '\(path)' as a virtual dataset made of other files, which are not opened")
        default: throw HDF5Problem(damaged)
        }
        guard try HDF5Library.check(H5Pget_external_count(properties.id), damaged) == 0 else {
            throw HDF5Problem("keeps the values of '\(path)' in another file, which is not opened")
        }
        guard try HDF5Library.check(H5Pget_nfilters(properties.id), damaged) == 0 else {
            throw HDF5Problem("has '\(path)' compressed or filtered; write it again without, as Keras does")
        }
    }

    private func shape(of space: hid_t, path: String) throws -> [Int] {
        let damaged = "has a damaged dataset '\(path)'"
        switch H5Sget_simple_extent_type(space) {
        case H5S_SCALAR: return []
        case H5S_SIMPLE: break
        default: throw HDF5Problem("has no values in '\(path)'")
        }
        let rank = Int(try HDF5Library.check(H5Sget_simple_extent_ndims(space), damaged))
        var lengths = [hsize_t](repeating: 0, count: max(rank, 1))
        try HDF5Library.check(H5Sget_simple_extent_dims(space, &lengths, nil), damaged)
        return try lengths.prefix(rank).map {
            guard let length = Int(exactly: $0) else { throw HDF5Problem("says that '\(path)' is \(lengths) large") }
            return length
        }
    }

    /// The number of values, once as many bytes as they need are known to be in the file.
    private mutating func checkedCount(_ shape: [Int], size: Int, stored: hsize_t, path: String) throws -> Int {
        var count = 1
        var isTooLarge = false
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            (count, isTooLarge) = (product, isTooLarge || overflow)
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard !isTooLarge, !overflow, bytes <= bytesLeft, hsize_t(bytes) <= stored else {
            throw HDF5Problem(
                "says that '\(path)' has the shape \(shape), for which there are not enough bytes in the file")
        }
        bytesLeft -= bytes
        return count
    }

    // MARK: Attributes

    private func attributes(of id: hid_t, path: String) throws -> [String: HDF5Attribute] {
        var names: [String] = []
        let status = withUnsafeMutablePointer(to: &names) { pointer in
            H5Aiterate2(
                id, H5_INDEX_NAME, H5_ITER_INC, nil,
                { _, name, _, context in
                    context!.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name!))
                    return 0
                }, pointer)
        }
        try HDF5Library.check(status, "has damaged attributes at '\(path)'")
        var attributes: [String: HDF5Attribute] = [:]
        for name in names { attributes[name] = try attribute(name, of: id, path: path) }
        return attributes
    }

    private func attribute(_ name: String, of id: hid_t, path: String) throws -> HDF5Attribute {
        let damaged = "has a damaged attribute '\(name)' at '\(path)'"
        let attribute = try HDF5Handle(H5Aopen(id, name, 0), close: H5Aclose, damaged)
        let type = try HDF5Handle(H5Aget_type(attribute.id), close: H5Tclose, damaged)
        let space = try HDF5Handle(H5Aget_space(attribute.id), close: H5Sclose, damaged)
        let count = Int(exactly: try HDF5Library.check(H5Sget_simple_extent_npoints(space.id), damaged)) ?? .max
        let isScalar = H5Sget_simple_extent_type(space.id) == H5S_SCALAR
        // No names at all are written as an empty list of numbers.
        if count == 0 { return .strings([]) }
        guard H5Tget_class(type.id) == H5T_STRING else { return .other }
        let isVariable = try HDF5Library.check(H5Tis_variable_str(type.id), damaged) > 0
        let size = isVariable ? 16 : H5Tget_size(type.id)
        let (bytes, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
        guard !overflow, bytes <= byteCount else { throw HDF5Problem(damaged) }
        let strings =
            try isVariable
            ? variableStrings(attribute.id, type.id, space.id, count, damaged)
            : fixedStrings(attribute.id, type.id, count, size, damaged)
        return isScalar ? .string(strings[0]) : .strings(strings)
    }

    private func fixedStrings(
        _ attribute: hid_t, _ type: hid_t, _ count: Int, _ size: Int, _ damaged: String
    ) throws -> [String] {
        var bytes = [UInt8](repeating: 0, count: count * size)
        try HDF5Library.check(H5Aread(attribute, type, &bytes), damaged)
        return try (0..<count).map { index in
            let text = bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }
            guard let string = String(validating: text, as: UTF8.self) else { throw HDF5Problem(damaged) }
            return string
        }
    }

    private func variableStrings(
        _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ count: Int, _ damaged: String
    ) throws -> [String] {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        let memoryType = try HDF5Handle(H5Tcopy(type), close: H5Tclose, damaged)
        try HDF5Library.check(H5Aread(attribute, memoryType.id, &pointers), damaged)
        defer { H5Dvlen_reclaim(memoryType.id, space, 0, &pointers) }
        return try pointers.map { pointer in
            guard let pointer else { return "" }
            guard let string = String(validatingCString: pointer) else { throw HDF5Problem(damaged) }
            return string
        }
    }
}
