/// What can be wrong with a dataset or with what is asked of it. Each text says where, what was expected and found.
public enum DataError: Error, Equatable, CustomStringConvertible {
    case unknownDataset(name: String, known: [String], nearest: [String])
    case notFound(dataset: String, lookedIn: [String], download: String, advice: String)
    /// A folder that was named for this dataset lacks some of its files, or has none of them.
    case filesMissing(dataset: String, folder: String, files: [String], hasSome: Bool)
    case downloadFailed(address: String, reason: String)
    /// An option behind a dataset's name that makes no sense.
    case setting(dataset: String, problem: String)

    case empty(dataset: String)
    case imageShape(dataset: String, found: String, expected: String)
    case countsDiffer(dataset: String, images: Int, labels: Int)
    case labelOutOfRange(dataset: String, index: Int, label: Int, classes: Int)
    case tooLarge(dataset: String, images: Int, imageShape: String)

    case takeOutOfRange(dataset: String, requested: Int, available: Int)
    case indexOutOfRange(dataset: String, index: Int, count: Int)
    case fractionOutOfRange(Double)
    case splitLeavesNothing(dataset: String, available: Int, validation: Int)
    case batchSize(Int)

    public var description: String {
        switch self {
        case .unknownDataset(let name, let known, let nearest):
            let hint = nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?"
            return "there is no dataset \"\(name)\"\(hint)\nKnown: \(known.joined(separator: ", "))"
        case .notFound(let dataset, let places, let download, let advice):
            return "\(dataset) is in none of \(places.joined(separator: ", ")); \(download)\n\(advice)"
        case .filesMissing(let dataset, let folder, let files, let hasSome):
            let missing = files.map { "\($0)[.gz]" }.joined(separator: ", ")
            return hasSome
                ? "\(folder): the folder lacks \(missing) of \(dataset)"
                : "\(folder): the folder has no \(dataset); expected \(missing)"
        case .downloadFailed(let address, let reason): return "\(address) could not be downloaded: \(reason)"
        case .setting(let dataset, let problem): return "\(dataset): \(problem)"
        case .empty(let dataset): return "\(dataset) has no images; expected at least one"
        case .imageShape(let dataset, let found, let expected):
            return "\(dataset): the images are \(found); expected \(expected)"
        case .countsDiffer(let dataset, let images, let labels):
            return "\(dataset) has \(images) images but \(labels) labels; expected as many of each"
        case .labelOutOfRange(let dataset, let index, let label, let classes):
            return "\(dataset): label number \(index) is \(label); expected 0 to \(classes - 1), for \(classes) classes"
        case .tooLarge(let dataset, let images, let imageShape):
            return
                "\(dataset): there is no memory for \(images) images of \(imageShape); expected fewer or smaller ones"
        case .takeOutOfRange(let dataset, let requested, let available):
            return "\(requested) images cannot be taken of \(dataset); expected 1 to \(available)"
        case .indexOutOfRange(let dataset, let index, let count):
            return "\(dataset) has no image number \(index); expected 0 to \(count - 1)"
        case .fractionOutOfRange(let fraction):
            return "the validation split is \(fraction); expected a number between 0 and 1, such as 0.1"
        case .splitLeavesNothing(let dataset, let available, let validation):
            return "\(validation) of the \(available) images of \(dataset) for validation leaves no image for "
                + (validation < 1 ? "validation" : "training") + "; expected 1 to \(available - 1)"
        case .batchSize(let size): return "the batch size is \(size); expected at least 1"
        }
    }
}
