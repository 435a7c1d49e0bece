/// Names of layers as Keras gives them.
enum LayerNames {
    /// The layers' names: their own where they have one, else `dense`, `dense_1`, … in order, passing over those taken.
    static func resolve(_ layers: [any Layer]) -> [String] {
        var taken = Set(layers.compactMap(\.name))
        return layers.map { layer in
            if let name = layer.name { return name }
            let name = unique(snakeCase(layer.displayedClassName), taken)
            taken.insert(name)
            return name
        }
    }

    /// `base`, or `base_1`, `base_2`, … where that is taken.
    static func unique(_ base: String, _ taken: Set<String>) -> String {
        var name = base
        var number = 0
        while taken.contains(name) {
            number += 1
            name = "\(base)_\(number)"
        }
        return name
    }

    /// Keras's conversion of a class name: `MaxPooling2D` → `max_pooling2d`, `LeakyReLU` → `leaky_re_lu`.
    ///
    /// A `_` goes before a capital that begins a word of small letters, and between a small letter and a capital.
    static func snakeCase(_ className: String) -> String {
        let letters = Array(className.filter { $0.isLetter || $0.isNumber })
        var result = ""
        for (index, letter) in letters.enumerated() {
            if index > 0, letter.isUppercase {
                let beginsWord = index + 1 < letters.count && letters[index + 1].isLowercase
                if beginsWord || letters[index - 1].isLowercase { result += "_" }
            }
            result += letter.lowercased()
        }
        return result
    }
}
