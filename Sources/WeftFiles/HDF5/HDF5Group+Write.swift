import CHDF5
import Foundation

extension HDF5Group {
    /// The group as the root of a file, with nothing in it that depends on the time or the place.
    ///
    /// - Throws: `HDF5Problem` where the library fails, which only a lack of memory makes it do.
    func hdf5Data() throws -> Data {
        try HDF5Library.locked {
            let access = try HDF5Handle(H5Pcreate(weft_h5_file_access()), close: H5Pclose, "no file can be made")
            try HDF5Library.check(H5Pset_fapl_core(access.id, 1 << 20, false), "no file can be made")
            let file = try HDF5Handle(
                H5Fcreate("memory.h5", weft_h5_truncate(), 0, access.id), close: H5Fclose, "no file can be made")
            let root = try HDF5Handle(H5Gopen2(file.id, "/", 0), close: H5Gclose, "no file can be made")
            try write(to: root.id)
            try HDF5Library.check(H5Fflush(file.id, H5F_SCOPE_GLOBAL), "the file cannot be finished")
            let count = try HDF5Library.check(H5Fget_file_image(file.id, nil, 0), "the file cannot be finished")
            var data = Data(count: count)
            try data.withUnsafeMutableBytes {
                _ = try HDF5Library.check(
                    H5Fget_file_image(file.id, $0.baseAddress, $0.count), "the file cannot be finished")
            }
            return data
        }
    }

    private func write(to id: hid_t) throws {
        for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) { try attribute.write(name, to: id) }
        for child in children {
            switch child.node {
            case .group(let group):
                let handle = try HDF5Handle(
                    H5Gcreate2(id, child.name, 0, 0, 0), close: H5Gclose, "the group '\(child.name)' cannot be made")
                try group.write(to: handle.id)
            case .dataset(let dataset): try dataset.write(child.name, to: id)
            }
        }
    }
}

extension HDF5Dataset {
    fileprivate func write(_ name: String, to group: hid_t) throws {
        let doing = "the dataset '\(name)' cannot be made"
        let lengths = shape.map { hsize_t($0) }
        let space = try HDF5Handle(
            shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), lengths, nil),
            close: H5Sclose, doing)
        let properties = try HDF5Handle(H5Pcreate(weft_h5_dataset_create()), close: H5Pclose, doing)
        try HDF5Library.check(H5Pset_obj_track_times(properties.id, false), doing)
        let type: hid_t
        if case .floats = values { type = weft_h5_float32() } else { type = weft_h5_int64() }
        let dataset = try HDF5Handle(
            H5Dcreate2(group, name, type, space.id, 0, properties.id, 0), close: H5Dclose, doing)
        guard !shape.contains(0) else { return }
        switch values {
        case .floats(let values):
            try HDF5Library.check(H5Dwrite(dataset.id, weft_h5_native_float(), 0, 0, 0, values), doing)
        case .integers(let values):
            try HDF5Library.check(H5Dwrite(dataset.id, weft_h5_native_int64(), 0, 0, 0, values), doing)
        }
    }
}

extension HDF5Attribute {
    fileprivate func write(_ name: String, to object: hid_t) throws {
        let doing = "the attribute '\(name)' cannot be made"
        let type = try HDF5Handle(H5Tcopy(weft_h5_c_string()), close: H5Tclose, doing)
        switch self {
        case .other: return
        case .string(let string):
            // Of any length: only what is short fits beside the object itself.
            try HDF5Library.check(H5Tset_size(type.id, weft_h5_variable_length()), doing)
            try HDF5Library.check(H5Tset_cset(type.id, H5T_CSET_UTF8), doing)
            let space = try HDF5Handle(H5Screate(H5S_SCALAR), close: H5Sclose, doing)
            let attribute = try HDF5Handle(
                H5Acreate2(object, name, type.id, space.id, 0, 0), close: H5Aclose, doing)
            try string.withCString { text in
                var pointer: UnsafePointer<CChar>? = text
                _ = try HDF5Library.check(H5Awrite(attribute.id, type.id, &pointer), doing)
            }
        case .strings(let strings):
            let size = max(1, strings.map(\.utf8.count).max() ?? 0)
            try HDF5Library.check(H5Tset_size(type.id, size), doing)
            try HDF5Library.check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), doing)
            let space = try HDF5Handle(H5Screate_simple(1, [hsize_t(strings.count)], nil), close: H5Sclose, doing)
            let attribute = try HDF5Handle(
                H5Acreate2(object, name, type.id, space.id, 0, 0), close: H5Aclose, doing)
            guard !strings.isEmpty else { return }
            let bytes = strings.flatMap { Array($0.utf8) + [UInt8](repeating: 0, count: size - $0.utf8.count) }
            try HDF5Library.check(H5Awrite(attribute.id, type.id, bytes), doing)
        }
    }
}
