import WeftGraph

/// 28×28 grey pictures of clothes in ten classes: 60,000 to train on, 10,000 to test on.
///
/// Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
/// algorithms", 2017, arXiv:1708.07747.
public enum FashionMNIST {
    public static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// The digests are those of the files at the dataset's own address. They were got from Debian's package, whose
    /// files are the same compressed data with another time and no name in gzip's header: with the original ones put
    /// back, each file has the MD5 that the dataset's README gives, and then this length and SHA-256.
    public static let source = IDXDataset(
        name: "fashion-mnist", title: "Fashion-MNIST",
        summary: "28×28 grey pictures of clothes in 10 classes, 60,000 to train on and 10,000 to test on",
        classNames: classNames, imageShape: [28, 28, 1],
        address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", debianPackage: "dataset-fashion-mnist",
        train: IDXDataset.Files(
            images: IDXDataset.File(
                name: "train-images-idx3-ubyte", gzipBytes: 26_421_880,
                gzipSHA256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            labels: IDXDataset.File(
                name: "train-labels-idx1-ubyte", gzipBytes: 29_515,
                gzipSHA256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845")),
        test: IDXDataset.Files(
            images: IDXDataset.File(
                name: "t10k-images-idx3-ubyte", gzipBytes: 4_422_102,
                gzipSHA256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            labels: IDXDataset.File(
                name: "t10k-labels-idx1-ubyte", gzipBytes: 5_148,
                gzipSHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")))
}
