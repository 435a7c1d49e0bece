"""Trains a small network of a given size with Keras on TensorFlow, or with PyTorch's own loop, and tells how fast.

    python growth.py keras|torch --threads N

Each line of its input is a size, {"batch": 32, "image": 28, "width": 1}, and each of its output what was measured, as
JSON: convolutions of 16 and 32 times `width` filters, each with a pool, on square images, trained by Adam.
"""

import argparse
import json
import os
import statistics
import sys
import time

import numpy as np

# As `weft bench` has them.
PIXEL_LIMIT = 1 << 23
REPEATS = 3

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("framework", choices=["keras", "torch"])
parser.add_argument("--threads", type=int, required=True)
arguments = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)


def keras_training(width, images, labels, batch):
    """A function that trains on so many of the images, so many times."""
    keras.backend.clear_session()
    layers = keras.layers
    model = keras.Sequential([keras.Input(images.shape[1:])])
    for filters in (16 * width, 32 * width):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def train(count, rounds):
        model.fit(images[:count], labels[:count], batch_size=batch, epochs=rounds, verbose=0)

    return train


def torch_training(width, images, labels, batch):
    nn = torch.nn
    images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(labels)
    parts, inputs = [], 1
    for filters in (16 * width, 32 * width):
        parts += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = filters
    model = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 0.001, fused=True)
    loss_function = nn.CrossEntropyLoss()

    def train(count, rounds):
        for _ in range(rounds):
            for start in range(0, count, batch):
                loss = loss_function(model(images[start : start + batch]), labels[start : start + batch])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

    return train


if arguments.framework == "keras":
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    import keras

    training, version = keras_training, f"Keras {keras.__version__}"
else:
    import torch

    torch.set_num_threads(arguments.threads)
    training, version = torch_training, f"PyTorch {torch.__version__}"


def measure(batch, image, width):
    """Images a second: the median of passes of about a second, after some steps that compile and tell how many those are."""
    count = max(batch, min(60_000, PIXEL_LIMIT // image**2) // batch * batch)
    random = np.random.default_rng(0)
    images = random.random((count, image, image, 1), dtype="float32")
    train = training(width, images, random.integers(10, size=count), batch)

    def rate(steps):
        available = count // batch
        rounds, part = -(-steps // available), min(steps, available) * batch
        start = time.perf_counter()
        train(part, rounds)
        return part * rounds / (time.perf_counter() - start)

    rate(1)
    steps = 1
    while (value := rate(steps)) * 0.1 > steps * batch:
        steps *= 2
    steps = max(1, int(value / batch))
    rates = sorted(rate(steps) for _ in range(REPEATS))
    median = statistics.median(rates)
    return {"images_per_second": median, "step_milliseconds": batch / median * 1e3, "rates": rates, "version": version}


for line in sys.stdin:
    print(json.dumps(measure(**json.loads(line))), flush=True)
