"""bench/run ui: what the screens cost, and how fast they answer.

The program runs on a pseudo-terminal of 100 by 30 cells whose other end is read by this process.
Frames are timed by the benchmarks of package tui, at 200 by 60.
"""
import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from . import attach, common, served
from .terminal import Terminal, cpu_seconds

FLIGHTS = common.ROOT / "cmd" / "riffle" / "demo" / "flights.parquet"
# Statements that keep all cores busy for longer than the presses last.
FILTER = "select auction, bidder, price from gen.nexmark_bid(events => 100000000000) where price < 105"
GROUPS = "select bidder, count(*) as n, sum(price) from gen.nexmark_bid(events => 100000000000) group by bidder"
LARGE = "select auction, price, date_time from gen.nexmark_bid(events => 108695656)"
PARTS = ("frames", "first", "keys", "scroll", "attach", "idle", "start", "promote")


class Bench:
    """The binary, the report, and a directory with the flights for each program that is started."""

    def __init__(self, options, report):
        self.o, self.report, self.binary = options, report, common.riffle_binary()
        self.verdicts = []

    def verdict(self, what, got, budget, unit):
        """Notes a number that is compared with its budget."""
        word = "ok" if got <= budget else f"missed by {got - budget:.3g} {unit}"
        self.verdicts.append([what, f"{got:.3g} {unit}", f"{budget:g} {unit}", word])

    def home(self):
        """A directory with flights.parquet, and the environment that keeps a program's state in it."""
        d = tempfile.TemporaryDirectory(prefix="rui")
        shutil.copy(FLIGHTS, d.name)
        return d, {"RIFFLE_HOME": d.name + "/home", "XDG_STATE_HOME": d.name + "/state", "NO_COLOR": ""}

    def tui(self, d, env, *args, width=100, height=30):
        return Terminal([self.binary, *args], cwd=d.name, env=env, width=width, height=height)


def p99(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def frames(b):
    """Time and allocations of a frame, by the benchmarks of package tui."""
    p = subprocess.run(["go", "test", "./tui", "-run", "^$", "-bench", "Frame", "-benchtime", b.o.benchtime, "-count", "3"],
                       cwd=common.ROOT, capture_output=True, text=True, env=os.environ | {"CGO_ENABLED": "0"}, timeout=300)
    if p.returncode:
        raise SystemExit(common.tail(p.stdout + p.stderr))
    found = {}
    for name, ns, size, allocs in re.findall(r"^BenchmarkFrame(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op\s+(\d+) B/op\s+(\d+) allocs/op", p.stdout, re.M):
        b.report.line(f"frame {name}: {float(ns) / 1e6:.3f} ms, {size} bytes, {allocs} allocations")
        found.setdefault(name, []).append(float(ns) / 1e6)
    for name, ms in found.items():
        b.verdict(f"frame, {name.lower()}, 200x60, median of {len(ms)}", statistics.median(ms), 5, "ms")


def first(b):
    """From the start of a process to its first full screen."""
    drawn, data, bare = [], [], []
    for _ in range(b.o.runs):
        d, env = b.home()
        with d, b.tui(d, env, "flights.parquet") as t:
            drawn.append(1000 * (t.wait(lambda s: "Result" in s and "tab pane" in s.splitlines()[-1]) - t.started))
            data.append(1000 * (t.wait("> flights") - t.started))
        seconds, _, _, _, _ = common.measured_process([b.binary, "sql", "-o", "none", "SELECT 1"])
        bare.append(1000 * seconds)
    b.report.line(f"first full screen, ms: {common.ms_list(drawn)}")
    b.report.line(f"the tables in the tree, ms: {common.ms_list(data)}")
    b.report.line(f"for comparison, a process that runs SELECT 1, ms: {common.ms_list(bare)}")
    b.verdict(f"first frame, median of {b.o.runs}", statistics.median(drawn), 100, "ms")


def press(b, t, keys, place, rng):
    """Presses keys, each at a random moment, and returns the ms until the bytes came that moved place, a
    function of the screen's text."""
    times = []
    for i in range(b.o.presses):
        time.sleep(rng.uniform(0.08, 0.25))
        before = place(t.text())
        at = t.send(keys[i % len(keys)])
        times.append(1000 * (t.wait(lambda s: place(s) != before, 10) - at))
    return times


def marked(text):
    """The line of the cursor in the grid that has the focus."""
    return next((i for i, l in enumerate(text.splitlines()) if re.search(r"[┃]>", l)), -1)


def column(text):
    """The column of the editor's cursor."""
    m = re.search(r"ln \d+ col (\d+)", text)
    return int(m[1]) if m else -1


def keys(b):
    """From a key to the bytes of the screen that shows it, while queries run on all cores."""
    rng = random.Random(1)
    for name, sql, load in (("grid, nothing runs", FILTER.replace("100000000000", "3000000"), False),
                            ("grid, a filter runs", FILTER, True), ("editor, a grouping runs", GROUPS, True)):
        d, env = b.home()
        with d, b.tui(d, env, "flights.parquet") as t:
            t.wait("> flights")
            t.send(sql)
            t.wait(lambda s, n=len(sql): column(s) == n + 1)
            t.send("\x12")  # ctrl-r
            if "grid" in name:
                t.wait(lambda s: re.search(r"1-1\d of", s))
                t.keys_mode()
                t.send("\t")
                t.wait(lambda s: marked(s) > 0)
            if not load:
                t.wait("exact")
            before, began = cpu_seconds(t.pid), time.perf_counter()
            times = press(b, t, "jk" if "grid" in name else "abcdefgh", marked if "grid" in name else column, rng)
            busy = (cpu_seconds(t.pid) - before) / (time.perf_counter() - began)
            if load and "RUNNING" not in t.text():
                raise SystemExit(f"{name}: the query ended before the presses")
        b.report.line(f"key to screen, {name} ({busy:.2f} cores), ms: {common.ms_list(times)}")
        for what, got in (("median", statistics.median(times)), ("p99", p99(times))):
            b.verdict(f"key to screen, {name}, {what} of {len(times)}", got, 30, "ms")


def shown(text):
    """The numbers of the rows in the grid, and the line of the cursor."""
    m = re.search(r"([\d ]+)-[\d ]+ of", text)
    return m and m[1], marked(text)


def scroll(b):
    """Pages of a result of 10^8 rows, most of them on disk: to the ends, and by screens from random places."""
    rng = random.Random(2)
    d, env = b.home()
    with d, b.tui(d, env | {"TMPDIR": d.name}, "flights.parquet") as t:
        t.wait("> flights")
        t.send(LARGE)
        t.wait(lambda s: column(s) == len(LARGE) + 1)
        began = t.send("\x12")
        took = t.wait("100 000 000 rows exact", 300) - began
        with open(f"/proc/{t.pid}/status", encoding="ascii") as f:
            peak = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024
        disk = sum(p.stat().st_size for p in Path(d.name).rglob("*.run")) / 2**30
        b.report.line(f"10^8 rows: result complete after {took:.1f} s; {peak:.0f} MiB of memory at the most, {disk:.2f} GiB on disk")
        t.keys_mode()
        t.send("\t")
        t.wait(lambda s: marked(s) > 0)
        # Up from the end, down from the start: every press moves.
        times = press(b, t, ["G"] + ["\x02"] * 24 + ["gg"] + ["\x06"] * 24, shown, rng)
    b.report.line(f"key to screen, a page of 10^8 rows, ms: {common.ms_list(times)}")
    for what, got in (("median", statistics.median(times)), ("p99", p99(times))):
        b.verdict(f"key to screen, a page of 10^8 rows, {what} of {len(times)}", got, 30, "ms")


def idle(b):
    """CPU time and output of programs in which nothing happens."""
    for name, keys_ in (("Explore", ""), ("Jobs", "4")):
        d, env = b.home()
        with d, b.tui(d, env, "flights.parquet") as t:
            t.wait("> flights")
            t.keys_mode()
            t.send(keys_)
            t.wait(f"{name}]")
            time.sleep(1.5)  # what the start left to do
            cpu, sent = cpu_seconds(t.pid), t.sent()
            time.sleep(b.o.idle)
            cpu, sent = cpu_seconds(t.pid) - cpu, t.sent() - sent
        b.report.line(f"idle {name}: {1000 * cpu:.2f} ms of CPU and {sent} bytes in {b.o.idle:g} s")
        # The budget is nothing; half a millisecond is what looking at the process may cause.
        b.verdict(f"idle, {name}, CPU in {b.o.idle:g} s", 1000 * cpu, 0.5, "ms")


def attached(b):
    attach.job(b)
    attach.query(b)


def start(b):
    """From the start of riffle serve until it answers."""
    times = []
    for _ in range(b.o.runs):
        d, env = b.home()
        with d:
            s = served.Server(b.binary, d.name, env)
            times.append(1000 * s.ready)
            s.close()
    b.report.line(f"riffle serve answers after, ms: {common.ms_list(times)}")
    b.report.line(f"server start, ms: min {min(times):.1f}, median {statistics.median(times):.1f}, max {max(times):.1f}")


def promote(b):
    """From riffle promote to the first committed file of the job's output, by checkpoint interval."""
    for every in ("100ms", "1s"):
        command, visible = [], []
        for _ in range(max(3, b.o.runs // 2)):
            d, env = b.home()
            with d, served.broker(b.binary, d.name, env) as address:
                common_env = os.environ | env
                subprocess.run([b.binary, "sql", f"INSERT INTO 'kafka://{address}/flights' SELECT * FROM 'flights.parquet'"],
                               cwd=d.name, env=common_env, check=True, capture_output=True, timeout=60)
                with served.Server(b.binary, d.name, env):
                    began = time.perf_counter()
                    p = subprocess.run([b.binary, "promote", f"SELECT date, origin, delay FROM 'kafka://{address}/flights' WHERE delay > 20",
                                        "--name", "late", "--checkpoint", every], cwd=d.name, env=common_env, capture_output=True, text=True, timeout=60)
                    if p.returncode:
                        raise SystemExit(common.tail(p.stderr))
                    command.append(1000 * (time.perf_counter() - began))
                    end = time.perf_counter() + 30
                    while not any(not f.name.startswith(".") for f in Path(d.name, "out", "late").rglob("*.parquet")):
                        if time.perf_counter() > end:
                            raise SystemExit("no output after 30 s")
                        time.sleep(0.001)
                    visible.append(1000 * (time.perf_counter() - began))
        b.report.line(f"promote, checkpoint every {every}: the command ends after, ms: {common.ms_list(command)}")
        b.report.line(f"promote, checkpoint every {every}: first committed file after, ms: {common.ms_list(visible)}")
        b.report.line(f"promote, checkpoint every {every}, medians: command {statistics.median(command):.0f} ms, first file {statistics.median(visible):.0f} ms")


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run ui", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"of {', '.join(PARTS)} (default: all)")
    p.add_argument("--runs", type=int, default=10, help="starts of a process")
    p.add_argument("--presses", type=int, default=50)
    p.add_argument("--pairs", type=int, default=7, help="runs without and with a screen")
    p.add_argument("--seconds", type=float, default=5, help="length of such a run")
    p.add_argument("--idle", type=float, default=5, help="seconds of idleness")
    p.add_argument("--benchtime", default="1s", help="of the frame benchmarks")
    p.add_argument("--tag", default="")
    o = p.parse_args(argv)
    report = common.Report("ui", o.tag)
    b = Bench(o, report)
    steps = dict(zip(PARTS, (frames, first, keys, scroll, attached, idle, start, promote)))
    for name in o.parts or PARTS:
        report.line()
        steps[name](b)
    report.line()
    report.table(["", "measured", "budget", ""], b.verdicts)
    report.line(f"# load at the end {' '.join(f'{x:.2f}' for x in os.getloadavg())}")
    return 0
