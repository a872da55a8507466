#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares heddle with its peers and its goals, from what the benchmarks wrote.

    ./dev bench --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
    bench/table.py build/bench-g++/results/*.json    # as ./dev report does

First the goals. A row is heddle's figure, the best peer's (all of the same run), their ratio, that of the CPU time of all
their threads, and what the goal allows. On a machine that others use too, trust the latter ratio more. Then everything
that was measured, the fastest peer first, and how much of each peer's time heddle takes in the four programs by which the
field compares fork-join runtimes. Where there are repetitions the median counts. The exit status is 1 if a file cannot be
read or holds a benchmark that failed, never because a goal was missed.
"""

import statistics
import sys
from typing import NamedTuple

import results
from results import FLOORS, METRICS_NOT_SECONDS, OTHER_LANGUAGES, shown


class Limit(NamedTuple):
    """At most `factor` x what `of` names, + `plus`. `of` is None (only `plus` counts), "peer" (the best one), "C++ peer"
    (the best of those), or the row/runtime/threads of another figure, whose part "row" stands for the goal's own row.
    `metric` is the goal's own unless given."""

    factor: float = 0.0
    of: "str | None" = None
    plus: float = 0.0
    metric: "str | None" = None


class Goal(NamedTuple):
    name: str
    row: str
    limits: "tuple[Limit, ...]"  # all of them
    metric: str = "time"
    threads: int = 2


def at_most(plus):
    return Limit(plus=plus)


def ideal(factor, plus=0.0):
    """The program without a runtime, spread over two threads without a loss."""
    return Limit(factor / 2, "row/serial/1", plus)


US = 1e-6
PEER = "peer"
CPP_PEER = "C++ peer"

GOALS = (
    Goal("F1", "fib_38", (Limit(0.25, CPP_PEER),)),
    Goal("F1", "fib_38", (Limit(0.5, "row/rayon/2"),)),
    Goal("F1", "fib_38", (Limit(2.0, "row/serial/1"),), threads=1),
    Goal("F1", "late_8x10ms", (ideal(1.1),)),
    Goal("F1", "late_loop_8x10ms", (Limit(1.1 / 2, "late_8x10ms/serial/1"),)),
    Goal("F2", "skynet_1e6", (Limit(0.4, PEER),)),
    Goal("F2", "skynet_1e8", (Limit(0.4, PEER),)),
    Goal("F3", "nqueens_14", (Limit(0.9, CPP_PEER), Limit(1 / 1.95, "row/serial/1"))),
    Goal("F4", "matmul_2048", (Limit(1.0, PEER),)),
    Goal("F5", "uts_t1", (Limit(0.5, PEER),)),
    Goal("F5", "uts_t3", (Limit(0.5, PEER),)),
    Goal("F6", "storm_futures", (Limit(0.4, PEER), at_most(100e-9)), "per_item"),
    Goal("F7", "storm_detached", (Limit(0.5, PEER),), "per_item"),
    Goal("F8", "round_trip_hot", (Limit(3.0, "row/spin_ping_pong/2", 0.2 * US),), "p50"),
    Goal("F8", "round_trip_hot", (at_most(5 * US),), "p99"),
    Goal("F9", "round_trip_1ms", (Limit(0.8, "row/futex_ping_pong/2"),), "p50"),
    Goal("F9", "round_trip_10ms", (Limit(0.8, "row/futex_ping_pong/2"),), "p50"),
    Goal("F10", "hot_2_empty", (at_most(0.04 * US),)),
    Goal("F10", "hot_2x2us", (Limit(2.0, "round_trip_hot/spin_ping_pong/2", 2 * US, "p50"),)),
    Goal("F10", "hot_2x20us", (at_most(20.8 * US),)),
    Goal("F10b", "parked_2_empty", (at_most(1.5 * US),), "p50"),
    Goal("F10b", "parked_2x20us", (Limit(1.1, "row/serial/1"),), "p50"),
    # An exchange is two wakes.
    Goal("F10b", "parked_2x1ms", (Limit(1.5 / 2, "round_trip_3ms/futex_ping_pong_pinned/2", 1000 * US),), "p50"),
    Goal("F11", "sqrt_1e7_element", (Limit(1.0, PEER),)),
    Goal("F11", "sqrt_1e7_range", (Limit(1.0, PEER),)),
    Goal("F11", "invert_1e7", (Limit(1.0, PEER),)),
    Goal("F12", "linear_cost", (ideal(1.03),)),
    # Half of the work is one item, the last: two threads share the others, and then one of them begins with it.
    Goal("F12", "long_tail", (Limit(1.03 * 3 / 4, "row/serial/1"),)),
    Goal("F13", "nested_100x100", (ideal(1.03),)),
    Goal("F14", "sum_1e8", (Limit(1.05, PEER),)),
    Goal("F14", "ordered_1e8", (Limit(1.3, "sum_1e8/peer/2"),)),
    Goal("F15", "idle_10s", (at_most(0.01),), "cpu_percent"),
    Goal("F15", "start_stop", (Limit(1.0, "row/std_thread/2", 10 * US),)),
    # The goal counts the task; each also has a slot of 8 bytes in the queue.
    Goal("F16", "pending_1e6", (at_most(64 + 8.5),), "allocated_bytes", threads=1),
    Goal("F16", "pending_1e6", (at_most(84),), "resident_bytes", threads=1),
    Goal("F17", "group_1e6", (Limit(0.25, "row/tbb/2"), at_most(25e-9)), "per_item"),
    Goal("S1", "promise_get", (at_most(25e-9),), threads=1),
    Goal("S2", "then_chain_1e6", (at_most(60e-9),), "per_item", threads=1),
    Goal("S3", "as_completed_1e6", (at_most(150e-9),), "per_item", threads=1),
    Goal("S4", "promise_told", (Limit(1.0, "promise_not_told/heddle/1", 15e-9),), threads=1),
    Goal("S5", "first_of_1e4", (Limit(1.5, "row/bare_scan/1"),), threads=1),
    Goal("S5", "completion_set_1e6", (Limit(2.0, "as_completed_1e6/heddle/1"),), "per_item", threads=1),
    Goal("S6", "graph_1e6", (Limit(0.5, PEER), at_most(200e-9)), "per_item"),
    Goal("P1", "process_round_trip", (at_most(1e-6),), "p50", threads=1),
    Goal("P1", "process_round_trip", (at_most(3e-6),), "p99", threads=1),
    # A bare futex there and back in the same benchmark, sample by sample.
    Goal("P2", "process_after_10ms", (Limit(1.3, "row/heddle/1", metric="floor_p50"),), "p50", threads=1),
    Goal("P2", "process_after_10ms", (Limit(1.8, "row/heddle/1", metric="floor_p50"),), "told_p50", threads=1),
    Goal("P3", "process_storm_1e5", (at_most(500e-9),), "per_item", threads=1),
    Goal("P5", "process_64MiB_in", (Limit(1.2, "row/memcpy/1"),), threads=1),
    Goal("P5", "process_64MiB_shared", (Limit(1.0, "row/futex_ping_pong/1", 10 * US),), "p50", threads=1),
    Goal("P6", "process_64MiB_in_out", (Limit(2.4, "row/memcpy/1"),), threads=1),
    Goal("P7", "process_first_result", (at_most(5e-3),), threads=1),
    Goal("P8", "process_death_to_next_result", (at_most(5e-3),), "p99", threads=1),
    Goal("P9", "process_worker_memory", (at_most(256 * 1024),), "private_bytes", threads=1),
    Goal("P9", "process_server_memory", (at_most(1024 * 1024),), "private_bytes", threads=1),
    Goal("P9", "process_server_memory", (at_most(1024 * 1024),), "growth_bytes", threads=1),
    Goal("P9", "forked_process_worker_memory", (at_most(256 * 1024),), "private_bytes", threads=1),
    Goal("P9", "forked_process_server_memory", (at_most(256 * 1024),), "private_bytes", threads=1),
    Goal("A4", "scan_1e8", (Limit(1.0, PEER),)),
    Goal("A4", "scan_1e8", (Limit(1.0, "row/serial/1"),), threads=1),
    # What is copied as it is, what has padding, and what has a function or memory of its own.
    Goal("V1", "encode_64mib", (Limit(1.2, "row/memcpy/1"),), threads=1),
    Goal("V1", "decode_64mib", (Limit(1.2, "row/memcpy/1"),), threads=1),
    Goal("V2", "encode_1e6_structs", (Limit(5.0, "row/memcpy/1"),), "per_item", threads=1),
    Goal("V2", "decode_1e6_structs", (Limit(4.0, "row/memcpy/1"),), "per_item", threads=1),
    Goal("V3", "encode_1e6_classes", (Limit(0.5, PEER),), "per_item", threads=1),
    Goal("V3", "decode_1e6_classes", (Limit(0.5, PEER),), "per_item", threads=1),
    Goal("V3", "encode_1e5_strings", (Limit(0.5, PEER),), "per_item", threads=1),
    Goal("V3", "decode_1e5_strings", (Limit(0.9, PEER),), "per_item", threads=1),
)


FIELD = ("fib_38", "skynet_1e8", "nqueens_14", "matmul_2048")


def peers(figures, row, metric, threads):
    """[(figure, runtime)], the smallest figure first."""
    return sorted(
        (metrics[metric], runtime)
        for (r, runtime, t), metrics in figures.items()
        if (r, t) == (row, threads) and metric in metrics and runtime != "heddle" and runtime not in FLOORS
    )


def best_peer(figures, row, metric, threads, of=PEER):
    """(figure, runtime) of the smallest figure, or None."""
    found = peers(figures, row, metric, threads)
    return next((peer for peer in found if of == PEER or peer[1].split(",")[0] not in OTHER_LANGUAGES), None)


def reference(figures, goal, limit):
    """The figure that the limit refers to, or None if it was not measured."""
    of = f"row/{limit.of}/{goal.threads}" if limit.of in (PEER, CPP_PEER) else limit.of
    metric = limit.metric or goal.metric
    row, runtime, threads = of.split("/")
    row = goal.row if row == "row" else row
    if runtime in (PEER, CPP_PEER):
        peer = best_peer(figures, row, metric, int(threads), of=runtime)
        return peer[0] if peer else None
    return figures.get((row, runtime, int(threads)), {}).get(metric)


def allowed(figures, goal):
    """What the strictest limit of the goal allows, or None if what it refers to was not measured."""
    strictest = None
    for limit in goal.limits:
        value = limit.plus
        if limit.of is not None:
            base = reference(figures, goal, limit)
            if base is None:
                return None
            value += limit.factor * base
        strictest = value if strictest is None else min(strictest, value)
    return strictest


def ratio(own, peer):
    return f"{own / peer:.2f}" if peer else "-"


def table(figures):
    """The lines of the table: every goal whose heddle figure was measured."""
    rows = [("goal", "row", "threads", "heddle", "best peer", "", "ratio", "of CPU", "allowed", "verdict")]
    for goal in GOALS:
        own = figures.get((goal.row, "heddle", goal.threads), {}).get(goal.metric)
        if own is None:
            continue
        kind = CPP_PEER if any(limit.of == CPP_PEER for limit in goal.limits) else PEER
        peer = best_peer(figures, goal.row, goal.metric, goal.threads, of=kind)
        cpu = {runtime: figures[goal.row, runtime, goal.threads]["cpu"] for runtime in ("heddle", peer[1])} if peer else {}
        limit = allowed(figures, goal)
        rows.append(
            (
                goal.name,
                goal.row if goal.metric == "time" else f"{goal.row} {goal.metric}",
                str(goal.threads),
                shown(own, goal.metric),
                shown(peer[0], goal.metric) if peer else "-",
                peer[1] if peer else "",
                ratio(own, peer[0]) if peer else "-",
                ratio(cpu["heddle"], cpu[peer[1]]) if peer else "-",
                shown(limit, goal.metric),
                "?" if limit is None else "reached" if own <= limit else f"missed, {own / limit:.2f} x",
            )
        )
    return aligned(rows)


def metric_of(metrics):
    """The one that says most."""
    return next((metric for metric in ("per_item", "p50", *METRICS_NOT_SECONDS) if metric in metrics), "time")


def everything(figures):
    """The lines of the second table: every row that heddle was measured in."""
    rows = [("row", "threads", "heddle", "ratio", "peers")]
    for (row, runtime, threads), metrics in figures.items():
        if runtime != "heddle":
            continue
        metric = metric_of(metrics)
        others = peers(figures, row, metric, threads)
        others_text = ", ".join(f"{name} {shown(value, metric)}" for value, name in others)
        best = ratio(metrics[metric], others[0][0]) if others else "-"
        rows.append((row, str(threads), shown(metrics[metric], metric), best, others_text))
    return aligned(rows)


def means(figures):
    """The lines of the third table: heddle's part of a peer's time, the geometric mean over the field's programs. Who
    lacks one of them may still be the best in another."""
    threads_of = {threads for row, runtime, threads in figures if runtime == "heddle" and row in FIELD}
    rows = [("mean of " + ", ".join(FIELD), "threads", "ratio")]
    for threads in sorted(threads_of):
        times = {runtime: [figures.get((row, runtime, threads), {}).get("time") for row in FIELD]
                 for runtime in {runtime for _, runtime, t in figures if t == threads} - FLOORS}
        own = times.pop("heddle")
        found = {f"of {name}": each for name, each in times.items() if None not in each}
        best = [min((time for time in of_row if time is not None), default=None) for of_row in zip(*times.values())]
        if None in own or not best or None in best:
            continue
        found["of the best in each"] = best
        ratios = {name: statistics.geometric_mean(a / b for a, b in zip(own, each)) for name, each in found.items()}
        rows += [(name, str(threads), f"{mean:.2f}") for name, mean in sorted(ratios.items(), key=lambda each: -each[1])]
    return aligned(rows) if len(rows) > 1 else []


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def main(paths):
    if not paths or paths[0].startswith("-"):
        print(__doc__)
        return 0 if paths else 2
    try:
        figures = results.read(paths)
        print("\n\n".join("\n".join(lines) for lines in (table(figures), everything(figures), means(figures)) if lines))
    except results.BadResults as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
