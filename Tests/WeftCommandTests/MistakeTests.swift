import Foundation
import Testing

/// What a user can get wrong: one or two lines on standard error, a status that is not 0, nothing left behind.
@Suite struct MistakeTests {
    /// Broken files to name in a command.
    private func prepare(_ weft: Weft) throws {
        try weft.write("layers:\n  - Flatten\n  - Dense: {units: ten}\n", to: "word.yaml")
        try weft.write("layers: [Flatten\n", to: "open.yaml")
        try weft.write(
            "default_input: [28, 28, 1]\nlayers:\n  - MaxPooling2D: 7\n  - Conv2D: {filters: 2, kernel_size: 5}\n  - Flatten\n  - Dense: 10\n",
            to: "large.yaml")
        try weft.write("layers:\n  - Flatten\n  - Dense: {units: 5, activation: softmax}\n", to: "five.yaml")
        try weft.write("layers:\n  - Dense: {units: 10, activation: softmax}\n", to: "unflat.yaml")
        try weft.write(
            "layers:\n  - Flatten\n  - Dense: 2000000000\n  - Dense: {units: 10, activation: softmax}\n",
            to: "vast.yaml")
        try weft.write("no folder", to: "file")
        try FileManager.default.createDirectory(at: weft.url("full"), withIntermediateDirectories: true)
        try weft.write("x", to: "full/x")
        let manager = FileManager.default
        try manager.createDirectory(at: weft.url("empty"), withIntermediateDirectories: true)
        func damage(_ name: String, _ file: String, _ change: (inout Data) -> Void) throws {
            try manager.copyItem(at: weft.url("data"), to: weft.url(name))
            var data = try Data(contentsOf: weft.url("\(name)/\(file)"))
            change(&data)
            try data.write(to: weft.url("\(name)/\(file)"))
        }
        try damage("short", "train-images-idx3-ubyte") { $0.removeLast(1000) }
        try damage("wrong", "t10k-labels-idx1-ubyte") { $0 = Data("hello, world".utf8) }
        try damage("label", "train-labels-idx1-ubyte") { $0[50] = 77 }
        try damage("half", "train-labels-idx1-ubyte") { _ in }
        try manager.removeItem(at: weft.url("half/train-labels-idx1-ubyte"))
    }

    @Test(arguments: [
        ("train smal-cnn", 1, "unknown model 'smal-cnn' (did you mean 'small-cnn'?)"),
        ("summary smal-cnn", 1, "unknown model 'smal-cnn' (did you mean 'small-cnn'?)"),
        ("train none.yaml", 1, "none.yaml: there is no such model file"),
        ("train word.yaml", 1, "word.yaml:3: Dense: units: expected an integer, got \"ten\""),
        ("train open.yaml", 1, "open.yaml:2: not valid YAML"),
        (
            "train large.yaml", 1,
            "large.yaml:4: layer 'conv2d' (Conv2D), input (4, 4, 1): a 5×5 kernel does not fit an input of 4×4"
        ),
        ("summary tiny.yaml --input 3,x", 2, "--input '3,x': expected positive numbers such as 28,28,1"),
        ("train five.yaml", 1, "layer 'dense' gives 5 outputs, but fashion-mnist train has 10 classes"),
        ("train unflat.yaml", 1, "the output (32, 28, 28, 10) expects targets (32, 28, 28), got class numbers (32,)"),
        ("train vast.yaml", 1, "MB of memory are needed, this machine has "),
        ("train empty", 1, "empty is not a run: it has no model.yaml"),
        ("train tiny.yaml --data fashion", 1, "there is no dataset \"fashion\"; did you mean fashion-mnist?"),
        ("train tiny.yaml --data-dir none", 1, "none: there is no such file or folder"),
        ("train tiny.yaml --data-dir empty", 1, "empty: the folder has no Fashion-MNIST"),
        ("train tiny.yaml --data-dir half", 1, "half: the folder lacks train-labels-idx1-ubyte[.gz] of Fashion-MNIST"),
        ("train tiny.yaml --data-dir short", 1, "short/train-images-idx3-ubyte"),
        ("train tiny.yaml --data-dir wrong", 1, "wrong/t10k-labels-idx1-ubyte"),
        ("train tiny.yaml --data-dir label", 1, "label/train-labels-idx1-ubyte"),
        ("train tiny.yaml --take 0", 1, "0 images cannot be taken of fashion-mnist train; expected 1 to 300"),
        ("train tiny.yaml --take 301", 1, "301 images cannot be taken of fashion-mnist train; expected 1 to 300"),
        ("train tiny.yaml --out full", 1, "full exists already: choose another --out, or remove it"),
        ("train tiny.yaml --out file", 1, "file exists already: choose another --out, or remove it"),
        ("train tiny.yaml --out file/x", 1, "the folder 'file/x' cannot be made: Not a directory"),
        ("train tiny.yaml --learning-rate abc", 2, "'abc' is invalid for '--learning-rate <learning-rate>'"),
        ("train tiny.yaml --learning-rate nan", 2, "--learning-rate nan: expected a number greater than 0"),
        ("train tiny.yaml --learning-rate 0", 2, "--learning-rate 0.0: expected a number greater than 0"),
        ("train tiny.yaml --optimizer adam --momentum 0.9", 2, "--momentum: adam has no momentum; sgd and rmsprop do"),
        ("train tiny.yaml --optimizer sgd --momentum 1", 2, "--momentum 1.0: expected a number from 0 to less than 1"),
        ("train tiny.yaml --validation-split 0.1 --validation-count 3", 2, "give one"),
        ("train tiny.yaml --validation-first", 2, "--validation-first goes with --validation-count"),
        ("train tiny.yaml --validation-split 1.5", 1, "the validation split is 1.5; expected a number between 0 and 1"),
        ("train tiny.yaml --validation-count 300", 1, "leaves no image for training"),
        ("train tiny.yaml --optimizer addam", 1, "unknown optimizer 'addam' (did you mean 'adam'?)"),
        ("train tiny.yaml --loss mme", 1, "unknown loss 'mme' (did you mean "),
        ("train tiny.yaml --epochs 0", 1, "epochs must be at least 1, got 0"),
        ("train tiny.yaml --batch-size 0", 1, "batch size must be at least 1, got 0"),
        ("train tiny.yaml --threads 0", 2, "--threads 0: expected a number from 1 to 1024"),
        ("train tiny.yaml --seed -1", 2, "--seed"),
        ("train tiny.yaml --bogus", 2, "Unknown option '--bogus'"),
        ("train", 2, "Missing expected argument '<model>'"),
        ("trian", 2, "'trian'"),
        ("evaluate none", 1, "there is no run or model file at none"),
        ("evaluate tiny.yaml", 1, "tiny.yaml is not a run: it has no model.yaml"),
        ("evaluate empty --split tset", 2, "'tset' is invalid for '--split <split>'"),
        ("predict empty file", 1, "empty is not a run: it has no model.yaml"),
        ("bench dense12", 2, "unknown workload 'dense12'; there are dense128, fc000, cnn64, small000, big000, cnn001"),
        ("bench none.yaml", 1, "none.yaml: there is no such model file"),
        ("bench dense128 --batch-size 0", 2, "--batch-size 0: expected at least 1"),
        (
            "bench dense128 --batch-size 301", 2,
            "dense128: a batch of 301 is more than the 300 images there are: choose a smaller --batch-size"
        ),
        ("bench dense128 --predict --profile", 2, "--predict and --profile: the parts that are shown are those of"),
        ("predict empty", 2, "name images to predict, or a dataset with --data"),
        ("predict empty --take 5", 2, "name the dataset with --data, such as --data fashion-mnist"),
        ("predict empty file --data fashion-mnist", 2, "images, or a dataset with --data: not both"),
        ("predict empty file --split test", 2, "images, or a dataset with --data: not both"),
        ("predict empty --data fashion-mnist --invert", 2, "--invert goes with images of files"),
        ("predict empty --data fashion-mnist --threads 0", 2, "--threads 0: expected a number from 1 to 1024"),
        ("summary dense-128 --batch-size 8", 2, "--data and --batch-size belong to --program"),
        ("summary dense-128 --program --input 28,28,1", 2, "--input: with --program the data says how large"),
        ("bench dense128 --repeats 0", 2, "--repeats 0: expected at least 1"),
        (
            "data show fashion-mnist --count 0 -o g.png", 1,
            "0 images cannot be taken of fashion-mnist train; expected 1 to 300"
        ),
        ("data show fashion-mnist --count 3 -o none/g.png", 2, "none/g.png cannot be written: "),
        ("data show cifar", 1, "there is no dataset \"cifar\""),
    ])
    func mistakesAreAnswered(_ command: String, _ status: Int32, _ expected: String) throws {
        try Weft.use { weft in
            try prepare(weft)
            let before = try weft.contents()
            let outcome = try weft.run(command.split(separator: " ").map(String.init))
            #expect(outcome.status == status, "\(outcome)")
            #expect(1...2 ~= outcome.errorLines.count && outcome.errors.hasPrefix("weft: "), "\(outcome)")
            #expect(outcome.errors.contains(expected), "\(outcome)")
            #expect(!outcome.hasControlCharacters)
            #expect(try weft.contents() == before, "nothing is left behind")
        }
    }

    @Test func aBadPictureIsNamed() throws {
        try Weft.use { weft in
            #expect(try weft("train", "tiny.yaml", "--take", "20", "--out", "out").status == 0)
            try weft.write("no picture", to: "a.png")
            for (name, expected) in [("a.png", "a.png"), ("none.png", "none.png")] {
                let outcome = try weft("predict", "out", name)
                #expect(outcome.status == 1 && outcome.errorLines.count == 1 && outcome.output.isEmpty, "\(outcome)")
                #expect(outcome.errors.contains(expected))
            }
            try FileManager.default.removeItem(at: weft.url("out/weights.safetensors"))
            #expect(try weft("evaluate", "out").errors.hasPrefix("weft: out has no weights.safetensors"))
            try weft.write("12345678{}", to: "out/weights.safetensors")
            let broken = try weft("evaluate", "out")
            #expect(
                broken.status == 1 && broken.errors.contains("out/weights.safetensors") && broken.errorLines.count == 1)
        }
    }

    @Test func anExplosionEndsWithItsOwnStatus() throws {
        try Weft.use { weft in
            let run = try weft(
                "train", "tiny.yaml", "--optimizer", "sgd", "--learning-rate", "1e38", "--log-steps", "--out", "out")
            #expect(run.status == 3 && run.errorLines.count == 2, "\(run)")
            #expect(run.errors.hasPrefix("weft: the loss is ") && run.errors.contains(" in epoch 1, step "))
            #expect(run.errors.contains("; the first bad value is in layer 'dense") && !run.errors.contains("-nan"))
            let record = try weft.record("out")
            #expect(record["status"] as? String == "failed" && weft.exists("out/weights.safetensors"))
            #expect(try weft.table("out/steps.csv").count >= 2)
            #expect(try weft("evaluate", "out").status == 0, "the weights before that step are good ones")
        }
    }
}
