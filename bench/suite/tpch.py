"""bench/run tpch: the queries derived from TPC-H, hot, on Parquet files of the standard generator."""
import argparse
import subprocess

from . import common, compare

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
DEFAULT = "1,3,5,6,10,12,14,18,19"


def files(sf):
    """The Parquet files of a scale factor, made on first use."""
    directory = common.DATA / f"tpch-sf{sf}"
    paths = {t: directory / f"{t}.parquet" for t in TABLES}
    if not all(p.exists() for p in paths.values()):
        python = common.venv()
        subprocess.run([python.replace("bin/python", "bin/tpchgen-cli"), "parquet", "-s", sf, "-o", str(directory),
                        "--overwrite", "--no-progress", "-q"], check=True)
    return paths


def query(n, sf):
    """The text of query n at a scale factor: q11's share depends on it."""
    text = (common.BENCH / "tpch" / f"q{n:02d}.sql").read_text().strip()
    return text.replace("${q11}", f"{0.0001 / float(sf):.10f}")


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run tpch", description=__doc__)
    p.add_argument("--sf", default="1", help="scale factor: 1 (default), 10, 0.01, …")
    p.add_argument("--queries", default=DEFAULT, help=f"numbers, or all (default {DEFAULT})")
    p.add_argument("--runs", type=int, default=3, help="hot runs a round (default 3)")
    p.add_argument("--rounds", type=int, default=2, help="rounds over the engines (default 2)")
    p.add_argument("--tag", default="", help="a word for the name of the result file")
    o = p.parse_args(argv)
    numbers = range(1, 23) if o.queries == "all" else [int(x) for x in o.queries.split(",")]
    tables = files(o.sf)
    report = common.Report("tpch", "-".join(filter(None, [f"sf{o.sf}", o.tag])))
    c = compare.Comparison(report, tables, o.runs, o.rounds)
    for n in numbers:
        c.statement(f"q{n}", query(n, o.sf))
    return c.finish()
