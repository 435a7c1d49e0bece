"""The benchmark's workloads, described once for every framework, and the data they train on."""

import argparse
import dataclasses
import gzip
import json
import os
import pathlib
import statistics
import time

import numpy as np

# Layers: ("conv", filters, kernel, padding), ("pool",), ("flatten",), ("dense", units, activation), ("dropout", rate).
# Every convolution is followed by ReLU, every pool is 2x2, and a dense layer of 10 outputs ends each model.


@dataclasses.dataclass(frozen=True)
class Workload:
    layers: tuple
    optimizer: str  # Of a classifier: Adam with a learning rate of 0.001, or SGD with 0.01.
    batch_size: int
    images: int  # In a timed pass; a multiple of the batch size.


def conv(filters, kernel, padding="valid"):
    return ("conv", filters, kernel, padding)


def dense(units, activation="relu"):
    return ("dense", units, activation)


POOL = ("pool",)
FLATTEN = ("flatten",)
DROPOUT = ("dropout", 0.2)

WORKLOADS = {
    "dense128": Workload((FLATTEN, dense(128)), "adam", 32, 60_000),
    "cnn64": Workload((conv(64, 3), POOL, conv(64, 3), POOL, FLATTEN, dense(128)), "adam", 32, 12_000),
    "fc000": Workload((FLATTEN, dense(784, "tanh"), dense(512, "sigmoid"), dense(100)), "sgd", 200, 60_000),
    "small000": Workload((conv(40, 5), POOL, FLATTEN, dense(100)), "sgd", 200, 20_000),
    "big000": Workload((conv(48, 3), POOL, conv(96, 3), POOL, FLATTEN, dense(100)), "sgd", 200, 12_000),
    "cnn001": Workload(
        (conv(64, 7), POOL)
        + (conv(128, 3, "same"), conv(128, 3, "same"), POOL)
        + (conv(256, 3, "same"), conv(256, 3, "same"), POOL)
        + (FLATTEN, dense(128), DROPOUT, dense(64), DROPOUT),
        "sgd",
        32,
        1_600,
    ),
}

# Models with training loops of their own, which their programs write down themselves.
GENERATIVE = {
    "vae10": Workload((), "rmsprop", 200, 6_000),
    "gan64": Workload((), "adam", 32, 192),
}


def noise(shape):
    """Images of nothing, for workloads whose data does not matter."""
    return np.random.default_rng(0).random(shape, dtype="float32")


def fashion_mnist(part):
    """Images in [0, 1] of shape (n, 28, 28, 1) and labels of one part, "train" or "t10k"."""
    places = [os.environ.get("WEFT_DATA"), "/usr/share/datasets", os.path.expanduser("~/.cache/weft")]
    for place in filter(None, places):
        for folder in (pathlib.Path(place), pathlib.Path(place, "fashion-mnist")):
            if (folder / f"{part}-images-idx3-ubyte.gz").exists():
                images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
                labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
                pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28, 1)
                return (pixels / 255).astype("float32"), np.frombuffer(labels, np.uint8, offset=8).astype("int64")
    raise SystemExit("Fashion-MNIST was not found; scripts/setup installs it")


def rate(workload, train_pass, passes):
    """Images per second and milliseconds per step, in the middle of a few passes over the workload's images."""
    seconds = []
    for _ in range(passes):
        start = time.perf_counter()
        train_pass()
        seconds.append(time.perf_counter() - start)
    seconds = statistics.median(seconds)
    return {
        "images_per_second": workload.images / seconds,
        "step_milliseconds": seconds / (workload.images / workload.batch_size) * 1e3,
    }


def parse_arguments(documentation, name, modes, workloads):
    """What every program of a peer takes: a way to compute, called `name`, and one of the workloads."""
    parser = argparse.ArgumentParser(description=documentation.splitlines()[0])
    parser.add_argument(name, choices=modes)
    parser.add_argument("workload", choices=workloads)
    parser.add_argument("--repeats", type=int, default=5, help="passes that are timed; the median counts")
    parser.add_argument("--json", action="store_true")
    return parser, parser.parse_args()


def report(workload, train, arguments, version):
    """Trains for a moment, then measures and prints. `train` trains on so many of the images."""
    train(min(8 * workload.batch_size, workload.images))
    result = rate(workload, lambda: train(workload.images), arguments.repeats) | {"version": version}
    print(json.dumps(result) if arguments.json else f"{result['images_per_second']:.0f} images/s")
