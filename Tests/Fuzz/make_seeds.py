"""Makes the inputs that fuzzing begins with, as small as the formats allow.

    python3 make_seeds.py     # with numpy and Pillow; those of keras and h5 are copied from the tests' goldens
"""

import gzip
import io
import json
import struct
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

seeds = Path(__file__).parent / "Seeds"


def write(name, data):
    path = seeds / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def saved(save, *arguments, **options):
    buffer = io.BytesIO()
    save(buffer, *arguments, **options)
    return buffer.getvalue()


def image(value, format, mode="L", size=(3, 2), **options):
    picture = Image.new(mode, size, value)
    picture.putpixel((1, 1), 200 if mode == "L" else (200, 10, 30))
    return saved(lambda f: picture.save(f, format, **options))


def tar(kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=kind, format=tarfile.USTAR_FORMAT) as archive:
        for name in ("train/a/1.png", "train/b/1.png", "test/a/1.png"):
            data = image(7, "PNG")
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


idx = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 2) + bytes(range(12))
write("idx/plain", idx)
write("idx/gzipped", gzip.compress(idx, mtime=0))
write("gzip/one", gzip.compress(b"some text, some text", mtime=0))
write("gzip/two", gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0))
for kind in ("u1", "<f2", "<f4", "<f8", "<i8"):
    write(f"npy/{kind[-2:]}", saved(np.save, np.arange(12).reshape(3, 2, 2).astype(kind)))
# Labels that ten images can have, images that are of one class, and pairs that are both.
write("npy/labels", saved(np.save, np.arange(10) % 2))
write("npy/times", saved(np.save, np.array([(index % 12, 6 * index) for index in range(10)])))
write("npy/images", saved(np.save, np.arange(10, dtype=np.uint8).reshape(10, 1, 1)))
write("npy/floats", saved(np.save, np.linspace(0, 1, 30, dtype=np.float32).reshape(10, 1, 1, 3)))
arrays = {"x_train": np.zeros((2, 1, 1), np.uint8), "y_train": np.array([0, 1]),
          "x_test": np.zeros((1, 1, 1), np.float32), "y_test": np.array([[1]])}
write("npz/stored", saved(np.savez, **arrays))
write("npz/deflated", saved(np.savez_compressed, **arrays))
write("cifar/one", bytes([3]) + bytes(range(256)) * 12)
write("png/gray", image(7, "PNG"))
write("png/color", image((1, 2, 3), "PNG", "RGB"))
write("png/palette", saved(lambda f: Image.new("RGB", (4, 4), (9, 8, 7)).quantize(4).save(f, "PNG")))
write("jpeg/gray", image(7, "JPEG"))
write("jpeg/color", image((1, 2, 3), "JPEG", "RGB"))
write("jpeg/progressive", image((1, 2, 3), "JPEG", "RGB", (9, 9), progressive=True))
write("jpeg/cmyk", saved(lambda f: Image.new("CMYK", (3, 3), (9, 8, 7, 6)).save(f, "JPEG")))
write("tar/plain", tar("w"))
write("tar/gzipped", tar("w:gz"))
write("model/layers", b"""input: [8, 8, 1]
layers:
  - Conv2D: {filters: 2, kernel_size: 3, activation: relu}
  - Flatten
  - Dense: {units: 3, activation: softmax, kernel_regularizer: {L2: {l2: 0.01}}}
training: {optimizer: {Adam: {learning_rate: 0.01}}, loss: sparse_categorical_crossentropy, batch_size: 4,
  augmentation: [RandomFlip: {mode: horizontal}]}
""")
write("model/heads", b"""default_input: [8, 8, 1]
layers: [Flatten, {Dense: {units: 8, activation: relu}}]
heads:
  hour: [{Dense: {units: 12, activation: softmax}}]
  minute: [{Dense: 4}, {Dense: 1}]
training: {labels: {encoding: hour_and_minute, loss_weights: [1, 10]}, validation_count: 20, validation_first: true,
  callbacks: [EarlyStopping: {patience: 3}]}
""")
write("model/branches", b"""model:
  class_name: Functional
  config:
    name: b
    layers:
      - {class_name: InputLayer, name: in, config: {batch_shape: [null, 4], name: in}, inbound_nodes: []}
      - {class_name: Dense, name: a, config: {name: a, units: 4}, inbound_nodes: [{args: [{class_name: __keras_tensor__,
          config: {shape: [null, 4], dtype: float32, keras_history: [in, 0, 0]}}], kwargs: {}}]}
    input_layers: [[in, 0, 0]]
    output_layers: [[a, 0, 0]]
""")
write("model/vae", b"""input: [8, 8, 1]
vae:
  latent: 2
  beta: 0.5
  encoder: [{Conv2D: {filters: 2, kernel_size: 3}}, Flatten]
  decoder: [{Dense: {units: 64, activation: sigmoid}}, {Reshape: {target_shape: [8, 8, 1]}}]
training: {target: input, loss: binary_crossentropy, samples_every: 2, loss_weight: 64}
""")
write("model/gan", b"""gan:
  latent: 3
  generator: [{Dense: 16}, BatchNormalization, {Reshape: {target_shape: [4, 4, 1]}}]
  discriminator: [Flatten, {LeakyReLU: 0.3}, {Dropout: 0.2}, {Dense: 1}]
training: {adversarial: {loss: cross_entropy, label_smoothing: 0.1}, steps_per_epoch: 3}
""")
write("study/heads", b"""question: Which labels?
model: heads
data: clocks
measure: [val_common_sense_error, test_loss]
seed: 7
variants:
  as it is: {theirs: {test_common_sense_error: 14.2}}
  combined: {labels: combined, layers: {dense: {units: 6}}}
  no head: {model: plain, labels: {encoding: interval, minutes: 30}, insert: {before dense: {Dropout: 0.2}}}
""")
write("study/panels", b"""{question: Which?, model: plain, training: {validation_split: 0.2}, panels: {a: {x: {remove: Dropout}, y: {epochs: 3}},
  b: {z: {optimizer: {SGD: {momentum: 0.9}}, learning_rate: 0.1}}}, show: [curves, history]}
""")
for name in ("mlp-architecture", "mlp-optimizers", "regularised-classifiers"):
    write(f"study/{name}", (Path(__file__).parents[2] / "Studies" / f"{name}.yaml").read_bytes())
header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"x":"y"}}   '
write("safetensors/one", struct.pack("<Q", len(header)) + header + bytes(8))


def checkpoint(header, floats):
    """Without the checksum, which the fuzzing adds to every input."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"WEFTCKPT" + struct.pack("<IQ", 2, len(text)) + text + struct.pack(f"<{floats}f", *range(floats))


# A generator and a discriminator with their optimizers, in the third step of the second epoch.
parameters = {"generator/dense/kernel": 2, "discriminator/dense/kernel": 3}
entries = [{"owner": "parameter", "path": [name], "count": count} for name, count in parameters.items()]
entries += [{"owner": "optimizer", "path": [part.split("/")[0], slot, part], "count": count}
            for part, count in parameters.items() for slot in ("momentum", "velocity")]
entries.append({"owner": "callback", "path": ["EarlyStopping 1", "best"], "count": 2})
write("checkpoint/small", checkpoint({
    "place": {"epoch": 2, "step": 3},
    "identity": {"parts": [{"name": "seed", "value": "1"}, {"name": "labels", "value": "classes"}]},
    "sums": {"values": [0.5, "inf"], "samples": 24, "learningRate": 0.001},
    "learningRates": {"discriminator": 0.0005},
    "history": {"epochs": [{"number": 1, "seconds": 0.5, "learningRate": 0.001, "names": ["loss", "val_loss"],
                            "values": [0.25, "nan"]}], "isPaused": False},
    "seconds": 1.5, "callbacks": {"EarlyStopping 1": "{\"best\":\"inf\",\"wait\":1}"},
    "optimizers": {"generator": 9, "discriminator": 9}, "arrays": entries,
}, sum(entry["count"] for entry in entries)))
