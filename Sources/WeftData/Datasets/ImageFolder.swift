import Foundation
import WeftGraph

/// A user's own images: PNG and JPEG files, a folder for each class, in a folder or a tar of it.
///
/// The folders `train` and `test` hold the classes, or there are only classes: then every fifth image of a class, in
/// the order of the names, is one to test on. Where no image is in a folder, all are of one class. Classes are numbered
/// in the order of their names. Images come in an order that is shuffled once and for all, so that the last ones, which
/// may be kept for validation, are of all classes.
///
/// Source: the arrangement is that of Keras's `image_dataset_from_directory`.
public struct ImageFolder: DatasetSource {
    static let kind = DatasetKind(
        name: "folder", place: "PATH",
        summary: "PNG and JPEG images in a folder or .tar: train/ and test/, or one folder for each class",
        source: { ImageFolder(path: $0) })

    /// As the user wrote it.
    let path: String

    public var name: String { "folder:\(path)" }
    public var summary: String { Self.kind.summary }

    public func locate(_ access: DataAccess) throws -> DatasetLocation? {
        DatasetLocation(origin: .place, folder: try collection(access).path)
    }

    public func load(as form: ImageForm, _ access: DataAccess) throws -> DataSplits {
        let collection = try collection(access)
        let what = "images \(form.size?.description ?? "any") \(form.colorMode?.rawValue ?? "any")"
        return try access.decoded.splits(name: name, files: try collection.files(), form: what) {
            let listing = try ImageListing(collection)
            let form = try listing.completed(form, collection)
            return DecodedDataset(
                classNames: listing.classNames, imageShape: [form.size.height, form.size.width, form.mode.channels],
                trainCount: listing.trainCount, testCount: listing.rows.count - listing.trainCount
            ) { pixels in
                try ImageDecoder(listing, form, pixels).decode(collection)
                return listing.labels
            }
        }
    }

    private func collection(_ access: DataAccess) throws -> any ImageCollection {
        guard !path.isEmpty else {
            throw DataFileError(path: name, problem: .unusable(reason: "a path is missing; expected folder:PATH"))
        }
        if let directory = access.directory {
            throw DataFileError(
                path: directory,
                problem: .unusable(reason: "a data folder does not go with \(name), which says where it is"))
        }
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw DataFileError(path: path, problem: .missing)
        }
        return isFolder.boolValue ? FolderOfImages(path: url.path) : ArchiveOfImages(path: url.path)
    }
}
