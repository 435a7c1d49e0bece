import Dispatch
import Synchronization

/// Decodes the images of a collection into the rows of a dataset, on all cores.
struct ImageDecoder {
    /// Files that are read before they are decoded together.
    private static let batchCount = 512
    private static let batchBytes = 1 << 25

    private let listing: ImageListing
    private let form: ImageListing.Form
    private let pixels: UnsafeMutableBufferPointer<UInt8>

    private struct Image: Sendable {
        let path: String
        let row: Int
        let contents: [UInt8]
    }

    init(_ listing: ImageListing, _ form: ImageListing.Form, _ pixels: UnsafeMutableBufferPointer<UInt8>) {
        self.listing = listing
        self.form = form
        self.pixels = pixels
    }

    /// - Throws: ``DataFileError`` for an image that cannot be read, or for a collection that is no longer as listed.
    func decode(_ collection: any ImageCollection) throws {
        var batch: [Image] = []
        var byteCount = 0
        var done = 0
        func flush() throws {
            try decode(batch, collection)
            done += batch.count
            (batch, byteCount) = ([], 0)
        }
        try collection.forEach { path, contents in
            guard let row = listing.rows[path] else { return }
            batch.append(Image(path: path, row: row, contents: try contents()))
            byteCount += batch.last!.contents.count
            if batch.count == Self.batchCount || byteCount > Self.batchBytes { try flush() }
        }
        try flush()
        guard done == listing.rows.count else {
            throw DataFileError(path: collection.path, problem: .unusable(reason: "it changes while it is read"))
        }
    }

    private func decode(_ batch: [Image], _ collection: any ImageCollection) throws {
        let failure = Mutex<(index: Int, error: any Error)?>(nil)
        // Each image has rows of its own to write.
        nonisolated(unsafe) let decoder = self
        DispatchQueue.concurrentPerform(iterations: batch.count) { index in
            do {
                try decoder.decode(batch[index], collection)
            } catch {
                // Of several the first, so that a message does not depend on chance.
                failure.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }

    private func decode(_ image: Image, _ collection: any ImageCollection) throws {
        try listing.naming(image.path, collection) {
            let decoded = try PixelImage(encoded: image.contents).converted(to: form.imageForm)
            guard decoded.size == form.size else {
                throw ImageError.unreadable(reason: "it is \(decoded.size), not \(form.size) as it was")
            }
            let start = image.row * form.imageSize
            _ = pixels[start..<start + form.imageSize].update(fromContentsOf: decoded.pixels)
        }
    }
}
