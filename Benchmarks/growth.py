"""What a step costs as the work grows: a small network in many sizes, with Weft, Keras on TensorFlow and PyTorch.

One axis grows at a time - the images of a batch, their sides, the channels - from a network of convolutions with 16 and
32 filters on batches of 32 images of 28×28; then the channels once more with one thread.
"""

import json
import math
import pathlib
import subprocess
import tempfile

from measuring import PEERS_FOLDER, measured, print_table

BASE = {"batch": 32, "image": 28, "width": 1}
AXES = {
    "batch": [2**power for power in range(11)],
    "image": [28, 56, 112, 224],
    "width": [1, 2, 4, 8],
    "threads": [1, 2, 4, 8],  # The width, each with one thread and with two.
}
FRAMEWORKS = ["keras", "torch"]
# A doubling of the work that costs more is a cliff, which wants an explanation.
CLIFF = 2.3


def model_text(width):
    """The network as a model file of Weft's; peers/growth.py has the same."""
    blocks = "".join(
        f"  - Conv2D: {{filters: {filters * width}, kernel_size: 3, padding: same, activation: relu}}\n"
        "  - MaxPooling2D\n"
        for filters in (16, 32)
    )
    return (
        f"layers:\n{blocks}  - GlobalAveragePooling2D\n  - Dense: {{units: 10, activation: softmax}}\n"
        "training: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n"
    )


def work(batch, image, width):
    """Multiplications of a step, but for a factor."""
    return batch * image**2 * (16 * width * 9 + 16 * width * 32 * width * 9 / 4)


class Peer:
    """A program that measures one size after another, so that it starts only once."""

    def __init__(self, python, framework, threads):
        command = [python, PEERS_FOLDER / "growth.py", framework, "--threads", str(threads)]
        self.name = " ".join(map(str, command))
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )

    def measure(self, size):
        try:
            self.process.stdin.write(json.dumps(size) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self.process.wait()
            self.errors.seek(0)
            raise SystemExit(f"bench: {self.name} failed:\n{self.errors.read().decode(errors='replace').strip()}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def weft_point(weft, size, threads):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder, "growth.yaml")
        model.write_text(model_text(size["width"]))
        options = ["--batch-size", size["batch"], "--image-size", f"{size['image']}x{size['image']}"]
        command = [weft, "bench", model, *options, "--threads", threads, "--repeats", 3, "--json"]
        (result,) = json.loads(measured(command)[0]).values()
    return result


def measure(axes, weft, python, frameworks, told=lambda text: None):
    """Every point of the axes: size, threads and, by framework, what was measured, Weft and the peers in turns."""
    plan = [(axis, value, threads) for axis in axes for value in AXES[axis] for threads in threads_of(axis)]
    peers, points = {}, []
    # One thread after the other, so that no more programs are open at once than there are peers.
    for axis, value, threads in sorted(plan, key=lambda point: -point[2]):
        size = BASE | {"width" if axis == "threads" else axis: value}
        told(f"{axis} {value}, {threads} thread{'s' if threads > 1 else ''}")
        results = {"weft": weft_point(weft, size, threads)}
        for framework in frameworks:
            if (framework, threads) not in peers:
                for other in [key for key in peers if key[1] != threads]:
                    peers.pop(other).close()
                peers[framework, threads] = Peer(python, framework, threads)
            results[framework] = peers[framework, threads].measure(size)
        points.append({"axis": axis, "value": value, "threads": threads, **size, "results": results})
    for peer in peers.values():
        peer.close()
    return sorted(points, key=lambda point: (list(AXES).index(point["axis"]), point["threads"], point["value"]))


def threads_of(axis):
    return [1, 2] if axis == "threads" else [2]


def doublings(points):
    """What each doubling of the work costs, by framework: 2 where the time grows as the work does."""
    lines = []
    for before, after in zip(points, points[1:]):
        if (before["axis"], before["threads"]) != (after["axis"], after["threads"]):
            continue
        count = math.log2(step_work(after) / step_work(before))
        for name in after["results"]:
            times = [point["results"][name]["step_milliseconds"] for point in (before, after)]
            cost = (times[1] / times[0]) ** (1 / count)
            lines.append(
                {key: after[key] for key in ("axis", "threads")}
                | {"from": before["value"], "to": after["value"], "framework": name, "cost": cost}
                | {"is_cliff": cost > CLIFF}
            )
    return lines


def step_work(point):
    return work(point["batch"], point["image"], point["width"])


def show(points):
    names = list(points[0]["results"])
    costs = {(c["axis"], c["threads"], c["to"], c["framework"]): c for c in doublings(points)}
    header = ["", "threads"] + [text for name in names for text in (f"{name}, ms", "doubling")]
    rows = [header + [f"to {name}" for name in names[1:]]]
    for point in points:
        axis = "width" if point["axis"] == "threads" else point["axis"]
        row = [f"{axis} {point['value']}", str(point["threads"])]
        for name in names:
            cost = costs.get((point["axis"], point["threads"], point["value"], name))
            row.append(f"{point['results'][name]['step_milliseconds']:.2f}")
            row.append(f"{cost['cost']:.2f}{' !' if cost['is_cliff'] else ''}" if cost else "")
        ours = point["results"]["weft"]["step_milliseconds"]
        rows.append(row + [f"{point['results'][name]['step_milliseconds'] / ours:.2f} ×" for name in names[1:]])
    print_table(rows)
