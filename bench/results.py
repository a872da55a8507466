# SPDX-License-Identifier: MIT
"""What the benchmarks wrote: read, and shown with units. For the scripts beside it."""

import json
import math
import statistics
from collections import defaultdict

# Not peers: the program without a runtime, and what the machine takes at least.
FLOORS = {"serial", "bare_scan", "nothing", "copy", "memcpy", "std_thread", "bare_pair", "spin_ping_pong", "futex_ping_pong",
          "futex_ping_pong_pinned", "fork_and_pipe"}

# Peers that are not C++, also with a variant behind a comma.
OTHER_LANGUAGES = {"rayon", "python", "python_pool"}

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}

METRICS_NOT_SECONDS = {"cpu_percent": "%", "allocated_bytes": " B", "resident_bytes": " B", "private_bytes": " B",
                       "growth_bytes": " B"}

# Counters that count, beside the time and the CPU time. The simulator's are the last two.
COUNTERS = ("per_item", "p50", "p99", "told_p50", "floor_p50", *METRICS_NOT_SECONDS, "work", "span")


class BadResults(Exception):
    pass


def read(paths):
    """{(row, runtime, threads): {metric: median}} of all files together."""
    results = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                results.append(json.load(file))
            figures_of(results[-1:])
        except (OSError, ValueError, BadResults) as error:
            raise BadResults(f"{path}: {error}") from error
    return figures_of(results)


def figures_of(results):
    """The same of parsed files."""
    samples = defaultdict(lambda: defaultdict(list))
    for result in results:
        entries = result.get("benchmarks") if isinstance(result, dict) else None
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise BadResults("a file without benchmarks")
        for entry in entries:
            if entry.get("run_type") == "aggregate":
                continue  # the medians are taken here
            name = entry.get("run_name", "")
            if entry.get("error_occurred"):
                raise BadResults(f"{name} failed: {entry.get('error_message')}")
            key = key_of(name)
            for metric, value in metrics_of(name, entry).items():
                samples[key][metric].append(value)
    return {key: {m: statistics.median(v) for m, v in metrics.items()} for key, metrics in samples.items()}


def key_of(name):
    parts = name.split("/")
    threads = parts[2].removeprefix("threads:") if len(parts) > 2 and parts[2].startswith("threads:") else ""
    if not threads.isdecimal():
        raise BadResults(f"'{name}' is not called row/runtime/threads:n")
    return parts[0], parts[1], int(threads)


def metrics_of(name, entry):
    try:
        unit = SECONDS[entry["time_unit"]]
        found = {"time": entry["real_time"] * unit, "cpu": entry["cpu_time"] * unit}
        found |= {metric: float(entry[metric]) for metric in COUNTERS if metric in entry}
    except (KeyError, TypeError, ValueError) as error:
        raise BadResults(f"{name} has no usable figures: {error}") from error
    for metric, value in found.items():
        if not math.isfinite(value):
            raise BadResults(f"{name} has no usable figures: {metric} is {value}")
    return found


def shown(value, metric="time"):
    if value is None:
        return "-"
    if metric in METRICS_NOT_SECONDS:
        return f"{value:.3g}{METRICS_NOT_SECONDS[metric]}"
    for unit in ("s", "ms", "us"):
        if value >= SECONDS[unit]:
            return f"{value / SECONDS[unit]:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"
