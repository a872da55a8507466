#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what the benchmarks and the simulator wrote, as SVG files: fork_join, loops, jobs and simulator.

    ./dev bench --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
    ./dev report further_runtimes.json    # draws into build/bench-g++/pictures

Figures of other runtimes may come in further files, under the same names: row/runtime/threads:n. Where there are
repetitions the median counts. A picture of which nothing was measured is left out.
"""

import argparse
import pathlib
import statistics
import sys

import results
import svg
from results import FLOORS, SECONDS, shown

# How runtimes are called on pictures, where that is not their name in the benchmarks.
NAMES = {
    "tbb": "oneTBB",
    "openmp": "OpenMP",
    "openmp_static": "OpenMP static",
    "openmp_dynamic": "OpenMP dynamic",
    "std_par": "std::execution::par",
    "std_async": "std::async",
    "asio": "Asio",
    "spin_ping_pong": "spinning pair",
    "futex_ping_pong": "futex pair",
}

FORK_JOIN = {
    "fib_38": "fib(38)",
    "skynet_1e8": "skynet, 1e8 leaves",
    "nqueens_14": "queens on a board of 14",
    "matmul_2048": "matrices of 2048 x 2048",
}
GRAINS = {f"grain_{length}{unit}": length * SECONDS[unit]
          for length, unit in ((1, "ns"), (10, "ns"), (100, "ns"), (1, "us"), (10, "us"), (100, "us"), (1, "ms"))}
JOBS = {
    ("storm_futures", "per_item"): "1e6 calls with futures: each",
    ("storm_detached", "per_item"): "1e6 calls without a future: each",
    ("round_trip_hot", "p50"): "a call and its result: median",
    ("round_trip_10ms", "p50"): "a call and its result after 10 ms of rest",
    ("group_1e6", "per_item"): "1e6 calls of a group: each",
}
ROWS = {*FORK_JOIN, *GRAINS, *(row for row, _ in JOBS)}

# Of the simulator: heddle's rules.
ENGINES_RULE = "all but one"
IDEAL = svg.Look("faint", "2 4", thick=1.5)
BOUND = svg.Look("bound", thick=9.0)


def measured(figures, row, metric, threads):
    """{runtime: figure} with so many threads. Nothing takes no time at all: that would be no figure."""
    return {
        runtime: metrics[metric]
        for (r, runtime, t), metrics in figures.items()
        if (r, t) == (row, threads) and metrics.get(metric, 0) > 0
    }


def named(runtime):
    return NAMES.get(runtime, runtime)


def kind(runtime):
    return "heddle" if runtime == "heddle" else "floor" if runtime in FLOORS else "peer"


def bars(found, text):
    """The best one first."""
    ordered = sorted(found.items(), key=lambda each: (each[1], each[0]))
    return [svg.Bar(named(runtime), value, text(value, runtime), kind(runtime)) for runtime, value in ordered]


def values(panels):
    return [bar.value for _, its_bars in panels for bar in its_bars]


def round_ticks(low, high):
    """Numbers 1, 2 and 5 of each decade, or only the 1, from below `low` to above `high`."""
    around = [10.0**power * digit for power in range(-12, 13) for digit in (1, 2, 5)]
    begin = max(tick for tick in around if tick <= low * 1.0001)
    end = min(tick for tick in around if tick >= high)
    within = [tick for tick in around if begin <= tick <= end]
    if end / begin <= 100:
        return within
    return [tick for tick in within if tick in (begin, end) or tick in svg.decades(begin, end)]


def factor(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def fork_join(figures, threads):
    panels = []
    for row, title in FORK_JOIN.items():
        found = {name: time for name, time in measured(figures, row, "time", threads).items() if name not in FLOORS}
        own = found.get("heddle")
        if own is None:
            continue
        relative = {name: time / own for name, time in found.items()}
        text = lambda value, name, own=own: shown(own) if name == "heddle" else f"{factor(value)} x"
        panels.append((title, bars(relative, text)))
    if not panels:
        return None
    drawing = svg.Drawing(
        f"Fork and join, {threads} thread{'s' * (threads > 1)}",
        "Time relative to heddle, whose own is given; a logarithmic scale, shorter bars are faster.",
    )
    ticks = [(tick, f"{tick:g}") for tick in round_ticks(min(0.5, *values(panels)), max(2, *values(panels)))]
    return drawing.rendered(svg.bar_panels(drawing, panels, ticks, reference=1))


def jobs(figures, threads):
    panels = []
    for (row, metric), title in JOBS.items():
        found = measured(figures, row, metric, threads)
        if found:
            panels.append((title, bars(found, lambda value, _: shown(value))))
    if not panels:
        return None
    subtitle = "Time on a logarithmic scale; shorter bars are faster."
    if any(bar.kind == "floor" for _, its_bars in panels for bar in its_bars):
        subtitle += " Faint: two threads without a runtime hand over one word."
    drawing = svg.Drawing(f"Calls from outside and groups, {threads} worker{'s' * (threads > 1)}", subtitle)
    decades = svg.decades(min(values(panels)) / 9.999, max(values(panels)) * 10)
    return drawing.rendered(svg.bar_panels(drawing, panels, [(tick, shown(tick)) for tick in decades]))


def loops(figures, threads):
    efficiency = {}
    for row, length in GRAINS.items():
        serial = measured(figures, row, "time", 1).get("serial")
        for runtime, time in measured(figures, row, "time", threads).items():
            if serial and runtime not in FLOORS:
                efficiency.setdefault(runtime, {})[length] = serial / (threads * time)
    if not efficiency:
        return None
    peers = [runtime for runtime in sorted(efficiency) if runtime != "heddle"]
    lines = [line_of(runtime, efficiency[runtime], svg.peer_look(index)) for index, runtime in enumerate(peers)]
    if "heddle" in efficiency:
        lines.append(line_of("heddle", efficiency["heddle"], svg.HEDDLE))

    drawing = svg.Drawing(
        f"Loops of 10 ms, {threads} thread{'s' * (threads > 1)}",
        "Serial time / (threads x time), by how long one of the equal bodies takes: 100 % is ideal.",
    )
    height = max(320, 24 * len(lines))
    best = max(value for found in efficiency.values() for value in found.values())
    quarters = max(4, -int(-best * 4 // 1))
    x = svg.log_scale(1e-9, 1e-3, 76, 640)
    y = svg.linear_scale(0, quarters / 4, 76 + height, 76)
    svg.line_panel(drawing, x, y, [(length, shown(length)) for length in GRAINS.values()],
                   [(quarter / 4, f"{25 * quarter} %") for quarter in range(quarters + 1)], lines)
    for index, line in enumerate(sorted(lines, key=mean_of, reverse=True)):
        svg.legend_entry(drawing, 672, 88 + 24 * index, line)
    return drawing.rendered(76 + height + 36)


def line_of(runtime, found, look):
    return svg.Line(named(runtime), [(length, found.get(length)) for length in GRAINS.values()], look)


def mean_of(line):
    return statistics.fmean(value for _, value in line.points if value is not None)


def simulator(figures, _):
    """Of all numbers of workers that were simulated."""
    programs = {}
    for (row, rule, workers), metrics in sorted(figures.items()):
        if all(metrics.get(metric, 0) > 0 for metric in ("work", "span", "time")):
            programs.setdefault(row, {}).setdefault(rule, {})[workers] = metrics
    if not programs:
        return None
    rules = sorted({rule for of_program in programs.values() for rule in of_program} - {ENGINES_RULE})
    looks = {rule: svg.peer_look(index) for index, rule in enumerate(rules)} | {ENGINES_RULE: svg.HEDDLE}

    drawing = svg.Drawing(
        "Speed-up, simulated", "By the number of workers, under heddle's rules of sharing and under others."
    )
    key = [svg.Line(rule + ", as heddle" * (rule == ENGINES_RULE), [], look) for rule, look in looks.items()]
    top = svg.legend_row(drawing, 74, [*key, svg.Line("ideal", [], IDEAL), svg.Line("work / span bound", [], BOUND)])
    for index, (program, of_program) in enumerate(programs.items()):
        speed_ups(drawing, svg.MARGIN + index % 2 * 440, top + index // 2 * 300, program, of_program, looks)
    return drawing.rendered(top + -(-len(programs) // 2) * 300)


def speed_ups(drawing, left, top, program, of_program, looks):
    some = next(metrics for of_rule in of_program.values() for metrics in of_rule.values())
    drawing.text(left, top + 16, program, "ink strong")
    times = f"work {shown(some['work'])}, span {shown(some['span'])}"
    drawing.text(left + svg.width_of(program) + 12, top + 16, times, "faint")

    found = {rule: {workers: metrics["work"] / metrics["time"] for workers, metrics in of_rule.items()}
             for rule, of_rule in of_program.items()}
    numbers = sorted({workers for of_rule in found.values() for workers in of_rule})
    most = max(2, *numbers)
    highest = min(most, max(1, some["work"] / some["span"]))
    lines = [
        svg.Line("", [(1, 1), (highest, highest), (most, highest)], BOUND),
        svg.Line("", [(1, 1), (most, most)], IDEAL),
        *(svg.Line(rule, [(workers, found[rule].get(workers)) for workers in numbers], look)
          for rule, look in looks.items() if rule in found),
    ]
    x = svg.log_scale(1, most, left + 44, left + 400)
    least = min(1, *(value for of_rule in found.values() for value in of_rule.values()))
    y = svg.log_scale(least, most, top + 256, top + 30)
    ticks = [(4**power, str(4**power)) for power in range(12) if 4**power <= most]
    svg.line_panel(drawing, x, y, ticks, ticks, lines)


PICTURES = {"fork_join": fork_join, "loops": loops, "jobs": jobs, "simulator": simulator}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE", help="what benchmarks or the simulator wrote, as JSON")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the pictures go")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="that were measured (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        figures = results.read(given.files)
        folder = pathlib.Path(given.out)
        folder.mkdir(parents=True, exist_ok=True)
        drawn = [draw_into(folder, name, draw(figures, given.threads)) for name, draw in PICTURES.items()]
    except (OSError, results.BadResults) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if any(drawn) else 1


def draw_into(folder, name, picture):
    if picture is None:
        print(f"{name}.svg: left out, nothing that it shows was measured", file=sys.stderr)
        return False
    (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
