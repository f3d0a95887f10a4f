"""bench/run memory [FLIGHTS]: sorting and grouping in 64 MB, with the answers of a run without limit.

The peak resident set must stay below the limit + 15 % + 80 MB.
"""
import argparse

from . import common, compare, tpch

QUERIES = (1, 3, 5, 6, 10, 12, 14, 18, 19)


def statements(flights, sf):
    """(name, statement, sources) of everything that is measured."""
    line = tpch.files(sf)
    out = []
    if flights:
        f = f"'{flights}'"
        out += [
            ("flights: sort", f"SELECT * FROM {f} ORDER BY date, origin, destination, delay, distance", []),
            ("flights: sort by text", f"SELECT origin, destination, date, delay, distance FROM {f} "
                                      "ORDER BY origin, destination, date, delay, distance", []),
            ("flights: many groups", f"SELECT date, origin, destination, count(*) AS n, sum(delay) AS d FROM {f} "
                                     "GROUP BY date, origin, destination", []),
        ]
    out += [
        (f"sf {sf}: sort of lineitem", "SELECT l_orderkey, l_linenumber, l_partkey, l_extendedprice, l_comment FROM lineitem "
                                       "ORDER BY l_partkey, l_orderkey, l_linenumber", [line["lineitem"]]),
        (f"sf {sf}: groups of lineitem", "SELECT l_orderkey, l_suppkey, sum(l_quantity) AS q, count(*) AS n FROM lineitem "
                                         "GROUP BY l_orderkey, l_suppkey", [line["lineitem"]]),
    ]
    return out + [(f"sf {sf}: q{n}", tpch.query(n, sf), list(line.values())) for n in QUERIES]


def answer(binary, sql, sources, *flags):
    """Runs a statement in a process. Returns (seconds, peak in MB, CSV rows)."""
    args = [binary, "sql", sql, *map(str, sources), "-o", "csv", *flags]
    seconds, peak, code, out, err = common.measured_process(args)
    if code:
        raise common.Failed(common.tail(err))
    return seconds, peak / 1e6, out.splitlines()


def differs(got, want, ordered):
    """What differs between two answers as CSV lines, "" when nothing does."""
    if not ordered:
        got, want = sorted(got), sorted(want)
    if got == want:
        return ""
    return compare.difference([x.split(",") for x in got], [x.split(",") for x in want]) or ""


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run memory", description=__doc__)
    p.add_argument("flights", nargs="?", help="the Parquet file of flights: date, delay, distance, origin, destination")
    p.add_argument("--memory", type=int, default=64, help="limit in MB (default 64)")
    p.add_argument("--sf", default="1")
    o = p.parse_args(argv)
    binary = common.riffle_binary()
    report = common.Report("memory")
    allowed = o.memory * 1.15 + 80
    report.line(f"# limit {o.memory} MB, peak resident set allowed {allowed:.0f} MB")
    table, bad = [], 0
    for name, sql, sources in statements(o.flights, o.sf):
        try:
            free, free_peak, want = answer(binary, sql, sources)
            tight, peak, got = answer(binary, sql, sources, "--memory", f"{o.memory}MB")
            diff = differs(got, want, "ORDER BY" in sql)
            verdict = "equal" if not diff else "WRONG"
            if diff:
                report.line(f"{name}: {diff}")
            row = [f"{free:.2f}", f"{free_peak:.0f}", f"{tight:.2f}", f"{peak:.0f}"]
            verdict += "" if peak <= allowed else ", over"
        except common.Failed as e:
            report.line(f"{name}: {e}")
            row, verdict = ["-"] * 4, "failed"
        bad += verdict != "equal"
        table.append([name, *row, verdict])
        report.line(" ".join(map(str, table[-1])))
    report.line()
    report.table(["", "s, no limit", "peak MB", f"s, {o.memory} MB", "peak MB", "answer"], table)
    return 1 if bad else 0
