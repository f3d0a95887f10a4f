"""bench/run checkpoint: what checkpoints cost: how long a task with 10^7 keys of window state stops for
one, and what is written each second when a hundredth of 10^6 groups changes."""
import argparse
import shutil
import subprocess

from . import common

DIRECTORY = common.DATA / "checkpoints"


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run checkpoint", description=__doc__)
    p.add_argument("--events", type=int, default=40_000_000, help="events of which the bids are counted by auction and bidder")
    p.add_argument("--every", default="2s", help="interval of checkpoints (default 2s)")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--keys", type=int, default=1_000_000, help="groups of which a hundredth changes each second")
    p.add_argument("--before", help="the same tool of another commit, to compare with")
    o = p.parse_args(argv)
    tools = {"": common.tool("checkpoint")}
    if o.before:
        tools = {"before, ": o.before, "after, ": tools[""]}
    report = common.Report("checkpoint")
    pauses(report, tools, o)
    report.line()
    churn(report, tools, o)
    return 0


def run(report, label, *command):
    """Runs the tool over an empty directory and keeps what it says: its checkpoints, and its last line."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    p = subprocess.run([*command, str(DIRECTORY)], capture_output=True, text=True)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    if p.returncode:
        raise SystemExit(common.tail(p.stderr))
    report.line(f"{label}: checkpoint: s since the start, bytes written, bytes of the whole, longest pause of a task ms, until durable ms")
    report.line(p.stdout.strip())
    lines = [x.split() for x in p.stdout.splitlines()]
    return [[float(v) for v in x[1:6]] for x in lines if x[0] == "checkpoint"], [float(v) for v in lines[-1][1:]]


def pauses(report, tools, o):
    table = []
    for n in range(1, o.runs + 1):
        for which, tool in tools.items():
            label = f"{which}run {n}"
            taken, (keys, seconds) = run(report, label, tool, "-events", str(o.events), "-every", o.every)
            largest = max(taken, key=lambda t: t[2])
            table.append([label, f"{keys:.0f}", seconds, f"{largest[2] / 1e6:.0f}", f"{largest[3]:.2f}",
                          f"{max(t[3] for t in taken):.2f}", f"{largest[4]:.0f}"])
    report.line()
    report.line("keys at the end; the largest checkpoint, its longest pause and time until durable; the longest pause of all")
    report.table(["", "keys", "run s", "MB", "its pause ms", "longest pause ms", "durable ms"], table)


def churn(report, tools, o):
    table = []
    for state, flags in {"updating": [], "window": ["-window"]}.items():
        for n in range(1, o.runs + 1):
            for which, tool in tools.items():
                label = f"{state}, {which}run {n}"
                taken, (rows, seconds, cpu) = run(report, label, tool, "-churn", str(o.keys), "-every", "1s", *flags)
                written = sorted(t[1] for t in taken)
                table.append([label, len(taken), f"{written[len(written) // 2] / 1e6:.2f}", f"{sum(written) / 1e6:.1f}", f"{taken[-1][2] / 1e6:.1f}",
                              f"{sorted(t[4] for t in taken)[len(taken) // 2]:.0f}", f"{max(t[3] for t in taken):.2f}", f"{rows / seconds / 1e6:.1f}", f"{rows / cpu / 1e6:.2f}"])
    report.line()
    report.line(f"{o.keys} groups of which a hundredth changes each second, with a checkpoint a second: MB that the median checkpoint wrote, that all wrote,")
    report.line("and that the last one has; median time until durable; longest pause; rows read a second, and a second of processor time")
    report.table(["", "checkpoints", "MB", "MB of all", "MB whole", "durable ms", "longest pause ms", "M rows/s", "M rows/cpu s"], table)
