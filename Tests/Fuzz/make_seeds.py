"""Makes the inputs that fuzzing begins with, as small as the formats allow.

    python3 make_seeds.py     # with numpy and Pillow; the others are copied from the tests' goldens
"""

import gzip
import io
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
write("npy/labels", saved(np.save, np.array([0, 1, 2])))
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
for name in ("mlp-architecture", "mlp-optimizers", "regularised-classifiers"):
    write(f"study/{name}", (Path(__file__).parents[2] / "Studies" / f"{name}.yaml").read_bytes())
header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"x":"y"}}   '
write("safetensors/one", struct.pack("<Q", len(header)) + header + bytes(8))
