import WeftData

/// What is asked for in place of what a study's file says.
public struct StudyChanges: Hashable, Sendable {
    public var scale = Scale.full
    public var repeats: Int?
    /// For every variant: as the user would name it, such as `folder:PATH`.
    public var data: String?
    public var imageForm = ImageForm()

    public init(
        scale: Scale = .full, repeats: Int? = nil, data: String? = nil, imageForm: ImageForm = ImageForm()
    ) {
        self.scale = scale
        self.repeats = repeats
        self.data = data
        self.imageForm = imageForm
    }

    /// Whether the numbers are no longer about the images that the file names.
    public var isOfOtherImages: Bool { data != nil || imageForm != ImageForm() }

    /// What tells its runs from those of the study as it is: empty, or words in small letters.
    var suffix: String {
        var words: [String] = []
        if let data { words.append("on-" + VariantCollector.plain(data)) }
        words += imageForm.words
        if !scale.isFull { words.append("scale-\(scale)") }
        return words.map { "-" + $0 }.joined()
    }

    /// The size and colours that images are turned into, in words; empty where they stay as they are.
    public var imageText: String { imageForm.words.joined(separator: ", ") }

    /// As options of `weft study`.
    public var options: [String] {
        var words = data.map { ["--data", $0] } ?? []
        words += imageForm.options
        if !scale.isFull { words += ["--scale", "\(scale)"] }
        if let repeats { words += ["--repeats", "\(repeats)"] }
        return words
    }
}

extension ImageForm {
    /// As options of `weft train` and `weft study`.
    var options: [String] {
        (size.map { ["--image-size", "\($0)"] } ?? []) + (colorMode.map { ["--color-mode", $0.rawValue] } ?? [])
    }

    fileprivate var words: [String] { [size.map { "\($0)" }, colorMode?.rawValue].compactMap { $0 } }
}
