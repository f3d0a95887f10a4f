"""bench/run groups: sum and count of 10^7 rows in 10^6 groups, Parquet in, one row out."""
import argparse

from . import common, compare, rows

# The outer query reads both aggregates of every group, so no engine may leave one out.
GROUPS = "SELECT count(*) AS n, sum(s) AS s, max(c) AS m FROM (SELECT k, sum(v) AS s, count(*) AS c FROM rows GROUP BY k) AS g"


def main(argv):
    p = argparse.ArgumentParser(prog="bench/run groups", description=__doc__)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--rounds", type=int, default=3)
    o = p.parse_args(argv)
    c = compare.Comparison(common.Report("groups"), rows.table(), o.runs, o.rounds)
    c.statement("10^6 groups", GROUPS)
    return c.finish()
