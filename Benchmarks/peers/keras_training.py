"""Trains a workload with Keras and tells how fast.

    python keras_training.py tensorflow|jax|torch WORKLOAD [--repeats N] [--json]
"""

import argparse
import json
import os

from workloads import WORKLOADS, rate, fashion_mnist

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("backend", choices=["tensorflow", "jax", "torch"])
parser.add_argument("workload", choices=WORKLOADS)
parser.add_argument("--repeats", type=int, default=5, help="passes that are timed; the median counts")
parser.add_argument("--json", action="store_true")
arguments = parser.parse_args()

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


train(8 * workload.batch_size)
result = rate(workload, lambda: train(workload.images), arguments.repeats)
result["version"] = f"Keras {keras.__version__}"
print(json.dumps(result) if arguments.json else f"{result['images_per_second']:.0f} images/s")
