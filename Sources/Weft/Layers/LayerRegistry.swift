/// The layers a file can name: a closed list, so that no file runs code.
public enum LayerRegistry {
    /// Every layer but a model, by Keras's class name.
    public static let types: [any Layer.Type] = [
        Dense.self, Activate.self, Flatten.self, Reshape.self, Permute.self, RepeatVector.self, Rescaling.self,
        Conv2D.self, Conv2DTranspose.self, DepthwiseConv2D.self, SeparableConv2D.self,
        MaxPooling2D.self, AveragePooling2D.self, GlobalMaxPooling2D.self, GlobalAveragePooling2D.self,
        UpSampling2D.self, ZeroPadding2D.self, Cropping2D.self,
        BatchNormalization.self, LayerNormalization.self,
        Dropout.self, SpatialDropout2D.self, GaussianDropout.self, GaussianNoise.self, Sampling.self,
        RandomFlip.self, RandomRotation.self, RandomTranslation.self, RandomZoom.self, RandomContrast.self,
        ReLU.self, LeakyReLU.self, PReLU.self, ELU.self, Softmax.self,
        Add.self, Subtract.self, Multiply.self, Average.self, Maximum.self, Minimum.self, Concatenate.self,
    ]

    static let table = ClassTable<any Layer>(kind: "layer", entries: types.map { entry($0) } + [model])

    /// Keras's two kinds of models as layers of another one; `Model` is what older files call the second.
    private static let model = ClassTable<any Layer>.Entry("Sequential", "Functional", "Model") { try Model.read($0) }

    private static func entry<L: Layer>(_ type: L.Type) -> ClassTable<any Layer>.Entry {
        .init(type.className) { try L(layer: $0) }
    }

    /// What a class of Weft's own is registered as in a file of Keras's; `nil` for a class of Keras's.
    ///
    /// Keras reads such a file where a class is registered under that name, as the article on generative models shows.
    static func registeredName(_ className: String) -> String? {
        className == Sampling.className ? "Weft>" + className : nil
    }

    /// The class names in the order of `types`.
    public static var classNames: [String] { table.names }

    /// Reads a layer: `Flatten`, `{Dropout: 0.2}`, `{Dense: {units: 10}}` or Keras's `{class_name, config}`.
    ///
    /// - Throws: `ConfigurationError` for a class that is not in the list, with the nearest ones, or a bad argument.
    public static func layer(_ node: ConfigurationNode) throws -> any Layer { try table.read(node) }
}
