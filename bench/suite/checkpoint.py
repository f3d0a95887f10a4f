"""bench/run checkpoint: how long a task with 10^7 keys of window state stops for a checkpoint."""
import argparse
import shutil
import subprocess

from . import common


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run checkpoint", description=__doc__)
    p.add_argument("--events", type=int, default=40_000_000, help="events of which the bids are counted by auction and bidder")
    p.add_argument("--every", default="2s", help="interval of checkpoints (default 2s)")
    p.add_argument("--runs", type=int, default=3)
    o = p.parse_args(argv)
    tool = common.tool("checkpoint")
    report = common.Report("checkpoint")
    directory = common.DATA / "checkpoints"
    table = []
    for run in range(1, o.runs + 1):
        shutil.rmtree(directory, ignore_errors=True)
        p = subprocess.run([tool, "-events", str(o.events), "-every", o.every, str(directory)], capture_output=True, text=True)
        shutil.rmtree(directory, ignore_errors=True)
        if p.returncode:
            raise SystemExit(common.tail(p.stderr))
        report.line(f"run {run}: checkpoint: s since the start, bytes, longest pause of a task ms, until durable ms")
        report.line(p.stdout.strip())
        lines = [x.split() for x in p.stdout.splitlines()]
        taken = [[float(v) for v in x[1:]] for x in lines if x[0] == "checkpoint"]
        keys, seconds = next((x[1], x[2]) for x in lines if x[0] == "keys")
        largest = max(taken, key=lambda t: t[1])
        table.append([f"run {run}", keys, seconds, f"{largest[1] / 1e6:.0f}", f"{largest[2]:.2f}",
                      f"{max(t[2] for t in taken):.2f}", f"{largest[3]:.0f}"])
    report.line()
    report.line("keys at the end; the largest checkpoint, its longest pause and time until durable; the longest pause of all")
    report.table(["", "keys", "run s", "MB", "its pause ms", "longest pause ms", "durable ms"], table)
    return 0
