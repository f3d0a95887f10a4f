"""bench/run start [FILE]: from a cold process to its first rows."""
import argparse
import statistics
from pathlib import Path

from . import common, rows


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run start", description=__doc__)
    p.add_argument("file", nargs="?", help="a Parquet file (default: the rows of bench/run sort)")
    p.add_argument("--runs", type=int, default=20)
    o = p.parse_args(argv)
    binary = common.riffle_binary()
    path = o.file or rows.table()["rows"]
    commands = {
        "SELECT 1": [binary, "sql", "SELECT 1"],
        "first 10 rows": [binary, "head", str(path)],
        "count": [binary, "count", str(path)],
    }
    report = common.Report("start")
    report.line(f"# file: {Path(path).name}")
    times = {name: [] for name in commands}
    for _ in range(o.runs):
        for name, args in commands.items():
            seconds, _, code, _, err = common.measured_process(args)
            if code:
                raise SystemExit(f"{name}: {common.tail(err)}")
            times[name].append(seconds * 1000)
    for name, ts in times.items():
        report.line(f"{name}: {common.ms_list(ts)}")
    report.line()
    report.line(f"{o.runs} processes each, wall time, ms")
    report.table(["", "min", "median", "max"],
                 [[n, *(f"{f(ts):.1f}" for f in (min, statistics.median, max))] for n, ts in times.items()])
    return 0
