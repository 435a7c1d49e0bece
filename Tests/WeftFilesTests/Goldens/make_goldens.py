"""Makes the HDF5 files beside it: some that do what is refused, and models as Keras 2 wrote them.

    python3 make_goldens.py        (needs h5py and numpy)

The Keras 2 files are written by hand after the forms of Keras 2.4 and 2.11: their JSON, names of weights and optimizers.
"""
import json, os

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def new(name):
    return h5py.File(f"{HERE}/{name}.h5", "w")


def refused():
    with new("soft_link") as f:
        f["layers/dense/vars/0"] = np.ones((2, 3), "f4")
        f["layers/dense/vars/1"] = h5py.SoftLink("/layers/dense/vars/0")
    with new("external_link") as f:
        f["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/0")
    with new("virtual_dataset") as f:
        layout = h5py.VirtualLayout((2, 3), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2, 3))
        f.create_virtual_dataset("weights", layout)
    with new("external_storage") as f:
        f.create_dataset("weights", (2, 3), "f4", external=[("/etc/passwd", 0, 24)])
    with new("reference") as f:
        f["weights"] = np.ones(3, "f4")
        f.create_dataset("pointer", data=f["weights"].ref, dtype=h5py.ref_dtype)
    with new("compressed") as f:
        f.create_dataset("weights", data=np.zeros(100_000, "f4"), compression="gzip")
    with new("no_bytes") as f:
        # A terabyte that was never written: only the header claims it.
        f.create_dataset("weights", (1 << 20, 1 << 18), "f4", chunks=(1024, 1024))
    with new("cycle") as f:
        f["a/b"] = np.ones(3, "f4")
        f["a/again"] = f["a"]
    with new("text") as f:
        f["weights"] = "words"


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}


def initializer(class_name):
    return {"class_name": class_name, "config": {"seed": None} if class_name == "GlorotUniform" else {}}


DENSE = {"use_bias": True, "kernel_initializer": initializer("GlorotUniform"), "bias_initializer": initializer("Zeros"),
         "kernel_regularizer": None, "bias_regularizer": None, "activity_regularizer": None, "kernel_constraint": None,
         "bias_constraint": None}
NORM = {"axis": [3], "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True,
        "beta_initializer": initializer("Zeros"), "gamma_initializer": initializer("Ones"),
        "moving_mean_initializer": initializer("Zeros"), "moving_variance_initializer": initializer("Ones"),
        "beta_regularizer": None, "gamma_regularizer": None, "beta_constraint": None, "gamma_constraint": None}


def names(group, attribute, values):
    group.attrs[attribute] = [v.encode() for v in values]


def save(name, model, training, weights, optimizer):
    counter = iter(range(1, 100))
    with new(name) as f:
        f.attrs["keras_version"], f.attrs["backend"] = "2.4.0", "tensorflow"
        f.attrs["model_config"], f.attrs["training_config"] = json.dumps(model), json.dumps(training)
        root = f.create_group("model_weights")
        names(root, "layer_names", list(weights))
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        for layer_name, variables in weights.items():
            group = root.create_group(layer_name)
            names(group, "weight_names", [v for v, _ in variables])
            for variable, shape in variables:
                group[variable] = np.full(shape, next(counter), "f4")
        group = f.create_group("optimizer_weights")
        names(group, "weight_names", [v for v, _ in optimizer])
        for variable, shape in optimizer:
            group[variable] = np.full(shape, next(counter), "i8" if shape == () else "f4")


def keras2_sequential():
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [
        layer("Conv2D", "conv2d", batch_input_shape=[None, 6, 6, 1], filters=2, kernel_size=[3, 3], strides=[1, 1],
              padding="valid", data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu", **DENSE),
        layer("BatchNormalization", "batch_normalization", **NORM),
        layer("MaxPooling2D", "max_pooling2d", pool_size=[2, 2], padding="valid", strides=[2, 2],
              data_format="channels_last"),
        layer("Conv2DTranspose", "conv2d_transpose", filters=3, kernel_size=[2, 2], strides=[2, 2], padding="same",
              data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="linear", output_padding=None,
              **DENSE),
        layer("Flatten", "flatten", data_format="channels_last"),
        layer("Dropout", "dropout", rate=0.5, noise_shape=None, seed=None),
        layer("Dense", "dense", units=2, activation="softmax", **DENSE)]}}
    training = {"loss": {"class_name": "SparseCategoricalCrossentropy", "config": {
                    "reduction": "auto", "name": "sparse_categorical_crossentropy", "from_logits": False}},
                "metrics": [[{"class_name": "MeanMetricWrapper", "config": {
                    "name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"}}]],
                "weighted_metrics": None, "loss_weights": None,
                "optimizer_config": {"class_name": "Adam", "config": {
                    "name": "Adam", "learning_rate": 0.0010000000474974513, "decay": 0.0, "beta_1": 0.9, "beta_2": 0.999,
                    "epsilon": 1e-07, "amsgrad": False}}}
    weights = {
        "conv2d": [("conv2d/kernel:0", (3, 3, 1, 2)), ("conv2d/bias:0", (2,))],
        "batch_normalization": [(f"batch_normalization/{v}:0", (2,))
                                for v in ("gamma", "beta", "moving_mean", "moving_variance")],
        "max_pooling2d": [],
        "conv2d_transpose": [("conv2d_transpose/kernel:0", (2, 2, 3, 2)), ("conv2d_transpose/bias:0", (3,))],
        "flatten": [], "dropout": [],
        "dense": [("dense/kernel:0", (48, 2)), ("dense/bias:0", (2,))]}
    trained = [v for l in weights.values() for v in l if "moving" not in v[0]]
    # Keras 2.4: all of one slot, then all of the next.
    slots = [(f"Adam/{v[:-2]}/{slot}:0", shape) for slot in "mv" for v, shape in trained]
    save("keras2_sequential", model, training, weights, [("Adam/iter:0", ())] + slots)


def keras2_functional():
    def node(*sources):
        return [[source, call, 0, {}] for source, call in sources]

    def named(entry, *nodes):
        return {**entry, "name": entry["config"]["name"], "inbound_nodes": list(nodes)}

    def input_layer(name):
        return named({"class_name": "InputLayer", "config": {
            "batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "ragged": False, "name": name}})

    model = {"class_name": "Functional", "module": "keras.src.engine.functional", "config": {
        "name": "model", "trainable": True, "layers": [
            input_layer("left"), input_layer("right"),
            named(layer("Dense", "shared", units=4, activation="relu", **DENSE),
                  node(("left", 0)), node(("right", 0))),
            named(layer("Concatenate", "join", axis=-1), node(("shared", 0), ("shared", 1))),
            named(layer("LeakyReLU", "leak", alpha=0.2), node(("join", 0))),
            named(layer("Dense", "out", units=2, activation="linear", **DENSE), node(("leak", 0)))],
        "input_layers": [["left", 0, 0], ["right", 0, 0]], "output_layers": [["out", 0, 0]]}}
    training = {"loss": "mse", "metrics": None, "weighted_metrics": None, "loss_weights": None,
                "optimizer_config": {"class_name": "Custom>RMSprop", "config": {
                    "name": "RMSprop", "weight_decay": None, "clipnorm": None, "global_clipnorm": None,
                    "clipvalue": None, "use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": 100,
                    "jit_compile": False, "is_legacy_optimizer": False, "learning_rate": 0.01, "rho": 0.9,
                    "momentum": 0.5, "epsilon": 1e-07, "centered": False}}}
    weights = {"left": [], "right": [], "join": [], "leak": [],
               "shared": [("shared/kernel:0", (3, 4)), ("shared/bias:0", (4,))],
               "out": [("out/kernel:0", (8, 2)), ("out/bias:0", (2,))]}
    trained = weights["shared"] + weights["out"]
    # Keras 2.11: the slot before the variable.
    slots = [(f"RMSprop/{slot}/{v}", shape) for slot in ("velocity", "momentum") for v, shape in trained]
    save("keras2_functional", model, training, weights, [("iteration:0", ()), ("learning_rate:0", ())][:1] + slots)


refused()
keras2_sequential()
keras2_functional()
