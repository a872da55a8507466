# SPDX-License-Identifier: MIT
"""bench/including.py with a made-up compiler and the real one. Arguments: the folder of the repository, a compiler."""

import argparse
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

repository = pathlib.Path(sys.argv.pop(1))
compiler = sys.argv.pop(1)
sys.path.insert(0, str(repository / "bench"))

import including  # noqa: E402
from including import Subject  # noqa: E402

# Knows <thread> and <future>. Notes what it compiles.
MADE_UP = """#!/bin/sh
for argument in "$@"; do
  case $argument in
    --version) echo 'made-up 1.0'; echo 'no warranty'; exit ;;
    -E) lines=yes ;;
    *.cpp) source=$argument ;;
  esac
done
header=$(sed -n 's/#include <\\(.*\\)>/\\1/p' "$source")
case $header in
  thread | future) ;;
  *) echo "no such header: $header" >&2; exit 1 ;;
esac
if [ -n "$lines" ]; then printf '// %s\\n\\n  \\nint x;\\n' "$header"; else echo "$header $*" >>"$0.log"; fi
"""


class made_up_compiler:
    """One that exists for the time of a `with`, and what it was told to compile."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name, "c++")
        self.path.write_text(MADE_UP, encoding="utf-8")
        self.path.chmod(0o755)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def compiled(self):
        return pathlib.Path(f"{self.path}.log").read_text(encoding="utf-8").splitlines()


def run(*arguments):
    """The exit status of the script, and what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        return including.main(list(arguments)), out.getvalue()


class benchmark_including(unittest.TestCase):
    def test_every_round_compiles_everything_once(self):
        with made_up_compiler() as made_up:
            found = including.measure(including.STANDARD[:2], [str(made_up.path)], 3)
            compiled = made_up.compiled()
        self.assertEqual([line.split()[0] for line in compiled], ["thread", "future"] * 3)
        for line in compiled:
            self.assertIn(" -O2 ", line)
        self.assertEqual(list(found["versions"].values()), ["made-up 1.0"])
        for each in found["including"]:
            self.assertEqual((each["lines"], len(each["wall_ms"]), len(each["cpu_ms"])), (2, 3, 3))

    def test_the_median_counts_and_is_compared_with_future(self):
        measurement = including.Measurement(including.STANDARD[0], "c++", pathlib.Path("."))
        measurement.wall_ms, measurement.cpu_ms, measurement.lines = [30, 900, 60], [3, 2, 1], 12345
        thread = measurement.result()
        future = thread | {"name": "<future>", "median_ms": 120}
        other = future | {"compiler": "d++", "name": "<thread>"}
        rows = including.table({"including": [thread, future, other]})
        self.assertRegex(rows[1], r"^c\+\+ +<thread> +60 +2 +0\.50 +12,345$")
        self.assertRegex(rows[2], r"^c\+\+ +<future> +120 +2 +1\.00 ")
        self.assertRegex(rows[3], r"^d\+\+ +<thread> +120 +2 +- ")

    def test_a_peer_may_be_missing_and_nothing_else(self):
        missing = Subject("a peer", "gone.hpp", may_be_missing=True)
        with made_up_compiler() as made_up:
            found = including.measure([missing, including.STANDARD[0]], [str(made_up.path)], 1)
            self.assertEqual([each["name"] for each in found["including"]], ["<thread>"])
            with self.assertRaisesRegex(including.Failed, "no such header: gone.hpp"):
                including.measure([missing._replace(may_be_missing=False)], [str(made_up.path)], 1)

    def test_the_script_says_what_it_cannot_do(self):
        with made_up_compiler() as made_up:
            status, output = run("--compiler", str(made_up.path))
        self.assertEqual(status, 1)
        self.assertIn("no such header: execution", output)
        status, output = run("--compiler", "/no/such/compiler")
        self.assertEqual(status, 1)
        self.assertIn("/no/such/compiler", output)
        for wrong in (("--repetitions", "0"), ("asio.hpp",), ("asio=-I/opt:",)):
            with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
                including.main([*wrong])

    def test_others_are_named_with_their_flags(self):
        self.assertEqual(including.named("a=-I/b -I'/c d':e/f.hpp"), Subject("a", "e/f.hpp", ("-I/b", "-I/c d")))
        self.assertEqual(including.named("a=vector"), Subject("a", "vector"))
        for wrong in ("a", "a=", "=b.hpp", "a=-I/b:", "a=-I'/b:c.hpp"):
            with self.assertRaises(argparse.ArgumentTypeError):
                including.named(wrong)

    def test_every_public_header_of_heddle_is_measured_and_all_of_it_last(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in ("heddle/heddle.hpp", "heddle/zip.hpp", "heddle/future.hpp", "heddle/base/cpu.hpp"):
                pathlib.Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                pathlib.Path(folder, path).touch()
            names = [subject.name for subject in including.heddles(pathlib.Path(folder))]
        self.assertEqual(names, ["heddle/future.hpp", "heddle/zip.hpp", "heddle/heddle.hpp",
                                 "heddle/thread_pool_executor.hpp, one submit"])

    def test_the_real_compiler_takes_it(self):
        *_, submit = including.heddles()
        version = next(subject for subject in including.heddles() if subject.name == "heddle/version.hpp")
        with tempfile.TemporaryDirectory() as folder:
            measurement = including.Measurement(submit, compiler, pathlib.Path(folder))
            measurement.count_lines()
            including.output_of([*measurement.command, "-fsyntax-only"])
        self.assertGreater(measurement.lines, 10_000)
        (found,) = including.measure([version], [compiler], 1)["including"]
        self.assertGreater(found["median_ms"], 0)
        self.assertGreater(found["median_cpu_ms"], 0)

    def test_what_is_written_is_what_was_measured(self):
        with made_up_compiler() as made_up, tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "including.json")
            with unittest.mock.patch.multiple(including, STANDARD=including.STANDARD[:2], heddles=lambda: []):
                status, output = run("--compiler", str(made_up.path), "--out", str(path), "again=thread")
            self.assertEqual(status, 0, output)
            written = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual([each["name"] for each in written["including"]], ["<thread>", "<future>", "again"])
        self.assertEqual(output.splitlines(), including.table(written))


if __name__ == "__main__":
    unittest.main()
