"""Predicts Fashion-MNIST's test images with a model that Keras saved.

    python keras_prediction.py tensorflow|jax|torch MODEL.keras
    python keras_prediction.py tensorflow|jax|torch MODEL.keras --time BATCH_SIZE…

Prints the most probable class of each image, with Keras's own batch size; with --time, in place of them, how many
images a second `predict` takes by batch size, as JSON: the middle of three calls after one that compiles.
"""

import argparse
import json
import os
import statistics
import sys
import time

from workloads import fashion_mnist

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("backend", choices=["tensorflow", "jax", "torch"])
parser.add_argument("model")
parser.add_argument("--time", type=int, nargs="+", metavar="BATCH_SIZE")
arguments = parser.parse_args()

os.environ["KERAS_BACKEND"] = arguments.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras

images = fashion_mnist("t10k")[0]
model = keras.models.load_model(arguments.model)


def rate(batch_size):
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        model.predict(images, batch_size=batch_size, verbose=0)
        seconds.append(time.perf_counter() - start)
    return len(images) / statistics.median(seconds[1:])


if arguments.time:
    rates = {size: rate(size) for size in arguments.time}
    print(json.dumps({"images_per_second": rates, "version": f"Keras {keras.__version__}"}))
else:
    probabilities = model.predict(images, verbose=0)
    best = probabilities.argmax(axis=1)
    sys.stdout.writelines(
        f"test/{index}: {CLASSES[place]} {probabilities[index, place]:.1%}\n" for index, place in enumerate(best)
    )
