"""What the benchmarks share: paths, the machine, building riffle, reports, running riffle."""
import datetime
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
DATA = BENCH / "data"


class Failed(Exception):
    """A program that did not run: the message holds what it said."""


def riffle_binary():
    """Builds riffle and returns where it is. RIFFLE names a binary to use as it is."""
    if "RIFFLE" in os.environ:
        return os.environ["RIFFLE"]
    out = DATA / "bin" / "riffle"
    out.parent.mkdir(parents=True, exist_ok=True)
    build = subprocess.run(["go", "build", "-o", str(out), "./cmd/riffle"], cwd=ROOT,
                           env=os.environ | {"CGO_ENABLED": "0"})
    if build.returncode:
        raise SystemExit("riffle does not build")
    return str(out)


def tool(name):
    """Builds a program of bench/tools and returns where it is."""
    out = DATA / "bin" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    build = subprocess.run(["go", "build", "-o", str(out), f"./tools/{name}"], cwd=BENCH,
                           env=os.environ | {"CGO_ENABLED": "0"})
    if build.returncode:
        raise SystemExit(f"bench/tools/{name} does not build")
    return str(out)


def venv():
    """The Python of bench/.venv with the peers in it, made on first use."""
    python = BENCH / ".venv" / "bin" / "python"
    want = BENCH / "requirements.txt"
    mark = BENCH / ".venv" / "installed.txt"
    if not mark.exists() or mark.read_text() != want.read_text():
        subprocess.run([sys.executable, "-m", "venv", str(BENCH / ".venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(want)], check=True)
        mark.write_text(want.read_text())
    return str(python)


def command_output(*args):
    """The first line that a command prints, or "none" where there is no such command."""
    try:
        p = subprocess.run(args, capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return "none"
    return ((p.stdout + p.stderr).strip().splitlines() or ["none"])[0]


def cpu_name():
    """The processor as a word for file names, with the number of cores."""
    name = "cpu"
    try:
        fields = dict(re.findall(r"^([\w ]+?)\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M))
        name = fields.get("model name") or name
        name += f" f{fields.get('cpu family')} m{fields.get('model')}" if name.strip() == "AMD EPYC" else ""
    except OSError:
        name = command_output("sysctl", "-n", "machdep.cpu.brand_string")
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + f"-{os.cpu_count()}c"


def memory_gib():
    """Memory of the machine in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


class Report:
    """Prints lines and keeps them in bench/results/NAME/DATE-CPU.txt."""

    def __init__(self, name, tag="", keep=True):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.file = None
        if keep:
            directory = BENCH / "results" / name
            directory.mkdir(parents=True, exist_ok=True)
            stem = f"{now:%Y-%m-%d}-{cpu_name()}" + (f"-{tag}" if tag else "")
            self.file = open(directory / f"{stem}.txt", "w", encoding="utf-8")
        dirty = " with changes" if command_output("git", "status", "--porcelain", "-uno") != "none" else ""
        self.line(f"# {name}{' ' + tag if tag else ''}, {now:%Y-%m-%d %H:%M} UTC")
        self.line("# command: bench/run " + shlex.join(Path(a).name if "/" in a else a for a in sys.argv[1:]))
        self.line(f"# machine: {cpu_name()}, {memory_gib():.0f} GiB, load at the start "
                  + " ".join(f"{x:.2f}" for x in os.getloadavg()))
        self.line(f"# riffle: {command_output('git', 'rev-parse', '--short', 'HEAD')}{dirty}, {command_output('go', 'version')}")

    def line(self, text=""):
        print(text, flush=True)
        if self.file:
            self.file.write(text + "\n")
            self.file.flush()

    def table(self, head, rows):
        """Writes rows with aligned columns, numbers to the right."""
        rows = [[str(c) for c in r] for r in rows]
        width = [max(len(r[i]) for r in [head] + rows) for i in range(len(head))]
        for r in [head] + rows:
            self.line("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, width))).rstrip())


def ms_list(times):
    """Times in ms as text."""
    return " ".join(f"{t:.1f}" for t in times)


def tail(text, lines=3):
    return " | ".join(text.strip().splitlines()[-lines:])


def riffle_sql(binary, sql, *args, output="none", timeout=900):
    """Runs statements in one process. Returns (stdout, [ms of each statement], stderr)."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as f:
        f.write(sql)
        f.flush()
        try:
            p = subprocess.run([binary, "sql", "-f", f.name, "-o", output, "--time", "--plain", *args],
                               capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"still running after {timeout} s") from None
    if p.returncode:
        raise Failed(tail(p.stderr))
    return p.stdout, [float(x) for x in re.findall(r"^time ([\d.]+) ms$", p.stderr, re.M)], p.stderr


def riffle_hot(binary, statement, runs, *sources):
    """Times in ms of a statement that runs `runs` times after one that does not count, in one process."""
    _, times, _ = riffle_sql(binary, ";\n".join([statement] * (runs + 1)), *sources)
    return times[-runs:]


def measured_process(args):
    """Runs a program. Returns (seconds, peak RSS in bytes, exit code, stdout, stderr)."""
    with tempfile.TemporaryDirectory() as d:
        out, err = Path(d, "out"), Path(d, "err")
        launch = [sys.executable, "-S", "-E", str(BENCH / "suite" / "launch.py"), str(out), str(err)]
        said = subprocess.run([*launch, *args], capture_output=True, text=True, check=True).stdout.split()
        return float(said[0]), int(said[1]), int(said[2]), out.read_text(), err.read_text()
