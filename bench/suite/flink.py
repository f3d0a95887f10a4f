"""bench/run flink: Nexmark and YSB with generators inside, riffle against Apache Flink.

Both make the same events by the same formulas, so the answers are compared first, on few events.
"nested" is one stream of people, auctions and bids, "flat" a table of bids alone whose columns are
made when they are read. Both checkpoint every 10 s, exactly once, and write into a black hole.
"""
import argparse
import csv
import shutil
import statistics
from decimal import Decimal

from . import common, peers, streams

# Events of a Flink run: 15 s and more on two cores (its rates differ by a factor of 100), and what
# warms the JIT up before. q7 keeps all bids, so its rate depends on this number; riffle gets the same.
FLINK_EVENTS = {
    "nested q0": 60e6, "nested q1": 60e6, "nested q2": 60e6, "nested q3": 50e6, "nested q5": 16e6, "nested q7": 4e6,
    "flat q0": 300e6, "flat q1": 250e6, "flat q2": 500e6, "flat q5": 26e6, "flat q7": 4e6, "ysb": 150e6,
}
CHECK_EVENTS = 500_000


def weigh(rows):
    """The number of rows and the sum of each column: numbers themselves, text by length, no times."""
    sums = None
    count = 0
    for row in rows:
        count += 1
        sums = sums or [Decimal(0)] * len(row)
        for i, field in enumerate(row):
            sums[i] += weight(field)
    return count, sums


def weight(field):
    if len(field) >= 19 and field[4] == "-" and field[10] in " T":
        return 0
    try:
        return Decimal(field)
    except ArithmeticError:
        return len(field)


def check(flink, binary, job, file):
    """Compares the answers over few events."""
    words = flink.bench_main("check", file, CHECK_EVENTS).split("check ", 1)[1].split(" ", 1)
    want = int(words[0]), [Decimal(x) for x in words[1].strip()[1:-1].split(",")]
    out, _, _ = common.riffle_sql(binary, job.riffle_query(CHECK_EVENTS), "-q", "--mode", "append", output="csv")
    got = weigh(list(csv.reader(out.splitlines()))[1:])
    return "equal" if got[0] == want[0] and list(got[1]) == want[1] else f"WRONG: {got}, not {want}"


def riffle_seconds(binary, job, events):
    """Seconds of the INSERT over so many events; stateful ones take checkpoints."""
    flags = []
    directory = common.DATA / "peers" / "state"
    shutil.rmtree(directory, ignore_errors=True)
    if job.stateful:
        flags += ["--state", str(directory), "--checkpoint", "10s"]
    _, times, _ = common.riffle_sql(binary, job.riffle_insert(events), "-q", *flags)
    shutil.rmtree(directory, ignore_errors=True)
    return times[-1] / 1000


def enough(binary, job, seconds, start):
    """A number of events that riffle needs about so many seconds for."""
    events = start
    took = riffle_seconds(binary, job, events)
    while took < seconds / 4:
        events = int(events * min(max(seconds / 2 / max(took, 0.01), 2), 10))
        took = riffle_seconds(binary, job, events)
    return int(events * seconds / took)


def measure(o, report, flink, binary, name, job, file):
    n = int(FLINK_EVENTS[name] * o.scale)
    verdict = check(flink, binary, job, file)
    report.line(f"{name} answers over {CHECK_EVENTS} events: {verdict}")
    ours_n = n if job.grows else enough(binary, job, o.seconds, min(n, 4_000_000))
    flink_s, riffle_s = [], []
    flink.seconds(file, n // 2)
    for _ in range(o.runs):
        riffle_s.append(riffle_seconds(binary, job, ours_n))
        flink_s += flink.seconds(file, n)
    theirs = [n / s for s, _ in flink_s]
    ours = [ours_n / s for s in riffle_s]
    report.line(f"{name} flink: {n} events, s: " + " ".join(f"{s:.2f}" for s, _ in flink_s)
                + f", checkpoints {' '.join(str(c) for _, c in flink_s)}")
    report.line(f"{name} riffle: {ours_n} events, s: " + " ".join(f"{s:.2f}" for s in riffle_s))
    a, b = statistics.median(ours), statistics.median(theirs)
    return [name, f"{a / 1e6:.2f}", f"{b / 1e6:.2f}", f"{a / b:.1f}", f"{max(ours) / max(theirs):.1f}", verdict.split(":")[0]]


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run flink", description=__doc__)
    p.add_argument("jobs", nargs="*", help="names such as 'nested q5', 'flat q0', ysb (default: all)")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--scale", type=float, default=1, help="times the events of a Flink run")
    p.add_argument("--seconds", type=float, default=8, help="about how long a run of riffle takes (default 8)")
    p.add_argument("--tag", default="")
    o = p.parse_args(argv)
    peers.need()
    binary = common.riffle_binary()
    report = common.Report("flink", o.tag)
    report.line(f"# peer: Flink 2.3.0, {common.command_output('java', '-version')}, heap state, objects reused, exactly once")
    table, bad = [], 0
    for name in o.jobs or FLINK_EVENTS:
        job = streams.job(name)
        flink = peers.Flink()
        try:
            file = flink.run / "query.sql"
            file.write_text(job.flink)
            table.append(measure(o, report, flink, binary, name, job, "ysb" if name == "ysb" else file))
            bad += table[-1][-1] != "equal"
        except common.Failed as e:
            report.line(f"{name} FAILED: {e}")
            bad += 1
        finally:
            flink.stop()
    report.line()
    report.line(f"million events a second, median of {o.runs} runs each, in turn")
    report.table(["", "riffle", "flink", "ratio", "ratio of best", "answer"], table)
    return 1 if bad else 0
