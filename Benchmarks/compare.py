"""Measures Weft and, if asked, other frameworks on the same machine in the same sitting. Started by scripts/bench."""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import sys
import tempfile

import figures
import growth
import prediction
from measuring import PEERS_FOLDER, last_json_line, measured, print_table, processor

CLASSIFIERS = ["dense128", "cnn64", "fc000", "small000", "big000", "cnn001"]
WORKLOADS = [*CLASSIFIERS, "vae10", "gan64"]
PASSES = ["--repeats", "3"]
# Name: what its programs begin with, and their first argument. The last computes in bfloat16, all others in float32 as
# Weft does.
PEERS = {
    "keras-tensorflow": ("keras", "tensorflow"),
    "keras-jax": ("keras", "jax"),
    "keras-torch": ("keras", "torch"),
    "pytorch": ("torch", "eager"),
    "pytorch-bf16": ("torch", "bf16"),
}
# Whose training loop would have to be written again for these.
MISSING = {("gan64", "keras-jax"), ("gan64", "keras-torch")}
BFLOAT16 = {"pytorch-bf16"}
# Weft itself in float32, for Weft in another precision to be compared with.
OWN = {"weft-float32": [], "weft-float32-direct": ["--math", "direct"]}


def compare_workload(name, weft, python, peers, repeats, options):
    """Alternates Weft and each peer, so that both see the same state of the machine."""

    def run_weft(options=options):
        return json.loads(measured([weft, "bench", name, "--json", *PASSES, *options])[0])[name]

    def run_peer(peer):
        if peer in OWN:
            return run_weft(OWN[peer])
        framework, mode = PEERS[peer]
        program = PEERS_FOLDER / f"{framework}_{'training' if name in CLASSIFIERS else 'generative'}.py"
        return last_json_line(measured([python, program, mode, name, "--json", *PASSES])[0])

    if not peers:
        return {"weft": summary([run_weft() for _ in range(repeats)]), "peers": {}}
    weft_runs, results = [], {}
    for peer in peers:
        pairs = [(run_weft(), run_peer(peer)) for _ in range(repeats)]
        weft_runs += [ours for ours, _ in pairs]
        ratios = [ours["images_per_second"] / theirs["images_per_second"] for ours, theirs in pairs]
        results[peer] = summary([theirs for _, theirs in pairs])
        results[peer] |= {"ratio": statistics.median(ratios), "ratios": ratios}
        if peer not in OWN:
            results[peer]["version"] = pairs[0][1]["version"]
    return {"weft": summary(weft_runs), "peers": results}


def summary(runs):
    keys = [key for key in ("images_per_second", "step_milliseconds", "gradient_check_share") if key in runs[0]]
    medians = {key: statistics.median(run[key] for run in runs) for key in keys}
    return medians | {"runs": [run["images_per_second"] for run in runs]}


def fastest(peers):
    """The peer with the most images per second, and Weft's ratio to it."""
    if not peers:
        return None, None
    name = max(peers, key=lambda peer: peers[peer]["images_per_second"])
    return name, peers[name]["ratio"]


def whole_process(weft, python, backends, repeats):
    """From process start to the test's result: dense128, 5 epochs, evaluation. Weft also writes its run and report."""
    results = {}

    def record(name, text_seconds_megabytes):
        _, seconds, megabytes = text_seconds_megabytes
        results.setdefault(name, []).append({"seconds": seconds, "peak_megabytes": megabytes})

    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            options = ["--data", "fashion-mnist", "--epochs", "5", "--out", f"{folder}/run"]
            record("weft", measured([weft, "train", "dense-128", *options]))
        for backend in backends:
            record(f"keras-{backend}", measured([python, PEERS_FOLDER / "whole_process.py", backend]))
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} | {"runs": runs}
        for name, runs in results.items()
    }


def print_workloads(results):
    measured_peers = [peer for peer in [*OWN, *PEERS] if any(peer in result["peers"] for result in results.values())]
    own, peers = [peer for peer in measured_peers if peer in OWN], [peer for peer in measured_peers if peer in PEERS]
    header = ["images/s", "weft", *measured_peers]
    rows = []
    for name, result in results.items():
        row = [name, result["weft"], *(result["peers"].get(peer) for peer in measured_peers)]
        row = [row[0]] + [f"{value['images_per_second']:,.0f}" if value else "-" for value in row[1:]]
        row += [f"{result['peers'][peer]['ratio']:.2f}" for peer in own]
        for label, ratio in (("best_float32_peer", "ratio"), ("best_bfloat16_peer", "bfloat16_ratio")):
            if peers:
                row.append(f"{result[ratio]:.2f} × {result[label]}" if result[label] else "-")
        row.append(f"{result['weft']['gradient_check_share']:.1%}")
        rows.append(row)
    header += [f"to {peer}" for peer in own]
    if peers:
        header += ["to the best float32 peer", "to bfloat16"]
    header.append("looking for NaN")
    print_table([header, *rows])


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; default: all")
    parser.add_argument("--peers", action="store_true", help="also measure Keras and PyTorch, and print ratios")
    parser.add_argument("--only", metavar="PEER", action="append", choices=PEERS, help="with --peers: only this one")
    parser.add_argument(
        "--precision", choices=["float32", "bfloat16", "bfloat16-emulated"], default="float32",
        help="of Weft; all but float32 are also compared with Weft's float32",
    )
    parser.add_argument("--whole-process", action="store_true", help="time 5 epochs of dense128 from process start")
    parser.add_argument(
        "--predict", action="store_true", help="time `weft predict` over 10,000 images, as a process and alone"
    )
    parser.add_argument(
        "--growth", nargs="*", metavar="AXIS", choices=growth.AXES,
        help=f"what a step costs as the work grows, along {', '.join(growth.AXES)}; default: all",
    )
    parser.add_argument("--figures", metavar="FOLDER", help="with --growth: draw a figure for each axis")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each program; default: 3")
    parser.add_argument("--json", metavar="FILE", help="write every number to this file")
    parser.add_argument("--weft", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--python", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in arguments.workloads:
        if name not in WORKLOADS:
            parser.error(f"unknown workload '{name}'; there are {', '.join(WORKLOADS)}")
    if arguments.repeats < 1:
        parser.error(f"--repeats {arguments.repeats}: expected at least 1")
    if arguments.only and not arguments.peers:
        parser.error("--only goes with --peers")
    if arguments.figures and arguments.growth is None:
        parser.error("--figures goes with --growth")
    return arguments


def grow(arguments, peers):
    """The axes that were asked for, with a table and, where they are wanted, figures."""
    frameworks = [name for name, peer in (("keras", "keras-tensorflow"), ("torch", "pytorch")) if peer in peers]
    points = growth.measure(
        arguments.growth or list(growth.AXES), arguments.weft, arguments.python, frameworks,
        told=lambda text: print(f"measuring {text} …", file=sys.stderr),
    )
    growth.show(points)
    if arguments.figures:
        figures.draw(points, arguments.figures)
    return {"points": points, "doublings": growth.doublings(points)}


def main():
    arguments = parse_arguments()
    peers = (arguments.only or list(PEERS)) if arguments.peers else []
    own = [] if arguments.precision == "float32" else list(OWN)
    load = os.getloadavg()[0]
    if load > 0.3 * os.cpu_count():
        print(f"bench: the machine is busy (load {load:.1f}): expect lower numbers", file=sys.stderr)
    report = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_at_start": load,
        "precision": arguments.precision,
        "workloads": {},
    }
    print(f"{report['processor']}, {report['cores']} cores")
    backends = [mode for peer, (framework, mode) in PEERS.items() if peer in peers and framework == "keras"]
    if arguments.whole_process:
        report["whole_process"] = whole_process(arguments.weft, arguments.python, backends, arguments.repeats)
        print_table(
            [["5 epochs of dense128 and its test", "seconds", "peak MB"]]
            + [
                [name, f"{result['seconds']:.1f}", f"{result['peak_megabytes']:.0f}"]
                for name, result in report["whole_process"].items()
            ]
        )
    if arguments.predict:
        report["predict"] = prediction.measure(arguments.weft, arguments.python, backends, arguments.repeats)
        prediction.show(report["predict"])
    if arguments.growth is not None:
        report["growth"] = grow(arguments, peers)
    # What stands above, asked for alone, means only that.
    is_alone = arguments.whole_process or arguments.predict or arguments.growth is not None
    for name in arguments.workloads or ([] if is_alone else WORKLOADS):
        print(f"measuring {name} …", file=sys.stderr)
        result = compare_workload(
            name, arguments.weft, arguments.python, own + [p for p in peers if (name, p) not in MISSING],
            arguments.repeats, ["--precision", arguments.precision],
        )
        measured_peers = {peer: value for peer, value in result["peers"].items() if peer in PEERS}
        float32 = {peer: value for peer, value in measured_peers.items() if peer not in BFLOAT16}
        bfloat16 = {peer: value for peer, value in measured_peers.items() if peer in BFLOAT16}
        result["best_float32_peer"], result["ratio"] = fastest(float32)
        result["best_bfloat16_peer"], result["bfloat16_ratio"] = fastest(bfloat16)
        report["workloads"][name] = result
    if report["workloads"]:
        print_workloads(report["workloads"])
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
