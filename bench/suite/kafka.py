"""bench/run kafka: JSON records from a real broker, counted by key in windows of 10 s.

riffle and Flink run the same DDL and query; a loop that only fetches and decodes is the bound.
The broker runs on the same cores.
"""
import argparse
import re
import shutil
import statistics
import subprocess

from . import common, peers

PARTITIONS = 4
COLUMNS = "auction BIGINT, bidder BIGINT, price BIGINT, channel {text}, date_time TIMESTAMP(3), extra {text}"
TABLE = """CREATE {temporary} TABLE bids ({columns}, WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'bids', 'properties.bootstrap.servers' = '{broker}',
      'properties.group.id' = 'bench', 'scan.startup.mode' = 'earliest-offset', {bounded} 'format' = 'json');
"""
WINDOW = "TUMBLE(TABLE bids, DESCRIPTOR(date_time), INTERVAL '10' SECOND)"
QUERY = "SELECT auction, count(*) AS n, window_start FROM {window} GROUP BY auction, window_start, window_end"
SINK = """CREATE TABLE sink (auction BIGINT, n BIGINT, window_start TIMESTAMP) WITH ('connector' = 'blackhole');
INSERT INTO sink """


def riffle_script(broker):
    columns = COLUMNS.format(text="VARCHAR").replace("(3)", "")
    return TABLE.format(temporary="", columns=columns, broker=broker, bounded="") + SINK + QUERY.format(window=WINDOW)


def flink_script(broker):
    return TABLE.format(temporary="TEMPORARY", columns=COLUMNS.format(text="STRING"), broker=broker,
                        bounded="'scan.bounded.mode' = 'latest-offset',") + QUERY.format(window=f"TABLE({WINDOW})")


def riffle_run(binary, broker):
    """Returns (seconds, rows written)."""
    state = common.DATA / "peers" / "state"
    shutil.rmtree(state, ignore_errors=True)
    _, times, err = common.riffle_sql(binary, riffle_script(broker), "--until-end", "--state", str(state), "--checkpoint", "10s")
    shutil.rmtree(state, ignore_errors=True)
    late = re.search(r"(\d+) late rows", err)
    return times[-1] / 1000, int(re.search(r"(\d+) rows written", err)[1]), int(late[1]) if late else 0


def loop_run(tool, broker):
    out = subprocess.run([tool, broker, "bids"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"in ([\d.]+) s", out)[1])


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run kafka", description=__doc__)
    p.add_argument("--records", type=int, default=10_000_000)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--tag", default="")
    o = p.parse_args(argv)
    peers.need()
    binary, loop, fill = common.riffle_binary(), common.tool("kafkaloop"), common.tool("kafkafill")
    report = common.Report("kafka", o.tag)
    report.line(f"# peers: Kafka 4.3.1, Flink 2.3.0, {common.command_output('java', '-version')}")
    times = {"riffle": [], "flink": [], "bare loop": []}
    broker = flink = None
    try:
        broker = peers.Kafka()
        broker.topic("bids", PARTITIONS)
        filled = subprocess.run([fill, broker.address, "bids", str(PARTITIONS), str(o.records)], capture_output=True, text=True)
        if filled.returncode:
            raise SystemExit(common.tail(filled.stderr))
        report.line("filled: " + filled.stdout.strip())
        flink = peers.Flink(4096)
        query = flink.run / "query.sql"
        query.write_text(flink_script(broker.address))
        flink.seconds(query, o.records)  # warms the JIT up; the number is of no use to this query
        for _ in range(o.runs):
            seconds, rows, late = riffle_run(binary, broker.address)
            report.line(f"riffle wrote {rows} rows, {late} late")
            times["riffle"].append(seconds)
            times["bare loop"].append(loop_run(loop, broker.address))
            times["flink"] += [s for s, _ in flink.seconds(query, o.records)]
        check = flink.bench_main("check", query, o.records).split()
        report.line(f"flink: {check[1]} rows")
        equal = int(check[1]) == rows
    finally:
        for peer in (flink, broker):
            if peer:
                peer.stop()
    for name, ts in times.items():
        report.line(f"{name} s: " + " ".join(f"{t:.2f}" for t in ts))
    report.line()
    report.line(f"{o.records} records, million a second")
    report.table(["", "median", "best", "riffle is"], [
        [name, f"{o.records / statistics.median(ts) / 1e6:.2f}", f"{o.records / min(ts) / 1e6:.2f}",
         f"{min(ts) / min(times['riffle']):.2f} x"] for name, ts in times.items()])
    if not equal:
        report.line(f"WRONG: riffle wrote {rows} rows, Flink {check[1]}")
    return 0 if equal else 1
