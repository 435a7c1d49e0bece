"""Writes scores.json: Fréchet distances by scipy, precision and recall by every pair of points, for the tests to compare with.

    pip install numpy scipy
    python make_score_goldens.py
"""

import json
import pathlib

import numpy as np
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(11)


def points(count, size, shift, rank=None):
    """Correlated normal points, in a subspace where there is a rank."""
    mixing = random.normal(size=(rank or size, size))
    values = random.normal(size=(count, rank or size)) @ mixing + shift * random.normal(size=size)
    # As many digits as the file has, so that both sides compute with the same numbers.
    return np.array([[float(f"{x:.6g}") for x in row] for row in values], dtype=np.float32)


def frechet_distance(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    s, t = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    difference = a.mean(0) - b.mean(0)
    if np.linalg.matrix_rank(s) == np.linalg.matrix_rank(t) == len(s):
        root = np.trace(sqrtm(s @ t).real)
    else:
        # scipy finds no root of a singular matrix: the trace from the eigenvalues of s^1/2 t s^1/2.
        values, vectors = np.linalg.eigh(s)
        half = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
        root = np.sqrt(np.clip(np.linalg.eigvalsh(half @ t @ half), 0, None)).sum()
    return float(difference @ difference + np.trace(s + t) - 2 * root)


def share(manifold, others, neighbours):
    """As Kynkäänniemi et al. define it: inside at least one ball to the k-th nearest neighbour."""
    radii = np.sort(cdist(manifold, manifold), axis=1)[:, neighbours]
    return float((cdist(others, manifold) <= radii).any(axis=1).mean())


def case(name, a, b, neighbours):
    return {
        "name": name,
        "size": a.shape[1],
        "neighbours": neighbours,
        "real": [float(x) for x in a.ravel()],
        "generated": [float(x) for x in b.ravel()],
        "frechet_distance": frechet_distance(a, b),
        "precision": share(a.astype(np.float64), b.astype(np.float64), neighbours),
        "recall": share(b.astype(np.float64), a.astype(np.float64), neighbours),
    }


cases = [
    case("plain", points(40, 6, 0), points(30, 6, 1), 3),
    case("one number", points(25, 1, 0), points(25, 1, 2), 1),
    case("odd size", points(33, 19, 0), points(47, 19, 0.3), 5),
    case("fewer images than features", points(8, 20, 0), points(9, 20, 0.2), 3),
    case("a plane in space", points(30, 5, 0, rank=2), points(30, 5, 0), 3),
]
(HERE / "scores.json").write_text(json.dumps(cases, indent=None).replace("}, {", "},\n{") + "\n")
