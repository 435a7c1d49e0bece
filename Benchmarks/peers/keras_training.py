"""Trains a workload with Keras and tells how fast.

    python keras_training.py tensorflow|jax|torch WORKLOAD [--repeats N] [--json]
"""

import os

from workloads import WORKLOADS, fashion_mnist, parse_arguments, report

_, arguments = parse_arguments(__doc__, "backend", ["tensorflow", "jax", "torch"], WORKLOADS)

os.environ["KERAS_BACKEND"] = arguments.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras


def layer(kind, *values):
    if kind == "conv":
        filters, kernel, padding = values
        return keras.layers.Conv2D(filters, kernel, padding=padding, activation="relu")
    if kind == "dense":
        units, activation = values
        return keras.layers.Dense(units, activation=activation)
    if kind == "dropout":
        return keras.layers.Dropout(*values)
    return {"pool": keras.layers.MaxPooling2D, "flatten": keras.layers.Flatten}[kind]()


workload = WORKLOADS[arguments.workload]
images, labels = fashion_mnist("train")
model = keras.Sequential(
    [keras.Input((28, 28, 1))]
    + [layer(*description) for description in workload.layers]
    + [keras.layers.Dense(10, activation="softmax")]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.001) if workload.optimizer == "adam" else keras.optimizers.SGD(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)


def train(count):
    model.fit(images[:count], labels[:count], batch_size=workload.batch_size, verbose=0)


report(workload, train, arguments, f"Keras {keras.__version__}")
