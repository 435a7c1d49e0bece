/// How near a generative model's images come to real ones, as a report says it.
public struct ImageScores: Sendable {
    /// Above the figures.
    public var title: String
    /// In whose feature space images were compared, with its accuracy.
    public var classifier: String
    /// Which images were compared with which.
    public var comparison: String
    /// Of the trained model.
    public var model: Score
    /// Of training images: what a generator of real images would get.
    public var training: Score?
    /// Of the epochs that were scored, in order.
    public var epochs: [Score]

    public struct Score: Hashable, Sendable {
        public var epoch: Int?
        public var frechetDistance: Double
        public var precision: Double
        public var recall: Double

        public init(epoch: Int?, frechetDistance: Double, precision: Double, recall: Double) {
            self.epoch = epoch
            self.frechetDistance = frechetDistance
            self.precision = precision
            self.recall = recall
        }

        /// As a page's table has them.
        var cells: [String] { [significant(frechetDistance), fixed(precision, 3), fixed(recall, 3)] }
    }

    public init(
        title: String, classifier: String, comparison: String, model: Score, training: Score?, epochs: [Score]
    ) {
        self.title = title
        self.classifier = classifier
        self.comparison = comparison
        self.model = model
        self.training = training
        self.epochs = epochs
    }
}
