"""Draws the growth of a step's cost with gnuplot, as Weft's reports draw theirs."""

import pathlib
import shutil
import subprocess
import tempfile

from growth import step_work

# Names, colours that colour-blind readers tell apart (Okabe and Ito), and shapes.
SERIES = {
    "weft": ("Weft", "#0072b2", 7),
    "keras": ("Keras on TensorFlow", "#d55e00", 5),
    "torch": ("PyTorch", "#009e73", 9),
}
SIZE = (540, 380)
FONT = "DejaVu Sans,13"
TERMINALS = {
    "png": f"pngcairo size {2 * SIZE[0]},{2 * SIZE[1]} noenhanced font '{FONT}'"
    " fontscale 1.5 linewidth 2 pointscale 2.6 background '#ffffff'",
    "pdf": f"pdfcairo size {SIZE[0] / 96}in,{SIZE[1] / 96}in noenhanced font '{FONT}'"
    " fontscale 0.75 linewidth 1 pointscale 1.3 background '#ffffff'",
}
AXIS_TITLES = {
    "batch": "images of a batch",
    "image": "rows and columns of an image",
    "width": "width (×1: 16 and 32 channels)",
    "threads": "width (×1: 16 and 32 channels)",
}
FRAME = """
set border 3 lc rgb '#6b7280' lw 1
set grid lt 1 lc rgb '#e2e5ea' lw 0.8
set tics nomirror out scale 0.6 tc rgb '#4b5563'
set key top left reverse Left samplen 2.8 tc rgb '#1f2937'
set logscale x 2
set rmargin 3
"""


def draw(points, folder):
    """A figure for each axis, as PNG and PDF: growth-batch.png and so on."""
    if not shutil.which("gnuplot"):
        raise SystemExit("bench: gnuplot, which draws the figures, was not found: apt install gnuplot-nox")
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for axis in dict.fromkeys(point["axis"] for point in points):
        chosen = [point for point in points if point["axis"] == axis]
        commands = speedup(chosen) if axis == "threads" else cost(axis, chosen)
        for suffix, terminal in TERMINALS.items():
            run(f"set encoding utf8\nset terminal {terminal}\nset output '{folder / f'growth-{axis}.{suffix}'}'\n{commands}")


def run(script):
    with tempfile.NamedTemporaryFile("w", suffix=".gp") as file:
        file.write(script)
        file.flush()
        subprocess.run(["gnuplot", "--default-settings", file.name], check=True)


def cost(axis, points):
    """Milliseconds of a step over the size, both logarithmic, with what would grow as the work does."""
    first = points[0]
    names = list(first["results"])
    lowest = min(point["results"][name]["step_milliseconds"] for point in points for name in names)
    highest = max(point["results"][name]["step_milliseconds"] for point in points for name in names)
    blocks = {name: [(p["value"], p["results"][name]["step_milliseconds"]) for p in points] for name in names}
    # In proportion to the work, through Weft's largest point.
    last = points[-1]
    scale = last["results"]["weft"]["step_milliseconds"] / step_work(last)
    guide = [(point["value"], scale * step_work(point)) for point in points]
    plots = ["$guide using 1:2 with lines lc rgb '#9ca3af' lw 1.4 dt (6,4) title 'in proportion to the work'"]
    return "\n".join(
        [
            FRAME,
            *(block(name, rows) for name, rows in [*blocks.items(), ("guide", guide)]),
            f"set xlabel '{AXIS_TITLES[axis]}' tc rgb '#1f2937'",
            "set ylabel 'a training step, ms' tc rgb '#1f2937'",
            ticks(points),
            f"set logscale y 10\nset yrange [{lowest / 1.6}:{highest * (6 if len(names) > 2 else 4)}]\nset format y '%g'",
            "plot " + ", \\\n    ".join([line(name) for name in names] + plots),
        ]
    )


def speedup(points):
    """How many times faster two threads are than one, over the size."""
    times = {(p["threads"], p["value"]): p["results"] for p in points}
    values = sorted({value for _, value in times})
    blocks = {
        name: [
            (value, times[1, value][name]["step_milliseconds"] / times[2, value][name]["step_milliseconds"])
            for value in values
        ]
        for name in points[0]["results"]
    }
    highest = max(2.0, *(ratio for rows in blocks.values() for _, ratio in rows))
    return "\n".join(
        [
            FRAME,
            *(block(name, rows) for name, rows in blocks.items()),
            f"set xlabel '{AXIS_TITLES['threads']}' tc rgb '#1f2937'",
            "set ylabel 'times as fast with two threads as with one' tc rgb '#1f2937'",
            ticks([point for point in points if point["threads"] == 2]),
            f"set yrange [0:{highest * 1.35}]\nset ytics 0.5 format '%.1f'",
            "plot " + ", \\\n    ".join([*(line(name) for name in blocks), "1 with lines lc rgb '#9ca3af' lw 1.4 notitle"]),
        ]
    )


def block(name, rows):
    lines = "\n".join(f"{x} {y}" for x, y in rows)
    return f"${name} << EOD\n{lines}\nEOD"


def ticks(points):
    values = [point["value"] for point in points]
    margin = (values[-1] / values[0]) ** 0.04
    labels = ", ".join(f"'{value:,}' {value}" for value in values)
    return f"set xrange [{values[0] / margin}:{values[-1] * margin}]\nset xtics ({labels})"


def line(name):
    title, colour, shape = SERIES[name]
    return f"${name} using 1:2 with linespoints lc rgb '{colour}' lw 2 pt {shape} ps 0.7 title '{title}'"
