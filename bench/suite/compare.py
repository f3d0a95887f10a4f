"""riffle beside peers in warm processes, one statement at a time, with the answers compared."""
import csv
import json
import subprocess
from pathlib import Path

from . import common

PEERS = ("duckdb", "polars", "datafusion")


class Peer:
    """A peer's warm process."""

    def __init__(self, python, engine, tables):
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name("peer.py")), engine, *(f"{n}={p}" for n, p in tables.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, sql, how="collect"):
        """Runs a statement: how is explained in peer.py. Returns (ms, rows or their number)."""
        self.process.stdin.write(json.dumps({"sql": sql, "how": how}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise common.Failed(answer["error"])
        return answer["ms"], answer.get("rows")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def same(a, b):
    """Equal text, or numbers that differ by what sums of doubles do."""
    if a == b:
        return True
    x, y = number(a), number(b)
    return x is not None and y is not None and abs(x - y) <= 1e-9 * max(1.0, abs(x), abs(y))


def text_rows(rows):
    return [["" if c is None else str(c) for c in r] for r in rows]


def sort_key(row):
    """Text first, numbers to six digits: rounding of the last digits does not change the order."""
    return [c if number(c) is None else f"{float(c):.5e}" for c in row]


def difference(got, want):
    """What differs between two answers, as text; "" when nothing does."""
    if len(got) != len(want):
        return f"{len(got)} rows, not {len(want)}"
    for a, b in ((got, want), (sorted(got, key=sort_key), sorted(want, key=sort_key))):
        bad = next(((x, y) for x, y in zip(a, b) if len(x) != len(y) or not all(map(same, x, y))), None)
        if bad is None:
            return ""
    return f"{bad[0]} is not {bad[1]}"


def rows_of_csv(text):
    return list(csv.reader(text.splitlines()))[1:]


class Comparison:
    """Runs statements on all engines in turn and reports a table of best times."""

    def __init__(self, report, tables, runs, rounds, peers=PEERS):
        self.report, self.runs, self.rounds = report, runs, rounds
        self.tables = {n: str(p) for n, p in tables.items()}
        self.binary, python = common.riffle_binary(), common.venv()
        versions = common.command_output(python, "-c", "from importlib.metadata import version as v; print(', '.join("
                                         f"f'{{p}} {{v(p)}}' for p in {peers!r}))")
        report.line(f"# peers: {versions}")
        self.peers = {e: Peer(python, e, self.tables) for e in peers}
        self.table, self.wrong = [], 0

    def statement(self, name, sql, drain=None, leave_out=()):
        """Measures one statement: `rounds` times, each engine in turn, `runs` hot runs each.

        drain is the number of rows of a result too large to compare: it is counted, not kept.
        """
        times = {e: [] for e in ("riffle", *self.peers) if e not in leave_out}
        notes = {}
        self.how = "collect" if drain is None else "drain"
        verdict = self.check(name, sql) if drain is None else self.count(sql, drain)
        for _ in range(self.rounds):
            for engine in times:
                if engine in notes:
                    continue
                try:
                    times[engine] += self.measure(engine, sql)
                except common.Failed as e:
                    notes[engine] = str(e)
        for engine, ts in times.items():
            self.report.line(f"{name} {engine}: " + (common.ms_list(ts) if ts else notes[engine]))
        best = {e: min(ts) for e, ts in times.items() if ts}
        others = [t for e, t in best.items() if e != "riffle"]
        ratio = f"{best['riffle'] / min(others):.2f}" if "riffle" in best and others else "-"
        self.table.append([name, *(f"{best[e]:.1f}" if e in best else "-" for e in ("riffle", *self.peers)), ratio, verdict])

    def measure(self, engine, sql):
        if engine == "riffle":
            return common.riffle_hot(self.binary, sql, self.runs, *self.tables.values())
        peer = self.peers[engine]
        peer.ask(sql, self.how)
        return [peer.ask(sql, self.how)[0] for _ in range(self.runs)]

    def count(self, sql, want):
        """Compares the number of riffle's rows with what it must be."""
        out, _, _ = common.riffle_sql(self.binary, sql, *self.tables.values(), output="csv")
        got = out.count("\n") - 1
        self.wrong += got != want
        return "equal" if got == want else "WRONG"

    def check(self, name, sql):
        """Compares riffle's answer with DuckDB's."""
        try:
            out, _, _ = common.riffle_sql(self.binary, sql, *self.tables.values(), output="csv")
            _, want = self.peers["duckdb"].ask(sql, "rows")
        except common.Failed as e:
            self.wrong += 1
            self.report.line(f"{name}: no answer: {e}")
            return "no answer"
        diff = difference(rows_of_csv(out), text_rows(want))
        if diff:
            self.wrong += 1
            self.report.line(f"{name}: WRONG ANSWER: {diff}")
            return "WRONG"
        return "equal"

    def finish(self):
        """Prints the table. Returns the exit code: 1 when an answer is wrong or missing."""
        for p in self.peers.values():
            p.close()
        self.report.line()
        self.report.line(f"best of {self.rounds} x {self.runs} hot runs, ms; ratio = riffle / best peer")
        self.report.table(["", "riffle", *self.peers, "ratio", "answer"], self.table)
        return 1 if self.wrong else 0
