"""What a screen costs the engine: runs without and with one, in turn.

Wall-clock rates feel everything else that the machine does. The rows that the engine takes for a second
of its own CPU time do not, nor does the CPU time of the screen; both are given as well.
"""
import os
import statistics
import subprocess
import time

from . import common, served
from .terminal import cpu_seconds

LOAD = """CREATE TABLE bids (auction BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
WITH ('connector'='gen', 'table'='nexmark_bid', 'events'='20000000000', 'stream'='true');
CREATE TABLE out (auction BIGINT, n BIGINT, at TIMESTAMP) WITH ('connector'='blackhole');
INSERT INTO out SELECT auction % 7, count(*), window_start FROM TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND)
GROUP BY auction % 7, window_start, window_end;
"""
STREAM = "select auction % 1000 as k, count(*) as n, max(price) as best from gen.nexmark_bid(events => {}, stream => true) group by 1"


def tick(server, pid):
    """Waits for the server's next count of rows. Returns (rows, s, CPU s of the server)."""
    before = server.get("/v1/jobs")[0]["rows"]
    while True:
        rows = server.get("/v1/jobs")[0]["rows"]
        if rows != before:
            return rows, time.perf_counter(), cpu_seconds(pid)
        time.sleep(0.01)


def window(b, server):
    """Rows a second, and a CPU second, of the job for some seconds."""
    pid = server.process.pid
    r0, t0, c0 = tick(server, pid)
    time.sleep(b.o.seconds - 0.5)
    r1, t1, c1 = tick(server, pid)
    return (r1 - r0) / (t1 - t0), (r1 - r0) / (c1 - c0)


def in_turn(b, without, with_):
    """Runs both kinds the same number of times, the order changing. Returns their results."""
    got = ([], [])
    for i in range(b.o.pairs):
        for kind in ((0, 1), (1, 0))[i % 2]:
            got[kind].append((without, with_)[kind]())
    return got


def cost(b, what, a, w):
    """Reports the loss of w, rates with a screen, against a, rates without, as the median over pairs."""
    loss = [100 * (1 - y / x) for x, y in zip(a, w)]
    b.report.line(f"{what}: 10^6 rows without {' '.join(f'{x / 1e6:.2f}' for x in a)}")
    b.report.line(f"{what}: 10^6 rows with    {' '.join(f'{x / 1e6:.2f}' for x in w)}")
    b.report.line(f"{what}: loss of each pair, % {' '.join(f'{x:+.1f}' for x in loss)}; medians of all {100 * (1 - statistics.median(w) / statistics.median(a)):+.1f}"
                  f", best of all {100 * (1 - max(w) / max(a)):+.1f}")
    b.verdict(f"{what}, median loss of {len(loss)} pairs", statistics.median(loss), 2, "%")


def job(b):
    """A job at full speed in the server, without and with its detail on a screen."""
    d, env = b.home()
    with d, served.Server(b.binary, d.name, env) as server:
        with open(d.name + "/load.sql", "w", encoding="utf-8") as f:
            f.write(LOAD)
        p = subprocess.run([b.binary, "promote", "load.sql", "--name", "load"], cwd=d.name, env=os.environ | env, capture_output=True, text=True, timeout=60)
        if p.returncode:
            raise SystemExit(common.tail(p.stderr))
        tick(server, server.process.pid)
        screens = []

        def with_screen():
            with b.tui(d, env) as t:
                t.wait("jobs")
                t.keys_mode()
                t.send("4")
                t.wait(">R  load")
                t.send("\r")
                t.wait("Operators of load")
                cpu, began, sent = cpu_seconds(t.pid), time.perf_counter(), t.sent()
                rates = window(b, server)
                seconds = time.perf_counter() - began
                screens.append((100 * (cpu_seconds(t.pid) - cpu) / seconds, (t.sent() - sent) / seconds))
            return rates

        without, with_ = in_turn(b, lambda: window(b, server), with_screen)
        body = len(str(server.get("/v1/jobs/load")))
    cost(b, "attach to a job, rows a second", [x[0] for x in without], [x[0] for x in with_])
    cost(b, "attach to a job, rows a CPU second of the server", [x[1] for x in without], [x[1] for x in with_])
    b.report.line(f"attach to a job: CPU of the screen's process, % of a core: {' '.join(f'{s[0]:.1f}' for s in screens)};"
                  f" bytes a second to the terminal: {' '.join(f'{s[1]:.0f}' for s in screens)}; the job's detail has {body} bytes at the end")
    b.verdict("attach to a job, median CPU of the screen's process, of all cores", statistics.median(s[0] for s in screens) / os.cpu_count(), 2, "%")


def query(b):
    """A stream to its end, in riffle sql with -o none and on the Stream screen."""
    rows = int(b.o.seconds * 80e6)  # long enough that the two seconds after the last key count little
    sql = STREAM.format(rows)
    d, env = b.home()

    def plain():
        # The child's CPU time, from the kernel's count of children that have ended.
        before, began = os.times(), time.perf_counter()
        p = subprocess.run([b.binary, "sql", "-o", "none", sql], cwd=d.name, env=os.environ | env, capture_output=True, text=True, timeout=120)
        if p.returncode:
            raise SystemExit(common.tail(p.stderr))
        seconds, after = time.perf_counter() - began, os.times()
        return rows / seconds, rows / (after.children_user + after.children_system - before.children_user - before.children_system)

    def screen():
        with b.tui(d, env) as t:
            t.wait("jobs")
            t.send(sql)
            t.wait(lambda s: f"col {len(sql) + 1} " in s)
            cpu, began = cpu_seconds(t.pid), t.send("\x12")
            ended = t.wait(lambda s: "DONE" in s.splitlines()[0], 120)
            return rows / (ended - began), rows / (cpu_seconds(t.pid) - cpu)

    with d:
        plain()
        without, with_ = in_turn(b, plain, screen)
    cost(b, "Stream screen against -o none, rows a second", [x[0] for x in without], [x[0] for x in with_])
    cost(b, "Stream screen against -o none, rows a CPU second", [x[1] for x in without], [x[1] for x in with_])
