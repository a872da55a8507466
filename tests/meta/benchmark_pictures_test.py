# SPDX-License-Identifier: MIT
"""bench/pictures.py on made-up results, complete and incomplete ones. Argument: the folder of the repository."""

import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

repository = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(repository / "bench"))

import pictures  # noqa: E402
import results  # noqa: E402
import svg  # noqa: E402
from made_up_results import entry, run  # noqa: E402


def draw(name, *entries, threads=2):
    return pictures.PICTURES[name](results.figures_of([{"benchmarks": list(entries)}]), threads)


def elements(picture):
    return list(xml.etree.ElementTree.fromstring(picture).iter())


def with_class(picture, name):
    return [element for element in elements(picture) if name in element.get("class", "").split()]


def texts(picture):
    return [element.text for element in elements(picture) if element.tag.endswith("}text")]


def widths(picture, kind):
    return [float(element.get("width")) for element in with_class(picture, kind)]


def lines(picture, kind):
    """The points of each line, as steps of a path: ("M" or "L", x, y)."""
    paths = [element.get("d") for element in with_class(picture, kind) if "line" in element.get("class").split()]
    return [[(pen, float(x), float(y)) for pen, x, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)] for path in paths]


def fork_join_times(runtime, *times, threads=2):
    return [entry(f"{row}/{runtime}/threads:{threads}", time) for row, time in zip(pictures.FORK_JOIN, times)]


def grains(runtime, *times, threads=2):
    return [entry(f"{row}/{runtime}/threads:{threads}", time)
            for row, time in zip(pictures.GRAINS, times) if time is not None]


def simulated(program, rule, workers, time, work, span):
    return entry(f"{program}/{rule}/threads:{workers}", time, "s", work=work, span=span)


def job(row, runtime, metric, seconds):
    return entry(f"{row}/{runtime}/threads:2", 1, **{metric: seconds})


def everything(runtimes):
    chance = random.Random(1)
    times = {name: [chance.uniform(1, 100) for _ in range(20)] for name in ("heddle", *runtimes)}
    made = grains("serial", *[10] * 7, threads=1)
    for name, numbers in times.items():
        made += fork_join_times(name, *numbers) + grains(name, *numbers)
        made += [job(row, name, metric, 1e-8 * each) for (row, metric), each in zip(pictures.JOBS, numbers)]
    for program, rule in itertools.product(("loop", "fib"), ("all but one", *runtimes[:4])):
        made += [simulated(program, rule, 2**n, chance.uniform(1, 2) / 2**n, 1, 1e-3) for n in range(11)]
    return made


class bars(unittest.TestCase):
    def test_what_a_runtime_takes_of_heddles_time_stands_at_its_bar_and_the_best_comes_first(self):
        times = fork_join_times("heddle", 120), fork_join_times("tbb", 3756), fork_join_times("x", 60)
        picture = draw("fork_join", *itertools.chain(*times))
        found = texts(picture)
        self.assertEqual([text for text in found if text in ("heddle", "oneTBB", "x")], ["x", "heddle", "oneTBB"])
        for label, figure in (("x", "0.50 x"), ("heddle", "120 ms"), ("oneTBB", "31.3 x")):
            self.assertEqual(found[found.index(label) + 1], figure)

    def test_lengths_are_logarithms(self):
        times = fork_join_times("heddle", 1), fork_join_times("a", 10), fork_join_times("b", 100)
        picture = draw("fork_join", *itertools.chain(*times))
        (own,) = widths(picture, "heddle")
        a, b = widths(picture, "peer")
        self.assertGreater(own, 10)
        self.assertAlmostEqual(a - own, b - a, delta=0.2)

    def test_a_program_is_left_out_that_was_not_measured_with_heddle(self):
        picture = draw("fork_join", *fork_join_times("heddle", 1, 1), *fork_join_times("tbb", 1, 2, 3))
        found = texts(picture)
        for row, expected in (("fib_38", True), ("skynet_1e8", True), ("nqueens_14", False), ("matmul_2048", False)):
            self.assertEqual(pictures.FORK_JOIN[row] in found, expected)
        self.assertIsNone(draw("fork_join", *fork_join_times("tbb", 1)))

    def test_calls_are_drawn_by_what_counts_of_them_in_their_unit(self):
        picture = draw("jobs", job("storm_futures", "heddle", "per_item", 75e-9),
                       job("storm_futures", "asio", "per_item", 1.3e-6),
                       job("round_trip_hot", "heddle", "p50", 8e-7), job("round_trip_hot", "heddle", "p99", 9e-6),
                       job("group_1e6", "without_figure", "p50", 1e-6))
        found = texts(picture)
        for figure in ("75 ns", "1.3 us", "800 ns"):
            self.assertIn(figure, found)
        for missing in ("9 us", "without_figure", pictures.JOBS["group_1e6", "per_item"]):
            self.assertNotIn(missing, found)

    def test_there_is_a_scale_for_a_single_figure(self):
        for seconds in (1e-8, 3e-8, 1e-7, 1.0):
            picture = draw("jobs", job("group_1e6", "heddle", "per_item", seconds))
            self.assertIn(results.shown(seconds), texts(picture))

    def test_the_machines_own_floor_is_no_peer(self):
        picture = draw("jobs", job("round_trip_hot", "heddle", "p50", 8e-7),
                       job("round_trip_hot", "spin_ping_pong", "p50", 2e-7))
        self.assertEqual((len(widths(picture, "floor")), len(widths(picture, "peer"))), (1, 0))
        picture = draw("fork_join", *fork_join_times("heddle", 1), *fork_join_times("serial", 1))
        self.assertEqual((len(widths(picture, "floor")), len(widths(picture, "peer"))), (0, 0))


class curves(unittest.TestCase):
    def test_efficiency_is_the_serial_time_by_that_of_all_threads(self):
        serial = grains("serial", *[10] * 7, threads=1)
        (halved,) = lines(draw("loops", *serial, *grains("heddle", *[5] * 7)), "heddle")[:1]
        (same,) = lines(draw("loops", *serial, *grains("heddle", *[10] * 7)), "heddle")[:1]
        (four,) = lines(draw("loops", *serial, *grains("heddle", *[5] * 7, threads=4), threads=4), "heddle")[:1]
        self.assertEqual([y for _, _, y in halved], [76] * 7)
        self.assertEqual([y for _, _, y in same], [76 + 160] * 7)
        self.assertEqual(four, same)
        distances = {round(b[1] - a[1]) for a, b in itertools.pairwise(halved)}
        self.assertEqual(len(distances), 1, "not as far for each factor of ten")

    def test_where_a_figure_is_missing_there_is_a_gap(self):
        serial = grains("serial", *[10] * 7, threads=1)
        (line,) = lines(draw("loops", *serial, *grains("heddle", 5, 5, None, 5, 5, 5, 5)), "heddle")[:1]
        self.assertEqual("".join(pen for pen, _, _ in line), "MLMLLL")
        self.assertIsNone(draw("loops", *grains("heddle", *[5] * 7)), "no serial time")
        self.assertIsNone(draw("loops", *serial, threads=1))

    def test_better_than_ideal_has_room(self):
        serial = grains("serial", *[10] * 7, threads=1)
        picture = draw("loops", *serial, *grains("heddle", 4, *[5] * 6))
        self.assertIn("125 %", texts(picture))
        self.assertGreaterEqual(min(y for line in lines(picture, "heddle") for _, _, y in line), 76)

    def test_speed_up_is_the_work_by_the_time_below_ideal_and_bound(self):
        made = [simulated("fib", "all but one", workers, time, 1, 1 / 16)
                for workers, time in ((1, 1), (16, 1 / 8), (256, 1 / 8))]
        picture = draw("simulator", *made)
        ((_, _, one), (_, x16, eight), (_, x256, also_eight)) = lines(picture, "heddle")[-1]
        ideal, bound = lines(picture, "faint")[-1], lines(picture, "bound")[-1]
        self.assertEqual(ideal[0][2], one)
        self.assertAlmostEqual((one - eight) / (one - ideal[1][2]), 3 / 8, places=2)  # 2^3 of 2^8
        self.assertEqual(eight, also_eight)
        self.assertEqual([x for _, x, _ in bound[1:]], [x16, x256])
        self.assertAlmostEqual((one - bound[1][2]) / (one - ideal[1][2]), 4 / 8, places=2)
        self.assertEqual(bound[1][2], bound[2][2])

    def test_benchmarks_are_not_taken_for_simulated(self):
        self.assertIsNone(draw("simulator", *fork_join_times("heddle", 1, 1, 1, 1)))


class every_picture(unittest.TestCase):
    def all_of(self, *runtimes):
        made = everything(runtimes)
        for name in pictures.PICTURES:
            yield name, draw(name, *made)

    def test_any_names_of_runtimes_are_drawn(self):
        for name, picture in self.all_of("<b>&'\"", "é", "x" * 200, "..", "class"):
            if name != "simulator":
                self.assertIn("<b>&'\"", texts(picture), name)
                self.assertIn("x" * 23 + "…", texts(picture), name)

    def test_what_is_drawn_lies_on_the_picture(self):
        for name, picture in self.all_of(*(f"runtime_number_{i}" for i in range(20))):
            root = xml.etree.ElementTree.fromstring(picture)
            height = float(root.get("height"))
            for element in root.iter():
                x, y = float(element.get("x", 0)), float(element.get("y", 0))
                width = svg.width_of(element.text) if element.tag.endswith("}text") else float(element.get("width", 0))
                anchor = {"middle": width / 2, "end": width}.get(element.get("text-anchor"), 0)
                self.assertGreaterEqual(x - anchor, 0, (name, element.attrib, element.text))
                self.assertLessEqual(x - anchor + width, svg.WIDTH, (name, element.attrib, element.text))
                self.assertLessEqual(y + float(element.get("height", 0)), height, (name, element.attrib, element.text))

    def test_the_scale_has_room_for_its_numbers(self):
        many = [job("group_1e6", f"{power:024}", "per_item", 3 * 10.0**-power) for power in range(2, 9)]
        picture = draw("jobs", *many)
        ends = [(float(element.get("x")), svg.width_of(element.text) / 2) for element in with_class(picture, "faint")
                if element.get("text-anchor") == "middle"]
        self.assertGreater(len(ends), 2)
        for (x, half), (next_x, next_half) in itertools.pairwise(ends):
            self.assertLessEqual(x + half, next_x - next_half + 0.1)

    def test_every_runtime_has_another_look(self):
        looks = [svg.peer_look(index) for index in range(20)]
        self.assertEqual(len({(look.kind, look.dash, look.marker) for look in looks}), 20)
        self.assertNotIn(svg.HEDDLE.kind, {look.kind for look in looks})

    def test_it_is_small_and_has_no_scripts_and_a_background_in_light_and_dark(self):
        for name, picture in self.all_of(*(f"runtime_number_{i}" for i in range(12))):
            self.assertLess(len(picture.encode()), 40_000, name)
            self.assertNotRegex(picture, r"<script|href|url\(|@import|<image|\bon\w+=")
            drawn = [element for element in elements(picture) if element.tag.split("}")[1] in ("rect", "path", "text")]
            self.assertEqual(drawn[0].get("class"), "background")
            self.assertEqual(drawn[0].get("width"), str(svg.WIDTH))
            style = next(element.text for element in elements(picture) if element.tag.endswith("}style"))
            light, dark = style.split("@media (prefers-color-scheme:dark)")
            used = {kind for element in drawn for kind in element.get("class").split()} & set(svg.COLORS)
            for kind in used:
                self.assertIn(f".{kind}{{color:", light)
                self.assertIn(f".{kind}{{color:", dark)

    def test_the_same_figures_give_the_same_bytes_in_any_order(self):
        made = everything(("tbb", "rayon", "openmp")) + fork_join_times("a", 7) + fork_join_times("b", 7)
        other = list(made)
        random.Random(2).shuffle(other)
        self.assertNotEqual(made, other)
        for name in pictures.PICTURES:
            self.assertEqual(draw(name, *made), draw(name, *other), name)


class the_script(unittest.TestCase):
    def run_into_folder(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            into = pathlib.Path(folder, "made", "for it")
            status, output = run(pictures, text, "--out", str(into), *arguments)
            return status, output, sorted(path.name for path in into.iterdir()) if into.exists() else []

    def test_it_writes_what_was_measured_and_says_what_was_not(self):
        status, output, files = self.run_into_folder(json.dumps({"benchmarks": everything(("tbb",))}))
        self.assertEqual((status, output), (0, ""))
        self.assertEqual(files, ["fork_join.svg", "jobs.svg", "loops.svg", "simulator.svg"])
        status, output, files = self.run_into_folder(json.dumps({"benchmarks": fork_join_times("heddle", 1)}))
        self.assertEqual((status, files), (0, ["fork_join.svg"]))
        for missing in ("jobs.svg", "loops.svg", "simulator.svg"):
            self.assertIn(f"{missing}: left out", output)

    def test_another_process_writes_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "results.json")
            made = everything(("tbb", "rayon", "openmp", "asio"))
            path.write_text(json.dumps({"benchmarks": made}), encoding="utf-8")
            written = []
            for seed in "123":  # of the hashes that order sets
                subprocess.run([sys.executable, "-B", repository / "bench" / "pictures.py", "--out", folder, path],
                               check=True, env=os.environ | {"PYTHONHASHSEED": seed})
                written.append({each.name: each.read_bytes() for each in pathlib.Path(folder).glob("*.svg")})
        self.assertEqual(len(written[0]), 4)
        self.assertEqual(written, [written[0]] * 3)

    def test_figures_of_one_number_of_threads_only(self):
        loops = [*grains("heddle", *[10] * 7, threads=1), *grains("serial", *[10] * 7, threads=1)]
        made = json.dumps({"benchmarks": [*fork_join_times("heddle", 1, threads=1), *loops]})
        status, output, files = self.run_into_folder(made)
        self.assertEqual((status, files), (1, []))
        self.assertIn("fork_join.svg: left out", output)
        status, output, files = self.run_into_folder(made, "--threads", "1")
        self.assertEqual((status, files), (0, ["fork_join.svg", "loops.svg"]))

    def test_wrong_files_are_refused_and_nothing_is_drawn(self):
        good = fork_join_times("heddle", 1)
        for text, complaint in (
            ('{"benchmarks": [', "results.json: "),
            ("{}", "results.json: a file without benchmarks"),
            (json.dumps({"benchmarks": [*good, {"run_name": "fib_38/tbb/threads:2"}]}), "no usable figures"),
            (json.dumps({"benchmarks": [*good, entry("BM_fib", 1)]}), "is not called row/runtime/threads:n"),
        ):
            status, output, files = self.run_into_folder(text)
            self.assertEqual((status, files), (1, []), text)
            self.assertIn(complaint, output)

    def test_figures_that_no_picture_can_show_are_no_figures(self):
        zero = [*fork_join_times("heddle", 0), *fork_join_times("tbb", 1), *grains("serial", 0, threads=1),
                *grains("heddle", 0)]
        status, _, files = self.run_into_folder(json.dumps({"benchmarks": zero}))
        self.assertEqual((status, files), (1, []))


if __name__ == "__main__":
    unittest.main()
