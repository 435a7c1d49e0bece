"""`weft predict` over Fashion-MNIST's 10,000 test images with small-cnn, beside Keras with the same saved model."""

import json
import pathlib
import statistics
import tempfile

from measuring import PEERS_FOLDER, last_json_line, measured, print_table

# Keras's own, and those among which its best is looked for.
BATCH_SIZES = [32, 128, 200, 512, 1024]
# What `weft predict` takes.
WEFT_BATCH_SIZE = 200
IMAGES = 10_000


def measure(weft, python, backends, repeats):
    """Alternates Weft and the peers; gives every number, with medians.

    Of each program: the seconds of the whole process with its peak memory, and the images a second of the prediction
    alone by batch size, after one that is not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder, "run")
        measured(
            [weft, "train", "small-cnn", "--data", "fashion-mnist", "--optimizer", "adam", "--batch-size", 32]
            + ["--epochs", 1, "--tables-only", "--out", run]
        )
        runs = {}
        for _ in range(repeats):
            runs.setdefault("weft", []).append(weft_run(weft, run))
            for backend in backends:
                runs.setdefault(f"keras-{backend}", []).append(keras_run(python, backend, run / "model.keras"))
    return {name: summary(values) for name, values in runs.items()}


def weft_run(weft, run):
    command = [weft, "predict", run, "--data", "fashion-mnist", "--split", "test", "--top", 1]
    _, seconds, megabytes = measured(command)
    rates = {}
    for size in (BATCH_SIZES[0], WEFT_BATCH_SIZE):
        text = measured([weft, "bench", run, "--predict", "--batch-size", size, "--repeats", 3, "--json"])[0]
        (result,) = json.loads(text).values()
        rates[size] = result["images_per_second"]
    return {"seconds": seconds, "peak_megabytes": megabytes, "images_per_second": rates}


def keras_run(python, backend, model):
    program = [python, PEERS_FOLDER / "keras_prediction.py", backend, model]
    _, seconds, megabytes = measured(program)
    text = measured([*program, "--time", *BATCH_SIZES])[0]
    rates = {int(size): rate for size, rate in last_json_line(text)["images_per_second"].items()}
    return {"seconds": seconds, "peak_megabytes": megabytes, "images_per_second": rates}


def summary(runs):
    rates = {
        size: statistics.median(run["images_per_second"][size] for run in runs) for size in runs[0]["images_per_second"]
    }
    best = max(rates, key=rates.get)
    result = {key: statistics.median(run[key] for run in runs) for key in ("seconds", "peak_megabytes")}
    return result | {"images_per_second": rates, "best_batch_size": best, "runs": runs}


def show(results):
    """One row for each program; each ratio is to the same number of Weft's, the last two to its own batch size."""
    ours = results["weft"]
    our_rate = ours["images_per_second"][WEFT_BATCH_SIZE]
    rows = [[f"{IMAGES:,} images with small-cnn", "whole process", "", "peak MB", "batch 32, images/s", "", "best", ""]]
    for name, result in results.items():
        default, best = (result["images_per_second"][size] for size in (BATCH_SIZES[0], result["best_batch_size"]))
        if name == "weft":
            best, size = our_rate, WEFT_BATCH_SIZE
            ratios = ["", "", ""]
        else:
            size = result["best_batch_size"]
            ratios = [
                f"{ratio:.1f} ×"
                for ratio in (result["seconds"] / ours["seconds"], our_rate / default, our_rate / best)
            ]
        rows.append(
            [name, f"{result['seconds']:.2f} s", ratios[0], f"{result['peak_megabytes']:.0f}"]
            + [f"{default:,.0f}", ratios[1], f"{best:,.0f} (batch {size})", ratios[2]]
        )
    print_table(rows)
