"""bench/run sort: 10^7 rows by two keys, Parquet in.

"all rows" counts the ordered rows as they come out; "last ten" asks for the end of the order alone.
DataFusion answers the latter with a heap of all rows and takes 20 s and more: it is left out there.
"""
import argparse

from . import common, compare, rows

LAST = f"LIMIT 10 OFFSET {rows.ROWS - 10}"


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run sort", description=__doc__)
    p.add_argument("--runs", type=int, default=2)
    p.add_argument("--rounds", type=int, default=2)
    o = p.parse_args(argv)
    c = compare.Comparison(common.Report("sort"), rows.table(), o.runs, o.rounds)
    c.statement("two columns, all rows", "SELECT k, v FROM rows ORDER BY k, v", drain=rows.ROWS)
    c.statement("four columns, all rows", "SELECT k, v, s, d FROM rows ORDER BY k, v", drain=rows.ROWS)
    c.statement("two columns, last ten", f"SELECT k, v FROM rows ORDER BY k, v {LAST}", leave_out=["datafusion"])
    c.statement("text and number, last ten", f"SELECT s, v FROM rows ORDER BY s, v {LAST}", leave_out=["datafusion"])
    return c.finish()
