"""Writes statistics.json: what SciPy and statsmodels' formula say about samples, for StatisticsTests.swift.

    python3 make_statistics.py > statistics.json
"""
import json
import random

from scipy import stats

random.seed(7)


def sample(count, spread):
    return [round(0.88 + random.gauss(0, spread), 6) for _ in range(count)]


def interval(values):
    low, high = stats.t.interval(0.95, len(values) - 1, loc=stats.tmean(values), scale=stats.sem(values))
    return (high - low) / 2


samples = [sample(count, spread) for count in (2, 3, 5, 10, 50) for spread in (0.0001, 0.02)]
pairs = [
    (sample(count, 0.01), [value + shift for value in sample(count, 0.01)])
    for count in (2, 3, 5, 10)
    for shift in (0, 0.004, 0.05)
]
print(json.dumps({
    "scipy": __import__("scipy").__version__,
    "two_sided": [
        {"t": t, "df": df, "p": 2 * stats.t.sf(t, df)}
        for df in (1, 2, 4, 9, 49, 499) for t in (0, 0.1, 0.7, 1.5, 2.776, 6, 40)
    ],
    "quantiles": [{"df": df, "t": stats.t.ppf(0.975, df)} for df in (1, 2, 3, 4, 9, 29, 99, 999)],
    "samples": [
        {"values": s, "mean": stats.tmean(s), "sd": stats.tstd(s), "half_interval": interval(s)} for s in samples
    ],
    "pairs": [{"first": a, "second": b, "p": stats.ttest_rel(a, b).pvalue} for a, b in pairs],
    # Holm by its definition, which SciPy has no function for.
    "holm": [
        {"p": ps, "corrected": [
            max(min(1, (len(ps) - rank) * p) for rank, p in enumerate(sorted(ps)) if p <= own) for own in ps]}
        for ps in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.2], [0.02], [0.001, 0.9, 0.04, 0.04001, 0.3, 0.0002])
    ],
}, indent=1))
