"""What the measurements have in common: running programs, and showing numbers."""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

PEERS_FOLDER = pathlib.Path(__file__).parent / "peers"


def measured(command):
    """Runs a command; gives what it printed, its seconds from start to end and its peak memory in megabytes."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            text = errors.read().decode(errors="replace").strip()
            raise SystemExit(f"bench: {' '.join(map(str, command))} failed:\n{text}")
        megabytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
        return output.read().decode(), seconds, megabytes


def last_json_line(text):
    return json.loads(text.strip().splitlines()[-1])


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join(cells))


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
