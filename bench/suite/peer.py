"""A peer in a warm process of its own: python peer.py ENGINE NAME=FILE...

Reads one JSON object a line, {"sql": …, "how": "collect"|"rows"|"drain"}, and answers
{"ms": …, "rows": …} or {"error": …}. "collect" ends with the result in memory, "rows" returns it as
well (outside the time), and "drain" counts the rows as they come and keeps none.
"""
import json
import sys
import time


def duckdb_engine(tables):
    import duckdb
    c = duckdb.connect()
    for name, path in tables.items():
        c.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
    return {
        "collect": lambda sql: c.sql(sql).to_arrow_table(),
        "drain": lambda sql: sum(b.num_rows for b in c.sql(sql).to_arrow_reader(1 << 16)),
        "rows": lambda t: [list(r.values()) for r in t.to_pylist()],
    }


def polars_engine(tables):
    import polars
    c = polars.SQLContext({n: polars.scan_parquet(p) for n, p in tables.items()})

    def drain(sql):
        counts = []
        c.execute(sql).sink_batches(lambda b: counts.append(b.height), engine="streaming")
        return sum(counts)

    return {
        "collect": lambda sql: c.execute(sql).collect(engine="streaming"),
        "drain": drain,
        "rows": lambda t: [list(r) for r in t.rows()],
    }


def datafusion_engine(tables):
    import datafusion
    c = datafusion.SessionContext()
    for name, path in tables.items():
        c.register_parquet(name, path)
    return {
        "collect": lambda sql: c.sql(sql).collect(),
        "drain": lambda sql: sum(b.to_pyarrow().num_rows for b in c.sql(sql).execute_stream()),
        "rows": lambda bs: [list(r.values()) for b in bs for r in b.to_pylist()],
    }


def main():
    engine, pairs = sys.argv[1], sys.argv[2:]
    do = globals()[engine + "_engine"](dict(p.split("=", 1) for p in pairs))
    for line in sys.stdin:
        request = json.loads(line)
        how = request["how"]
        try:
            start = time.perf_counter()
            result = do["drain" if how == "drain" else "collect"](request["sql"])
            answer = {"ms": (time.perf_counter() - start) * 1000}
            if how != "collect":
                answer["rows"] = result if how == "drain" else do["rows"](result)
            del result
        except Exception as e:  # whatever a peer raises is its answer
            answer = {"error": f"{type(e).__name__}: {str(e).strip().splitlines()[0][:300]}"}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    main()
