"""What a user waits for: starts Keras, trains dense128 for 5 epochs, evaluates it.

    python whole_process.py tensorflow|jax|torch

Prints the test accuracy, and the process's peak memory. The time is measured by whoever starts it.
"""

import argparse
import json
import os
import resource
import sys

from workloads import fashion_mnist

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("backend", choices=["tensorflow", "jax", "torch"])
os.environ["KERAS_BACKEND"] = parser.parse_args().backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(*fashion_mnist("train"), epochs=5, verbose=0)
accuracy = model.evaluate(*fashion_mnist("t10k"), verbose=0)[1]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"test_accuracy": accuracy, "peak_megabytes": peak / 1e6}))
