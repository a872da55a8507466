#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs to include a header: how long a compiler takes for it and an empty main, at -O2, and how many lines it
reads. Every round compiles everything once; medians count. On a machine that others use too, trust the CPU time more.
Measured are some standard headers, all of heddle's public ones, and of Debian's peers those that are installed; others
if they are named:

    bench/including.py --compiler g++ --compiler clang++-19 'libfork=-I/where/it/is/include:libfork/core.hpp'
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HEDDLE = pathlib.Path(__file__).resolve().parent.parent / "include"
FLAGS = ("-std=c++20", "-O2", "-pthread")

SUBMIT = """
int main() {
  heddle::thread_pool_executor pool;
  return pool.submit([] { return 0; }).result();
}
"""


class Failed(Exception):
    pass


class Subject(NamedTuple):
    name: str
    header: str
    flags: "tuple[str, ...]" = ()
    main: str = "\nint main() {}\n"
    may_be_missing: bool = False

    def text(self):
        return f"#include <{self.header}>\n{self.main}"


STANDARD = tuple(Subject(f"<{header}>", header) for header in ("thread", "future", "execution"))
PEERS = (
    Subject("oneTBB task_group", "oneapi/tbb/task_group.h", may_be_missing=True),
    Subject("oneTBB parallel_for", "oneapi/tbb/parallel_for.h", may_be_missing=True),
    Subject("Asio thread_pool", "asio/thread_pool.hpp", may_be_missing=True),
    Subject("OpenMP", "omp.h", ("-fopenmp",), may_be_missing=True),
)


def heddles(include=HEDDLE):
    flags = ("-I", str(include))
    headers = sorted(path.name for path in (include / "heddle").glob("*.hpp"))
    headers.sort(key="heddle.hpp".__eq__)  # all of it comes last
    return [
        *(Subject(f"heddle/{header}", f"heddle/{header}", flags) for header in headers),
        Subject("heddle/thread_pool_executor.hpp, one submit", "heddle/thread_pool_executor.hpp", flags, SUBMIT),
    ]


def named(argument):
    """NAME=HEADER or NAME=FLAGS:HEADER, FLAGS as a shell has them."""
    name, found, rest = argument.partition("=")
    flags, _, header = rest.rpartition(":")
    if not (found and name and header):
        raise argparse.ArgumentTypeError(f"'{argument}' is not NAME=FLAGS:HEADER, such as 'asio=-I/opt/asio:asio.hpp'")
    try:
        return Subject(name, header, tuple(shlex.split(flags)))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{argument}': {error}") from error


def output_of(command):
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout
    except OSError as error:
        raise Failed(error) from error
    except subprocess.CalledProcessError as error:
        raise Failed(f"{shlex.join(command)}\n{error.stderr}") from error


def children_cpu_seconds():
    times = os.times()
    return times.children_user + times.children_system


class Measurement:
    """Of one subject and one compiler."""

    def __init__(self, subject, compiler, folder):
        self.subject, self.compiler = subject, compiler
        self.source = folder / "including.cpp"
        self.command = [*shlex.split(compiler), *FLAGS, *subject.flags, str(self.source)]
        self.object = str(folder / "including.o")
        self.wall_ms = []
        self.cpu_ms = []
        self.lines = None

    def count_lines(self):
        """Those that are not blank."""
        self.source.write_text(self.subject.text(), encoding="utf-8")
        self.lines = sum(1 for line in output_of([*self.command, "-E", "-P"]).splitlines() if line.strip())

    def compile_once(self):
        self.source.write_text(self.subject.text(), encoding="utf-8")
        cpu_before, begin = children_cpu_seconds(), time.monotonic()
        output_of([*self.command, "-c", "-o", self.object])
        self.wall_ms.append(1000 * (time.monotonic() - begin))
        self.cpu_ms.append(1000 * (children_cpu_seconds() - cpu_before))

    def result(self):
        return {
            "compiler": self.compiler,
            "name": self.subject.name,
            "header": self.subject.header,
            "lines": self.lines,
            "median_ms": statistics.median(self.wall_ms),
            "median_cpu_ms": statistics.median(self.cpu_ms),
            "wall_ms": self.wall_ms,
            "cpu_ms": self.cpu_ms,
        }


def measure(subjects, compilers, repetitions):
    """The results, in the order of compilers and subjects, and the versions of the compilers."""
    with tempfile.TemporaryDirectory() as folder:
        versions = {each: output_of([*shlex.split(each), "--version"]).splitlines()[0] for each in compilers}
        measurements = []
        for compiler in compilers:
            for subject in subjects:
                measurement = Measurement(subject, compiler, pathlib.Path(folder))
                try:
                    measurement.count_lines()
                except Failed:
                    if not subject.may_be_missing:
                        raise
                    continue
                measurements.append(measurement)
        for _ in range(repetitions):
            for measurement in measurements:
                measurement.compile_once()
        return {"versions": versions, "including": [measurement.result() for measurement in measurements]}


def table(measured):
    """The lines of the table. The ratio is that to <future>, of the same compiler."""
    future = {each["compiler"]: each["median_ms"] for each in measured["including"] if each["name"] == "<future>"}
    rows = [("compiler", "include", "ms", "CPU ms", "of <future>", "lines")]
    for each in measured["including"]:
        base = future.get(each["compiler"])
        ratio = f"{each['median_ms'] / base:.2f}" if base else "-"
        times = f"{each['median_ms']:.0f}", f"{each['median_cpu_ms']:.0f}"
        rows.append((each["compiler"], each["name"], *times, ratio, f"{each['lines']:,}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    adjusted = (str.ljust, str.ljust, str.rjust, str.rjust, str.rjust, str.rjust)
    return ["  ".join(adjust(cell, width) for adjust, cell, width in zip(adjusted, row, widths)) for row in rows]


def positive(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("others", nargs="*", type=named, metavar="NAME=FLAGS:HEADER", help="a further header")
    parser.add_argument("--compiler", action="append", metavar="CXX", help="may be given more than once (default: g++)")
    parser.add_argument("--repetitions", type=positive, default=5, metavar="N", help="rounds (default: %(default)s)")
    parser.add_argument("--out", metavar="FILE", help="writes all figures as JSON")
    given = parser.parse_args(arguments)
    try:
        subjects = [*STANDARD, *heddles(), *PEERS, *given.others]
        measured = measure(subjects, given.compiler or ["g++"], given.repetitions)
        if given.out:
            pathlib.Path(given.out).write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(table(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
