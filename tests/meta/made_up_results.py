# SPDX-License-Identifier: MIT
"""Made-up results of benchmarks, for the tests of the scripts that read them."""

import contextlib
import io
import pathlib
import tempfile


def entry(name, time, unit="ms", **more):
    return {"run_name": name + "/real_time", "run_type": "iteration", "real_time": time, "cpu_time": 2 * time,
            "time_unit": unit, **more}


def run(script, text, *arguments):
    """The exit status of a script's main() for one file with this text, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "results.json")
        path.write_text(text, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            return script.main([*arguments, str(path)]), out.getvalue()
