"""Writes what Keras computes, for the tests to compare with: layers.json, losses.json, schedules.json, summaries.json,
augmentation.json, activations.json.

    pip install keras jax numpy
    KERAS_BACKEND=jax python make_goldens.py
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
import numpy as np
from keras import layers

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(7)


def numbers(array):
    return [float(f"{x:.9g}") for x in np.asarray(array, dtype=np.float32).ravel()]


def write(name, value):
    (HERE / name).write_text(json.dumps(value, indent=1) + "\n")


def layer_case(layer, *shapes, minimal=None, training=False):
    """One layer applied to random inputs with random weights; `minimal` are the arguments that have no default."""
    inputs = [random.normal(size=(2,) + shape).astype("float32") for shape in shapes]
    argument = inputs if len(inputs) > 1 else inputs[0]
    layer.build([x.shape for x in inputs] if len(inputs) > 1 else inputs[0].shape)
    for weight in layer.weights:
        values = random.normal(size=weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.path else values)
    case = {
        "class_name": type(layer).__name__,
        "config": keras.saving.serialize_keras_object(layer)["config"],
        "input_shapes": [list(shape) for shape in shapes],
        "inputs": [numbers(x) for x in inputs],
        "weights": [
            {"name": w.path.split("/")[-1], "shape": list(w.shape), "trainable": bool(w.trainable), "values": numbers(w)}
            for w in layer.weights
        ],
        "training": training,
    }
    if minimal is not None:
        case["minimal"] = minimal
    # Augmenting layers train unless told otherwise; others may not know the argument.
    output = np.asarray(layer(argument, training=training) if layer._call_has_training_arg else layer(argument))
    case["output_shape"] = list(output.shape[1:])
    case["output"] = numbers(output)
    case["losses"] = float(sum(float(loss) for loss in layer.losses))
    if training:
        case["updated"] = [numbers(w) for w in layer.weights]
    return case


def layer_cases():
    image = (6, 5, 4)
    l2, l1 = keras.regularizers.L2(0.1), keras.regularizers.L1(0.2)
    yield layer_case(layers.Dense(3), (5,), minimal={"units": 3})
    yield layer_case(
        layers.Dense(3, activation="tanh", kernel_regularizer=l2, bias_regularizer=l1,
                     activity_regularizer=keras.regularizers.L1L2(0.3, 0.4)), (4, 5))
    yield layer_case(layers.Dense(2, use_bias=False, activation="softmax", kernel_initializer="he_normal"), (3,))
    for activation in ["relu", "relu6", "leaky_relu", "elu", "selu", "silu", "mish", "sigmoid", "hard_sigmoid",
                       "hard_silu", "tanh", "hard_tanh", "tanh_shrink", "softplus", "softsign", "exponential",
                       "softmax", "log_softmax", "linear"]:
        yield layer_case(layers.Activation(activation), (7,), minimal={"activation": activation})
    yield layer_case(layers.Conv2D(3, 3), image, minimal={"filters": 3, "kernel_size": 3})
    yield layer_case(layers.Conv2D(3, (2, 3), strides=(2, 1), padding="same", activation="relu"), image)
    yield layer_case(layers.Conv2D(4, 2, dilation_rate=(2, 1), groups=2, use_bias=False), image)
    yield layer_case(layers.Conv2D(2, 4, strides=3, padding="same"), (7, 8, 1))
    yield layer_case(layers.Conv2DTranspose(3, 3), image, minimal={"filters": 3, "kernel_size": 3})
    for size, stride, padding in [(3, 2, "same"), (2, 3, "same"), (4, 2, "valid"), (2, 3, "valid"), ((4, 1), (1, 2), "same")]:
        yield layer_case(layers.Conv2DTranspose(2, size, strides=stride, padding=padding), (3, 4, 2))
    yield layer_case(layers.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1), (3, 4, 2))
    yield layer_case(layers.Conv2DTranspose(2, 3, strides=3, padding="valid", output_padding=2), (3, 4, 2))
    yield layer_case(layers.Conv2DTranspose(2, 2, dilation_rate=2, padding="same"), (3, 4, 2))
    yield layer_case(layers.DepthwiseConv2D(3), image, minimal={"kernel_size": 3})
    yield layer_case(layers.DepthwiseConv2D(2, depth_multiplier=3, strides=2, padding="same", activation="elu"), image)
    yield layer_case(layers.SeparableConv2D(3, 3), image, minimal={"filters": 3, "kernel_size": 3})
    yield layer_case(layers.SeparableConv2D(3, 2, depth_multiplier=2, padding="same", pointwise_regularizer=l2), image)
    for pooling in [layers.MaxPooling2D, layers.AveragePooling2D]:
        yield layer_case(pooling(2), image, minimal={"pool_size": 2})
        yield layer_case(pooling(3, strides=2, padding="same"), image)
        yield layer_case(pooling((2, 3), strides=1), image)
    for pooling in [layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D]:
        yield layer_case(pooling(), image, minimal={})
        yield layer_case(pooling(keepdims=True), image)
    yield layer_case(layers.BatchNormalization(), image, minimal={})
    yield layer_case(layers.BatchNormalization(momentum=0.8, epsilon=0.01), image, training=True)
    yield layer_case(layers.BatchNormalization(center=False, scale=False), (5,), training=True)
    yield layer_case(layers.BatchNormalization(scale=False, beta_regularizer=l2), (5,))
    frozen = layers.BatchNormalization()
    frozen.trainable = False
    yield layer_case(frozen, (5,), training=True)
    yield layer_case(layers.LayerNormalization(), (4, 5), minimal={})
    yield layer_case(layers.LayerNormalization(axis=[1, 2], epsilon=0.1, gamma_regularizer=l2), image)
    yield layer_case(layers.LayerNormalization(axis=1, center=False), (3, 4))
    yield layer_case(layers.Flatten(), image, minimal={})
    yield layer_case(layers.Reshape((2, -1, 5)), image, minimal={"target_shape": [2, -1, 5]})
    yield layer_case(layers.Permute((3, 1, 2)), image, minimal={"dims": [3, 1, 2]})
    yield layer_case(layers.RepeatVector(3), (4,), minimal={"n": 3})
    yield layer_case(layers.Rescaling(0.5, offset=-1.0), image)
    yield layer_case(layers.Rescaling(2.0), (3,), minimal={"scale": 2.0})
    yield layer_case(layers.UpSampling2D(), (2, 3, 2), minimal={})
    yield layer_case(layers.UpSampling2D((3, 1)), (2, 3, 2))
    yield layer_case(layers.ZeroPadding2D(), (2, 3, 2), minimal={})
    yield layer_case(layers.ZeroPadding2D(((0, 1), (2, 3))), (2, 3, 2))
    yield layer_case(layers.Cropping2D(), image, minimal={})
    yield layer_case(layers.Cropping2D(((0, 1), (2, 1))), image)
    yield layer_case(layers.Dropout(0.5), (4,), minimal={"rate": 0.5})
    yield layer_case(layers.SpatialDropout2D(0.5), image, minimal={"rate": 0.5})
    yield layer_case(layers.GaussianDropout(0.5), (4,), minimal={"rate": 0.5})
    yield layer_case(layers.GaussianNoise(0.5), (4,), minimal={"stddev": 0.5})
    yield layer_case(layers.ReLU(), (9,), minimal={})
    yield layer_case(layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.5), (9,))
    yield layer_case(layers.ReLU(negative_slope=0.1), (9,))
    yield layer_case(layers.ReLU(max_value=0.5), (9,))
    yield layer_case(layers.LeakyReLU(), (9,), minimal={})
    yield layer_case(layers.ELU(), (9,), minimal={})
    yield layer_case(layers.ELU(alpha=0.3), (9,))
    yield layer_case(layers.PReLU(), (3, 4), minimal={})
    yield layer_case(layers.PReLU(shared_axes=[1, 2], alpha_regularizer=l1), image)
    yield layer_case(layers.Softmax(), (3, 4), minimal={})
    yield layer_case(layers.Softmax(axis=1), (3, 4))
    for merge in [layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum]:
        yield layer_case(merge(), (3, 4), (3, 4), (3, 4), minimal={})
        yield layer_case(merge(), (2, 3, 4), (1, 1, 4))
        yield layer_case(merge(), (2, 3, 4), (4,))
    yield layer_case(layers.Subtract(), (3, 4), (3, 4), minimal={})
    yield layer_case(layers.Concatenate(), (2, 3, 4), (2, 3, 1), minimal={})
    yield layer_case(layers.Concatenate(axis=1), (2, 3), (1, 3), (4, 3))


def activation_cases():
    """Those of Keras that no layer above uses."""
    for activation in ["celu", "gelu", "log_sigmoid", "squareplus", "sparse_plus", "sparse_sigmoid", "hard_shrink", "soft_shrink"]:
        yield layer_case(layers.Activation(activation), (15,), minimal={"activation": activation})


def augmentation_cases():
    """Ranges of a single value, so that nothing is left to chance; the sizes keep clear of pixels at equal distances."""
    image, flat = (5, 4, 2), (2, 7, 1)
    pair = [-0.1, 0.1]
    yield layer_case(layers.RandomFlip(), image, minimal={})
    yield layer_case(layers.RandomRotation(0.1), image, minimal={"factor": pair})
    yield layer_case(layers.RandomTranslation(pair, 0.1), image, minimal={"height_factor": pair, "width_factor": 0.1})
    yield layer_case(layers.RandomZoom(0.1), image, minimal={"height_factor": 0.1})
    yield layer_case(layers.RandomContrast(0.2), image, minimal={"factor": [0, 0.2]})
    for fill_mode in ["reflect", "wrap", "constant", "nearest"]:
        for interpolation in ["nearest", "bilinear"]:
            options = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 0.5, "seed": 3}
            yield layer_case(layers.RandomRotation((0.125, 0.125), **options), image, training=True)
            yield layer_case(layers.RandomTranslation((0.28, 0.28), (-0.4, -0.4), **options), image, training=True)
            yield layer_case(layers.RandomZoom((0.4, 0.4), (-0.3, -0.3), **options), image, training=True)
        yield layer_case(layers.RandomZoom((0.9, 0.9), fill_mode=fill_mode), flat, training=True)
        yield layer_case(layers.RandomTranslation((-1, -1), (0.93, 0.93), fill_mode=fill_mode), flat, training=True)
        yield layer_case(layers.RandomRotation((-0.2, -0.2), fill_mode=fill_mode), flat, training=True)
    # A contrast of 1 + 0.5: the bounds are 1 - lower and 1 + upper.
    yield layer_case(layers.RandomContrast((-0.5, 0.5)), image, training=True)
    yield layer_case(layers.RandomContrast((-0.5, 0.5), value_range=(-1, 1)), image, training=True)


def flip_cases():
    """What becomes of an image when the coin says so."""
    for mode in ["horizontal", "vertical", "horizontal_and_vertical"]:
        images = random.normal(size=(2, 3, 4, 2)).astype("float32")
        flipped = layers.RandomFlip(mode)._flip_inputs(images, {"flips": np.ones((2, 1, 1, 1), bool)})
        yield {"mode": mode, "images": numbers(images), "flipped": numbers(flipped)}


def loss_case(name, arguments, prediction, target):
    loss = getattr(keras.losses, name)(reduction=None, **arguments)
    values = np.asarray(loss(target, prediction))
    return {
        "class_name": name, "config": arguments, "shape": list(prediction.shape), "prediction": numbers(prediction),
        "target_shape": list(target.shape), "target": numbers(target), "integers": target.dtype.kind == "i",
        "losses": numbers(values.reshape(len(values), -1).mean(axis=1)),
    }


def loss_cases():
    rows = random.uniform(0.01, 2, size=(4, 5)).astype("float32")
    logits = random.normal(size=(4, 5)).astype("float32") * 3
    classes = np.array([0, 4, 2, 2])
    one_hot = np.eye(5, dtype="float32")[classes]
    smooth = random.dirichlet(np.ones(5), size=4).astype("float32")
    pixels = random.uniform(0.001, 0.999, size=(2, 3, 2)).astype("float32")
    bits = random.integers(0, 2, size=(2, 3, 2)).astype("float32")
    certain = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0.5, 0.5, 0, 0, 0], [1e-9, 1, 0, 0, 0]], dtype="float32")
    yield loss_case("SparseCategoricalCrossentropy", {}, rows, classes)
    yield loss_case("SparseCategoricalCrossentropy", {}, certain, classes)
    yield loss_case("SparseCategoricalCrossentropy", {"from_logits": True}, logits, classes)
    yield loss_case("CategoricalCrossentropy", {}, rows, one_hot)
    yield loss_case("CategoricalCrossentropy", {}, rows, smooth)
    yield loss_case("CategoricalCrossentropy", {"label_smoothing": 0.2}, rows, one_hot)
    yield loss_case("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, logits, one_hot)
    yield loss_case("BinaryCrossentropy", {}, pixels, bits)
    yield loss_case("BinaryCrossentropy", {"label_smoothing": 0.2}, pixels, bits)
    yield loss_case("BinaryCrossentropy", {"from_logits": True}, logits, one_hot)
    yield loss_case("BinaryCrossentropy", {}, certain, one_hot)
    yield loss_case("MeanSquaredError", {}, logits, one_hot)
    yield loss_case("MeanSquaredError", {}, pixels, bits)
    yield loss_case("MeanAbsoluteError", {}, logits, one_hot)
    yield loss_case("Huber", {}, logits, one_hot)
    yield loss_case("Huber", {"delta": 0.3}, logits, one_hot)


def metric_cases():
    scores = random.normal(size=(6, 20)).astype("float32")
    # The right class has the largest score, or the second, third, … largest.
    classes = np.argsort(-scores, axis=1)[np.arange(6), [0, 0, 1, 4, 5, 7]]
    one_hot = np.eye(20, dtype="float32")[classes]
    bits = random.integers(0, 2, size=(6, 20)).astype("float32")
    single, single_bits = random.uniform(size=(6, 1)).astype("float32"), np.array([[0], [1], [1], [0], [1], [0]], "float32")
    for name, prediction, target in [
        ("sparse_categorical_accuracy", scores, classes), ("categorical_accuracy", scores, one_hot),
        ("binary_accuracy", scores, bits), ("binary_accuracy", single, single_bits),
        ("top_k_categorical_accuracy", scores, one_hot), ("sparse_top_k_categorical_accuracy", scores, classes),
        ("mse", scores, one_hot),
    ]:
        metric = keras.metrics.get(name)
        metric = metric if callable(metric) and not isinstance(metric, keras.metrics.Metric) else metric._fn
        yield {"name": name, "shape": list(prediction.shape), "prediction": numbers(prediction),
               "target_shape": list(target.shape), "target": numbers(target), "integers": target.dtype.kind == "i",
               "values": numbers(np.asarray(metric(target, prediction)).reshape(6, -1).mean(axis=1))}


def schedules():
    from keras.optimizers import schedules as s

    for schedule in [
        s.ExponentialDecay(0.1, 10, 0.5), s.ExponentialDecay(0.1, 10, 0.5, staircase=True),
        s.InverseTimeDecay(0.1, 10, 0.5), s.InverseTimeDecay(0.1, 10, 0.5, staircase=True),
        s.PolynomialDecay(0.1, 20), s.PolynomialDecay(0.1, 20, end_learning_rate=0.01, power=2.0, cycle=True),
        s.CosineDecay(0.1, 20), s.CosineDecay(0.01, 20, alpha=0.1, warmup_target=0.2, warmup_steps=8),
        s.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1]),
    ]:
        steps = [0, 1, 7, 8, 9, 10, 11, 19, 20, 21, 28, 35, 60]
        yield {"class_name": type(schedule).__name__, "config": schedule.get_config(), "steps": steps,
               "rates": [float(schedule(step)) for step in steps]}


def optimizers():
    for optimizer in [keras.optimizers.SGD(), keras.optimizers.Adam(), keras.optimizers.Adagrad(), keras.optimizers.RMSprop(),
                      keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0)]:
        yield keras.saving.serialize_keras_object(optimizer)


def summary(model):
    lines = []
    model.summary(print_fn=lines.append)
    keras.backend.clear_session()
    return "\n".join(lines)


def summaries():
    keras.backend.clear_session()
    yield "small-cnn", summary(keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(40, 5, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(),
        layers.Dense(100, activation="relu"), layers.Dense(10, activation="softmax")]))
    yield "names", summary(keras.Sequential([
        keras.Input((32, 32, 3)), layers.BatchNormalization(), layers.SeparableConv2D(1000, 3), layers.LeakyReLU(),
        layers.SeparableConv2D(4, 3, name="a_rather_long_name_for_a_layer_of_a_model"), layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5), layers.Dense(3), layers.ReLU(), layers.Dense(1)], name="names"))
    tiny = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="only")])
    tiny.layers[0].trainable = False
    yield "frozen", summary(tiny)
    x = keras.Input((8,))
    hidden = layers.Dense(4)(x)
    yield "chain", summary(keras.Model(x, layers.Dense(2)(hidden)))
    image, number = keras.Input((28, 28, 1), name="image"), keras.Input((3,))
    trunk = layers.Flatten()(layers.Conv2D(8, 3)(image))
    joined = layers.Concatenate()([trunk, layers.Dense(4)(number)])
    yield "two-heads", summary(keras.Model([image, number], [
        layers.Dense(10, name="kind")(joined), layers.Dense(1, name="size_of_the_thing_in_the_image")(layers.Dense(5)(joined))]))
    left, right, shared = keras.Input((4,)), keras.Input((4,)), layers.Dense(3)
    yield "shared", summary(keras.Model([left, right], layers.Add()([shared(left), shared(right)])))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5), layers.Dense(4)], name="encoder")
    x = keras.Input((6,), name="input")
    yield "nested", summary(keras.Model(x, layers.Dense(1, name="last")(inner(x)), name="nested"))


write("layers.json", list(layer_cases()))
write("losses.json", {"losses": list(loss_cases()), "metrics": list(metric_cases())})
write("schedules.json", {"schedules": list(schedules()), "optimizers": list(optimizers())})
write("summaries.json", dict(summaries()))
write("augmentation.json", {"layers": list(augmentation_cases()), "flips": list(flip_cases())})
write("activations.json", list(activation_cases()))
