"""The rows that are grouped and sorted: 10^7 of them in 10^6 groups, written by riffle once."""
from . import common

ROWS, GROUPS = 10_000_000, 1_000_000


def table():
    """The table `rows` as a Parquet file: k (a group), v (up to 10^9), s (12 letters), d."""
    path = common.DATA / "rows.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        common.riffle_sql(common.riffle_binary(),
                          f"COPY (SELECT * FROM gen.rows(rows => {ROWS}, groups => {GROUPS})) TO '{path}'")
    return {"rows": path}
