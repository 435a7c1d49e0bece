"""Records what Keras does, step by step, with the architectures below: the cases that Weft replays.

    python3 make_cases.py [NAME ...]

Needs Keras with jax, and tensorflow and torch for the differences between its own backends, which the bounds follow.
Every case leaves two files here:
    NAME.keras  the compiled model as Keras saved it before training
    NAME.json   what Keras on jax then did with it: the loss of each of the first steps, with the training images in file
                order, then loss, metrics and outputs on test images; and how far the other backends were from these

Inputs: Fashion-MNIST's pixels as float32 / 255. Targets: `labels` (integers), `one_hot`, `image` (the input itself),
`clock` (hour: the label as a class, minute: the mean pixel as a number). Nothing is random after the model was made, and
no bias comes before a batch normalisation: its gradient is 0 but for rounding, which Adam and RMSprop make large steps of.
"""
import gzip, json, os, subprocess, sys

BACKEND = os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from keras import layers as L, losses, optimizers as O, regularizers as R

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
OTHER_BACKENDS = ["tensorflow", "torch"]
BATCH, STEPS = 32, 40
# Where the backends themselves are far apart, a case shows nothing. Keras's average pooling with `same` padding is not
# here for that reason: on torch it counts the padding.
I, S, M = keras.Input, keras.Sequential, keras.Model
SPARSE = "sparse_categorical_crossentropy"


def depthwise_separable_rmsprop():
    m = S([I((28, 28, 1)), L.Conv2D(8, 3, strides=2, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(6.0),
           L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="relu"),
           L.SeparableConv2D(24, (2, 3), depth_multiplier=2, use_bias=False), L.BatchNormalization(momentum=0.9, epsilon=1e-2),
           L.ReLU(negative_slope=0.1), L.GlobalAveragePooling2D(), L.Dense(10, activation="softmax")])
    m.compile(O.RMSprop(2e-4, rho=0.95, momentum=0.8, epsilon=1e-4), SPARSE, metrics=["accuracy"])
    return m, "labels"


def layernorm_prelu_nesterov():
    m = S([I((28, 28, 1)), L.Conv2D(8, 3, padding="same"), L.LayerNormalization(), L.PReLU(shared_axes=[1, 2]),
           L.AveragePooling2D(2), L.Conv2D(12, (3, 2)), L.LayerNormalization(axis=[1, 2, 3], center=False),
           L.PReLU(alpha_initializer="glorot_uniform"), L.AveragePooling2D(3, strides=2), L.Flatten(),
           L.Dense(10, activation="softmax")])
    m.compile(O.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=0.5), SPARSE, metrics=["accuracy"])
    return m, "labels"


def functional_shared_merges():
    x = I((28, 28, 1), name="picture")
    small = L.AveragePooling2D(2)(x)
    conv = L.Conv2D(6, 3, padding="same", activation="relu", name="shared")
    a, b = conv(small), conv(L.MaxPooling2D(2)(x))
    inner = S([I((14, 14, 6)), L.Conv2D(6, 1, use_bias=False), L.BatchNormalization(), L.Activation("swish")], name="inner")
    c = L.Add()([inner(a), b, L.Multiply()([a, b])])
    d = L.Concatenate()([L.Subtract()([a, b]), L.Average()([a, c]), L.Maximum()([b, c]), L.Minimum()([inner(b), a])])
    y = L.Dense(10, activation="softmax")(L.Flatten()(L.MaxPooling2D(2, padding="same")(d)))
    m = M(x, y)
    m.compile(O.Adam(2e-3), SPARSE, loss_weights=[0.5], metrics=["accuracy"])
    return m, "labels"


def autoencoder_binary_crossentropy():
    m = S([I((28, 28, 1)), L.Conv2D(8, 3, strides=2, activation="elu"), L.ZeroPadding2D(((0, 1), (1, 0))),
           L.Conv2D(4, 3, strides=2, padding="same", activation="tanh"), L.UpSampling2D((2, 3)),
           L.Conv2DTranspose(6, (3, 2), strides=2, activation="silu"), L.Cropping2D(((0, 1), (10, 4))),
           L.Conv2D(1, 3, padding="same", activation="sigmoid")])
    m.compile(O.Adam(5e-3, beta_1=0.8, epsilon=1e-5, global_clipnorm=1.0), "binary_crossentropy", metrics=["mae"])
    return m, "image"


def clock_huber_adagrad():
    x = I((28, 28, 1), name="face")
    h = L.Dense(32, activation="relu")(L.Flatten()(L.AveragePooling2D(2)(x)))
    frozen = L.Dense(24, activation="sigmoid", name="frozen")
    frozen.trainable = False
    hour = L.Dense(10, activation="softmax", name="hour")(L.Concatenate()([h, frozen(h)]))
    minute = L.Dense(1, name="minute")(h)
    m = M(inputs=x, outputs={"minute": minute, "hour": hour})
    m.compile(O.Adagrad(0.05, initial_accumulator_value=0.2), {"hour": SPARSE, "minute": "huber"},
              loss_weights={"hour": 0.3, "minute": 20.0}, metrics={"hour": ["accuracy"], "minute": ["mse", "mae"]})
    return m, "clock"


def spatial_label_smoothing():
    m = S([I((28, 28, 1)), L.Rescaling(2.0, offset=-1.0), L.Cropping2D(((2, 3), (1, 2))), L.ZeroPadding2D((1, 3)),
           L.Conv2D(6, 5, strides=(2, 3), activation="relu"), L.Permute((3, 1, 2)), L.Reshape((11, -1, 3)),
           L.UpSampling2D((1, 2)), L.Conv2D(8, 3, activation="leaky_relu"), L.GlobalMaxPooling2D(), L.RepeatVector(3),
           L.Dense(5, activation="tanh"), L.Flatten(), L.ELU(0.7), L.Dense(10), L.Softmax()])
    m.compile(O.Adam(3e-3, clipvalue=0.01), losses.CategoricalCrossentropy(label_smoothing=0.1),
              metrics=["accuracy", "top_k_categorical_accuracy"])
    return m, "one_hot"


def grouped_dilated_schedule():
    m = S([I((28, 28, 1)), L.Conv2D(8, 3, dilation_rate=2, activation="softplus"), L.MaxPooling2D(3, strides=2),
           L.Conv2D(12, (1, 3), groups=4, padding="same", activity_regularizer=R.L2(1e-3), activation="selu"),
           L.MaxPooling2D(2), L.Flatten(),
           L.Dense(24, kernel_regularizer=R.L1L2(1e-4, 1e-3), bias_regularizer=R.L1(1e-2), activation="hard_sigmoid"),
           L.Dense(10)])
    m.compile(O.SGD(O.schedules.ExponentialDecay(0.1, 7, 0.8, staircase=True), momentum=0.5),
              losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return m, "labels"


def strided_same_elu_tanh():
    m = S([I((28, 28, 1)), L.Conv2D(24, 5, strides=2, padding="same", activation="elu"),
           L.Conv2D(32, 3, strides=(2, 1), padding="same", activation="tanh"),
           L.Conv2D(17, (2, 4), strides=2, padding="same", activation="elu"), L.Flatten(),
           L.Dense(40, activation="tanh"), L.Dense(10, activation="softmax")])
    m.compile(O.RMSprop(1e-3), SPARSE, metrics=["accuracy"])
    return m, "labels"


def relu6_black_border():
    m = S([I((28, 28, 1)), L.Conv2D(12, 3, strides=2, padding="same", activation="relu6"),
           L.Conv2D(16, 3, strides=2, padding="same", activation="gelu"), L.Flatten(), L.Dense(16, activation="relu6"),
           L.Dense(196, activation="selu"), L.Reshape((7, 7, 4)), L.UpSampling2D(),
           L.Conv2DTranspose(1, 3, strides=2, padding="same")])
    m.compile(O.SGD(0.01, momentum=0.9, nesterov=True), "mse")
    return m, "image"


CASES = [depthwise_separable_rmsprop, layernorm_prelu_nesterov, functional_shared_merges,
         autoencoder_binary_crossentropy, clock_huber_adagrad, spatial_label_smoothing, grouped_dilated_schedule,
         strided_same_elu_tanh, relu6_black_border]


def images(split, count):
    with gzip.open(f"{DATA}/{split}-images-idx3-ubyte.gz") as f:
        pixels = np.frombuffer(f.read(), np.uint8, offset=16)[: count * 784]
    with gzip.open(f"{DATA}/{split}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(), np.uint8, offset=8)[:count]
    return pixels.reshape(-1, 28, 28, 1).astype("float32") / np.float32(255), labels


def targets(kind, x, labels):
    if kind == "labels":
        return labels.astype("int32")
    if kind == "one_hot":
        return np.eye(10, dtype="float32")[labels]
    if kind == "image":
        return x
    return {"hour": labels.astype("int32"), "minute": x.reshape(len(x), -1).mean(1, keepdims=True)}


def train(model, kind):
    """The losses of the steps, then loss and metrics on 1,000 test images and the outputs for 4."""
    x, labels = images("train", BATCH * STEPS)
    y = targets(kind, x, labels)
    steps = []
    for start in range(0, len(x), BATCH):
        part = slice(start, start + BATCH)
        model.reset_metrics()
        target = {k: v[part] for k, v in y.items()} if kind == "clock" else y[part]
        steps.append(float(model.train_on_batch(x[part], target, return_dict=True)["loss"]))
    x, labels = images("t10k", 1000)
    test = model.evaluate(x, targets(kind, x, labels), batch_size=100, verbose=0, return_dict=True)
    outputs = model.predict(x[:4], verbose=0)
    rows = lambda values: np.asarray(values).reshape(4, -1)[:, :16].tolist()
    return {
        "loss_per_step": steps, "test_first_1000": {k: float(v) for k, v in test.items()},
        "outputs_first_4_test_images_first_16_values":
            {k: rows(v) for k, v in outputs.items()} if isinstance(outputs, dict) else rows(outputs)}


def differences(record, other):
    """How far another backend's numbers are from the recorded ones: losses relatively, outputs absolutely."""
    relative = lambda a, b: abs(a - b) / abs(a)
    steps = [relative(a, b) for a, b in zip(record["loss_per_step"], other["loss_per_step"], strict=True)]
    flat = lambda r: np.concatenate([
        np.ravel(v) for _, v in sorted(r.items())] if isinstance(r, dict) else [np.ravel(r)])
    key = "outputs_first_4_test_images_first_16_values"
    figures = {
        "loss_first_10_steps": max(steps[:10]), "loss_all_steps": max(steps),
        "test_loss": relative(record["test_first_1000"]["loss"], other["test_first_1000"]["loss"]),
        "outputs": np.abs(flat(record[key]) - flat(other[key])).max()}
    return {name: float(f"{value:.1e}") for name, value in figures.items()}


def replay(name, kind):
    """The same by another backend, in a process of its own."""
    model = keras.saving.load_model(f"{HERE}/{name}.keras")
    # Compiling takes torch minutes and changes nothing.
    model.jit_compile = BACKEND != "torch"
    print(json.dumps(train(model, kind)))


def record(case):
    name = case.__name__
    keras.utils.set_random_seed(20211)
    model, kind = case()
    model.save(f"{HERE}/{name}.keras")
    # What is recorded is what the file says: Keras does not save everything, such as Huber's delta.
    model = keras.saving.load_model(f"{HERE}/{name}.keras")
    result = {
        "case": name, "keras": keras.__version__, "backend": BACKEND, "dataset": "fashion-mnist", "targets": kind,
        "batch_size": BATCH, "steps": STEPS, "shuffle": False, "parameters": model.count_params(), **train(model, kind)}
    others = {}
    for backend in OTHER_BACKENDS:
        output = subprocess.run(
            [sys.executable, __file__, "--replay", name, kind], env={**os.environ, "KERAS_BACKEND": backend},
            stdout=subprocess.PIPE, check=True).stdout
        others[backend] = differences(result, json.loads(output.splitlines()[-1]))
    result["largest_relative_difference_of_other_keras_backends"] = others
    with open(f"{HERE}/{name}.json", "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    steps = result["loss_per_step"]
    print(f"{name:32s} {model.count_params():6d} parameters, {steps[0]:.5f} -> {steps[-1]:.5f} {others}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--replay"]:
        replay(*sys.argv[2:])
    else:
        for case in CASES:
            if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
                record(case)
