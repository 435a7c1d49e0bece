"""Makes the files of this folder: JPEG files and what Pillow decodes from them, and NumPy archives.

    python3 make_goldens.py     # with jpegtran of libjpeg-turbo on the PATH
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

here = Path(__file__).parent


def picture(width, height, mode):
    """A smooth picture in which every channel, row and column differs."""
    image = Image.new(mode, (width, height))
    channels = len(image.getbands())
    for y in range(height):
        for x in range(width):
            values = tuple((37 * c + 9 * x + 5 * y * (c + 1)) % 256 for c in range(channels))
            image.putpixel((x, y), values if channels > 1 else values[0])
    return image


def save(name, image, **options):
    image.save(here / f"{name}.jpg", quality=85, **options)
    decoded = Image.open(here / f"{name}.jpg")
    decoded.convert("L" if decoded.mode == "L" else "RGB").save(here / f"{name}.png", optimize=True)


save("gray", picture(11, 9, "L"))
save("color", picture(19, 13, "RGB"))
save("progressive", picture(19, 13, "RGB"), progressive=True)
# A valid progressive file of 66 scans: the direct current, then every other coefficient of one colour alone.
scans = ["0,1,2: 0-0, 0, 0;"] + [f"0: {k}-{k}, 0, 0;" for k in range(1, 64)]
scans += ["1: 1-63, 0, 0;", "2: 1-63, 0, 0;"]
with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
    script.write("\n".join(scans))
    script.flush()
    command = ["jpegtran", "-scans", script.name, "-outfile", here / "scans.jpg", here / "color.jpg"]
    subprocess.run(command, check=True)

save("cmyk", picture(16, 8, "CMYK"))

arrays = {
    "x_train": np.arange(24, dtype=np.uint8).reshape(4, 2, 3),
    "y_train": np.array([0, 1, 2, 1]),
    "x_test": np.arange(100, 112, dtype=np.uint8).reshape(2, 2, 3),
    "y_test": np.array([[2], [0]], dtype=np.uint8),
}
np.savez(here / "stored.npz", **arrays)
np.savez_compressed(here / "deflated.npz", **arrays)
np.savez(here / "other.npz", x=arrays["x_train"], y=arrays["y_train"])
pickled = arrays | {"x_train": np.array([{}, None], dtype=object)}
np.savez(here / "pickle.npz", **pickled)
