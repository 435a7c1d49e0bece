import Foundation
import WeftGraph

/// A folder with made-up files in the place of Fashion-MNIST's: 28×28 pictures whose bright stripe tells their class.
enum SmallFashion {
    static func write(to folder: URL, train: Int, test: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (prefix, count, seed) in [("train", train, UInt64(1)), ("t10k", test, 2)] {
            let random = Philox(seed: seed, stream: 1)
            let labels = (0..<count).map { UInt8(random.integer($0, below: 10)) }
            var pixels = [UInt8](repeating: 0, count: count * 784)
            for place in pixels.indices {
                let (image, row) = (place / 784, place % 784 / 28)
                pixels[place] = UInt8(random.integer(count + place, below: 60)) + (row / 2 == labels[image] ? 180 : 0)
            }
            try idx([count, 28, 28], pixels).write(to: folder.appending(path: "\(prefix)-images-idx3-ubyte"))
            try idx([count], labels).write(to: folder.appending(path: "\(prefix)-labels-idx1-ubyte"))
        }
    }

    private static func idx(_ dimensions: [Int], _ elements: [UInt8]) -> Data {
        let lengths = dimensions.flatMap { length in withUnsafeBytes(of: UInt32(length).bigEndian) { [UInt8]($0) } }
        return Data([0, 0, 8, UInt8(dimensions.count)] + lengths + elements)
    }
}
