"""A job server and a broker as child processes."""
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time

from . import common


class Connection(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__("riffle", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Server:
    """riffle serve, whose socket is in $RIFFLE_HOME. ready is the s from its start to its first answer."""

    def __init__(self, binary, directory, env):
        self.socket = env["RIFFLE_HOME"] + "/riffle.sock"
        began = time.perf_counter()
        self.process = subprocess.Popen([binary, "serve"], cwd=directory, env=os.environ | env,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                self.get("/v1/server")
                break
            except OSError:
                if self.process.poll() is not None or time.perf_counter() > began + 20:
                    raise common.Failed("the job server does not answer") from None
                time.sleep(0.0005)
        self.ready = time.perf_counter() - began

    def get(self, path):
        c = Connection(self.socket)
        try:
            c.request("GET", path)
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def broker(binary, directory, env):
    """The embedded broker; gives its host:port."""
    p = subprocess.Popen([binary, "broker", "--listen", "127.0.0.1:0"], cwd=directory, env=os.environ | env,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        m = re.search(r"127\.0\.0\.1:\d+", p.stdout.readline())
        if not m:
            raise common.Failed("the broker does not say where it listens")
        yield m[0]
    finally:
        p.kill()
        p.wait()
        p.stdout.close()
