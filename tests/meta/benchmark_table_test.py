# SPDX-License-Identifier: MIT
"""bench/table.py on made-up results, right and wrong ones. Argument: the folder of the repository."""

import json
import pathlib
import re
import sys
import unittest

repository = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(repository / "bench"))

import pictures  # noqa: E402
import results  # noqa: E402
import table  # noqa: E402
from made_up_results import entry, run  # noqa: E402


def lines(*entries):
    return table.table(results.figures_of([{"benchmarks": list(entries)}]))


class benchmark_table(unittest.TestCase):
    def test_a_goal_is_reached_up_to_its_limit_and_missed_above(self):
        others = entry("fib_38/tbb/threads:2", 4000), entry("fib_38/openmp/threads:2", 9, "s")
        self.assertRegex(lines(entry("fib_38/heddle/threads:2", 1000), *others)[1],
                         r"^F1 +fib_38 +2 +1 s +4 s +tbb +0\.25 +0\.25 +1 s +reached$")
        self.assertRegex(lines(entry("fib_38/heddle/threads:2", 1100), *others)[1], r"0\.28 +0\.28 +1 s +missed, 1\.10 x$")

    def test_every_limit_of_a_goal_counts(self):
        storm = lambda runtime, each: entry(f"storm_futures/{runtime}/threads:2", 1, per_item=each)
        self.assertTrue(lines(storm("heddle", 90e-9), storm("asio", 500e-9))[1].endswith("reached"))
        self.assertTrue(lines(storm("heddle", 110e-9), storm("asio", 500e-9))[1].endswith("missed, 1.10 x"))
        self.assertTrue(lines(storm("heddle", 90e-9), storm("asio", 150e-9))[1].endswith("missed, 1.50 x"))
        self.assertTrue(lines(storm("heddle", 90e-9))[1].endswith("?"))

    def test_the_machine_and_the_plain_program_are_no_peers(self):
        row = lines(entry("linear_cost/heddle/threads:2", 25), entry("linear_cost/serial/threads:1", 45),
                    entry("linear_cost/serial/threads:2", 1), entry("linear_cost/tbb/threads:2", 50))[1]
        self.assertRegex(row, r"50 ms +tbb +0\.50 +0\.50 +23\.2 ms +missed, 1\.08 x$")

    def test_a_limit_may_be_for_peers_in_cpp_only(self):
        figures = entry("fib_38/heddle/threads:2", 1), entry("fib_38/rayon/threads:2", 3), entry("fib_38/tbb/threads:2", 5)
        of_cpp, of_rayon = lines(*figures)[1:3]
        self.assertRegex(of_cpp, r" 1 ms +5 ms +tbb +0\.20 +0\.20 +1\.25 ms +reached$")
        self.assertRegex(of_rayon, r" 1\.5 ms +reached$")
        older = entry("fib_38/rayon, an older one/threads:2", 4)
        self.assertEqual(lines(*figures, older)[1:3], [of_cpp, of_rayon])
        self.assertRegex(lines(*figures[:2])[1], r" 1 ms +- +- +- +- +\?$")

    def test_everything_lists_all_peers_the_fastest_first(self):
        storm = lambda runtime, each: entry(f"storm_futures/{runtime}/threads:2", 1, per_item=each)
        figures = results.figures_of([{"benchmarks": [
            storm("asio", 4e-7), storm("heddle", 1e-7), storm("bs", 2e-7), storm("serial", 1e-9),
            entry("nested_100x100/heddle/threads:1", 3, "us"), entry("nested_100x100/tbb/threads:2", 3, "us")]}])
        found = table.everything(figures)
        self.assertRegex(found[1], r"^storm_futures +2 +100 ns +0\.50 +bs 200 ns, asio 400 ns$")
        self.assertRegex(found[2], r"^nested_100x100 +1 +3 us +-$")
        self.assertEqual(len(found), 3)

    def test_the_mean_is_that_of_ratios_and_needs_all_four_but_for_the_best(self):
        times = {"heddle": (1, 1, 1, 1), "a": (1, 4, 1, 4), "b": (2, 3, 2, 3), "serial": (1, 1, 1, 1),
                 "lacks_one": (1, 1, 1)}
        figures = results.figures_of([{"benchmarks": [
            entry(f"{row}/{runtime}/threads:2", time)
            for runtime, each in times.items() for row, time in zip(table.FIELD, each)]}])
        found = [line.split() for line in table.means(figures)[1:]]
        self.assertEqual([" ".join(each) for each in found], ["of the best in each 2 0.76", "of a 2 0.50", "of b 2 0.41"])
        self.assertEqual(table.means(results.figures_of([{"benchmarks": [entry("fib_38/heddle/threads:2", 1)]}])), [])

    def test_figures_of_other_numbers_of_threads_are_not_compared(self):
        row = lines(entry("fib_38/heddle/threads:2", 1), entry("fib_38/tbb/threads:1", 8))[1]
        self.assertRegex(row, r"^F1 +fib_38 +2 +1 ms +- +- +- +- +\?$")

    def test_a_limit_may_refer_to_another_row(self):
        ordered = entry("ordered_1e8/heddle/threads:2", 32)
        self.assertTrue(lines(ordered, entry("sum_1e8/tbb/threads:2", 25))[1].endswith("32.5 ms  reached"))
        self.assertTrue(lines(ordered, entry("ordered_1e8/tbb/threads:2", 25))[1].endswith("?"))

    def test_a_limit_may_refer_to_another_metric(self):
        row = lines(entry("hot_2x2us/heddle/threads:2", 2.3, "us"),
                    entry("round_trip_hot/spin_ping_pong/threads:2", 9, "us", p50=170e-9))[1]
        self.assertTrue(row.endswith("2.34 us  reached"), row)

    def test_the_median_of_repetitions_counts(self):
        name = "hot_2_empty/heddle/threads:2"
        aggregate = entry(name, 1, "ns", aggregate_name="median") | {"run_type": "aggregate"}
        row = lines(*[entry(name, time, "ns") for time in (30, 900, 35)], aggregate)[1]
        self.assertRegex(row, r" 35 ns .*40 ns +reached$")

    def test_counters_have_their_units(self):
        row = lines(entry("pending_1e6/heddle/threads:1", 1, allocated_bytes=48.0))[1]
        self.assertRegex(row, r"pending_1e6 allocated_bytes +1 +48 B +.*72.5 B +reached$")

    def test_wrong_files_are_refused(self):
        good = {"benchmarks": [entry("fib_38/heddle/threads:2", 1)]}
        self.assertEqual(run(table, json.dumps(good))[0], 0)
        failed = {"benchmarks": [entry("fib_38/heddle/threads:2", 1, error_occurred=True, error_message="no luck")]}
        for text, complaint in (
            ("", "results.json"),
            ('{"benchmarks": [', "results.json"),
            ("{}", "without benchmarks"),
            ('{"benchmarks": []}', "without benchmarks"),
            ("[1]", "without benchmarks"),
            ('{"benchmarks": {"fib_38": 1}}', "without benchmarks"),
            ('{"benchmarks": [1]}', "without benchmarks"),
            (json.dumps(failed), "no luck"),
            (json.dumps({"benchmarks": [entry("BM_fib/38", 1)]}), "'BM_fib/38/real_time' is not called"),
            (json.dumps({"benchmarks": [entry("fib_38/heddle/threads:two", 1)]}), "is not called"),
            (json.dumps({"benchmarks": [entry("fib_38/heddle/threads:2", float("nan"))]}), "time is nan"),
            (json.dumps({"benchmarks": [entry("fib_38/heddle/threads:2", 1, "h")]}), "no usable figures: 'h'"),
            (json.dumps({"benchmarks": [entry("fib_38/heddle/threads:2", 1, p50=None)]}), "no usable figures"),
            (json.dumps({"benchmarks": [{"run_name": "fib_38/heddle/threads:2"}]}), "no usable figures: 'time_unit'"),
        ):
            status, output = run(table, text)
            self.assertEqual(status, 1, text)
            self.assertIn(complaint, output)

    def test_every_row_of_the_table_and_the_pictures_has_a_benchmark(self):
        sources = "".join(path.read_text(encoding="utf-8") for path in (repository / "bench").glob("*.cpp"))
        measured = set(re.findall(r'\badd(?:_timed_by_hand)?\("(\w+)"', sources))
        referred = {limit.of.split("/")[0] for goal in table.GOALS for limit in goal.limits if limit.of}
        wanted = {goal.row for goal in table.GOALS} | referred - {"row", table.PEER, table.CPP_PEER} | pictures.ROWS
        self.assertEqual(wanted - measured, set())
        self.assertEqual(measured - wanted, set(), "a benchmark without a goal, and on no picture")


if __name__ == "__main__":
    unittest.main()
