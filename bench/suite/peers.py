"""Apache Flink and Apache Kafka from Maven: fetching their jars, starting and stopping them.

Everything listens on 127.0.0.1. Jars are kept in RIFFLE_PEERS, else in ~/.cache/riffle-peers; what
the programs write goes to bench/data/peers and is removed when they stop.
"""
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from . import common

HOME = Path(os.environ.get("RIFFLE_PEERS", Path.home() / ".cache" / "riffle-peers"))
RUN = common.DATA / "peers"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

FLINK_PORT, FLINK_RPC, KAFKA_PORT = 28081, 28123, 29292

# What Flink reaches into on Java 17, as its own start scripts open it.
OPENED = ("java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.text", "java.time",
          "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks")


def need():
    """Ends with a reason where Java or Maven is missing."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise SystemExit(f"skipped: there is no {program} on this machine")


def maven(*args):
    """Runs Maven, offline first: once everything is there, no network is needed."""
    for extra in (["-o"], []):
        p = subprocess.run(["mvn", "-B", "-q", "-ntp", *extra, *args], capture_output=True, text=True)
        if p.returncode == 0:
            return
    raise SystemExit("mvn: " + common.tail(p.stdout + p.stderr, 10))


def jars(name):
    """The folder with the jars of flink or kafka, fetched on first use."""
    lib = HOME / name / "lib"
    if not lib.exists() or not any(lib.glob("*.jar")):
        pom = common.BENCH / "peers" / f"{name}-pom.xml"
        maven("-f", str(pom), COPY, "-DincludeScope=runtime", f"-DoutputDirectory={lib}")
    return lib


def flink_bench_jar():
    """The jar of bench/flink, built when a source is newer."""
    project = common.BENCH / "flink"
    jar = project / "target" / "flink-bench-1.jar"
    sources = [p for p in [project / "pom.xml", *(project / "src").rglob("*")] if p.is_file()]
    if not jar.exists() or jar.stat().st_mtime < max(p.stat().st_mtime for p in sources):
        maven("-f", str(project / "pom.xml"), "package")
    return jar


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def wait_for(what, ready, process, log, seconds=60):
    """Waits until ready() is true; ends when the process does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what} did not start: " + common.tail(log.read_text(), 8))


def stop(process):
    if process and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def log4j(path, level):
    """A log4j2 configuration that writes to standard error."""
    path.write_text("\n".join([
        f"rootLogger.level={level}", "rootLogger.appenderRef.a.ref=A", "appender.a.name=A", "appender.a.type=Console",
        "appender.a.target=SYSTEM_ERR", "appender.a.layout.type=PatternLayout",
        "appender.a.layout.pattern=%d{HH:mm:ss} %p %c{1} %m%n"]) + "\n")
    return path


class Flink:
    """A session cluster: a JobManager and one TaskManager with a slot a core."""

    def __init__(self, heap_mb=8192):
        lib, self.bench = jars("flink"), flink_bench_jar()
        self.run = fresh(RUN / "flink")
        self.slots, self.heap = os.cpu_count(), min(heap_mb, int(common.memory_gib() * 1024 / 3))
        self.path = f"{lib}/*:{self.bench}"
        self.rest = f"127.0.0.1:{FLINK_PORT}"
        (self.run / "config.yaml").write_text(self.config())
        log4j(self.run / "log4j.properties", "WARN")
        self.manager = self.start("jobmanager", ["-Xmx1g"],
                                  "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
                                  "--executionMode", "cluster")
        self.tasks = self.start("taskmanager", [f"-Xms{self.heap + 128}m", f"-Xmx{self.heap + 128}m", "-XX:MaxDirectMemorySize=448m"],
                                "org.apache.flink.runtime.taskexecutor.TaskManagerRunner")
        wait_for("flink", lambda: self.get("/overview").get("slots-available") == self.slots, self.tasks, self.run / "taskmanager.log")

    def config(self):
        settings = {
            "jobmanager.rpc.address": "127.0.0.1", "jobmanager.rpc.port": FLINK_RPC, "jobmanager.bind-host": "127.0.0.1",
            "jobmanager.memory.process.size": "1600m", "rest.address": "127.0.0.1", "rest.bind-address": "127.0.0.1",
            "rest.port": FLINK_PORT, "blob.storage.directory": self.run / "blob", "io.tmp.dirs": self.run / "tmp",
            "taskmanager.host": "127.0.0.1", "taskmanager.bind-host": "127.0.0.1", "taskmanager.numberOfTaskSlots": self.slots,
            # Without its start script a TaskManager does not work these out.
            "taskmanager.cpu.cores": self.slots, "taskmanager.memory.framework.heap.size": "128m",
            "taskmanager.memory.task.heap.size": f"{self.heap}m", "taskmanager.memory.framework.off-heap.size": "128m",
            "taskmanager.memory.task.off-heap.size": "64m", "taskmanager.memory.network.min": "256m",
            "taskmanager.memory.network.max": "256m", "taskmanager.memory.managed.size": "1024m",
            "taskmanager.memory.jvm-metaspace.size": "512m", "taskmanager.memory.jvm-overhead.min": "512m",
            "taskmanager.memory.jvm-overhead.max": "512m",
        }
        return "".join(f"{k}: {v}\n" for k, v in settings.items())

    def java(self, *options):
        opens = [f"--add-opens=java.base/{m}=ALL-UNNAMED" for m in OPENED]
        return ["java", *options, "-XX:+UseG1GC", *opens, f"-Dlog4j.configurationFile=file:{self.run}/log4j.properties", "-cp", self.path]

    def start(self, name, options, *main):
        log = open(self.run / f"{name}.log", "w")
        return subprocess.Popen([*self.java(*options), main[0], "--configDir", str(self.run), *main[1:]],
                                stdout=log, stderr=log, env=os.environ | {"FLINK_CONF_DIR": str(self.run)})

    def get(self, path):
        """A REST call; {} while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.rest}{path}", timeout=10) as r:
                return json.load(r)
        except OSError:
            return {}

    def bench_main(self, how, query, *events):
        """Runs the main of bench/flink. Returns what it prints."""
        p = subprocess.run([*self.java("-Xmx1g"), "io.riffle.bench.Main", self.rest, str(self.slots),
                            f"file://{self.run}/checkpoints", how, str(query), *map(str, events)], capture_output=True, text=True)
        if p.returncode:
            causes = [x for x in p.stderr.splitlines() if "Caused by" in x or "Exception" in x]
            raise common.Failed(" | ".join(causes[-3:])[:500])
        return p.stdout

    def seconds(self, query, *events):
        """Seconds from running to finished of a job for each number of events, and checkpoints taken."""
        out = []
        for line in self.bench_main("run", query, *events).splitlines():
            if line.startswith("job "):
                _, job, _ = line.split()
                at = self.get(f"/jobs/{job}")["timestamps"]
                done = self.get(f"/jobs/{job}/checkpoints").get("counts", {}).get("completed", 0)
                out.append(((at["FINISHED"] - at["RUNNING"]) / 1000, done))
        return out

    def stop(self):
        stop(self.tasks)
        stop(self.manager)
        shutil.rmtree(self.run, ignore_errors=True)


class Kafka:
    """One broker that is its own controller."""

    def __init__(self):
        self.lib = jars("kafka")
        self.run = fresh(RUN / "kafka")
        self.address = f"127.0.0.1:{KAFKA_PORT}"
        self.settings = self.run / "server.properties"
        self.settings.write_text("".join(f"{k}={v}\n" for k, v in {
            "process.roles": "broker,controller", "node.id": 1, "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{KAFKA_PORT + 1}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{KAFKA_PORT + 1}",
            "advertised.listeners": f"PLAINTEXT://{self.address}", "log.dirs": self.run / "log",
            "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1, "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1, "group.initial.rebalance.delay.ms": 0,
        }.items()))
        log4j(self.run / "log4j.properties", "INFO")
        log4j(self.run / "tools.properties", "ERROR")
        self.tool("kafka.tools.StorageTool", "format", "-t", "cmlmZmxlLWJlbmNoLTAwMQ", "-c", str(self.settings))
        log = self.run / "server.log"
        self.process = subprocess.Popen(
            [*self.java("-Xms1g", "-Xmx1g", "-XX:+UseG1GC"), "kafka.Kafka", str(self.settings)],
            stdout=open(log, "w"), stderr=subprocess.STDOUT)
        wait_for("kafka", lambda: "Kafka Server started" in log.read_text(), self.process, log)

    def java(self, *options, config="log4j.properties"):
        return ["java", *options, f"-Dlog4j2.configurationFile=file:{self.run / config}", "-cp", f"{self.lib}/*"]

    def tool(self, *args):
        p = subprocess.run([*self.java("-Xmx256m", config="tools.properties"), *args], capture_output=True, text=True)
        if p.returncode:
            raise SystemExit(f"{args[0]}: " + common.tail(p.stdout + p.stderr, 5))
        return p.stdout

    def topic(self, name, partitions):
        self.tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, "--create",
                  "--topic", name, "--partitions", str(partitions), "--replication-factor", "1")

    def stop(self):
        stop(self.process)
        shutil.rmtree(self.run, ignore_errors=True)
