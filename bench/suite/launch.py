"""Runs a program and says what it used: python launch.py OUT ERR PROGRAM ARGUMENTS...

A new program inherits the peak resident set of the process that starts it (Linux counts it before
the exec), so the one that starts it must be small: this one.
"""
import os
import sys
import time

out, err, *args = sys.argv[1:]
files = [(os.POSIX_SPAWN_OPEN, fd, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for fd, path in ((1, out), (2, err))]
start = time.perf_counter()
pid = os.posix_spawnp(args[0], args, os.environ, file_actions=files)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - start
print(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), os.waitstatus_to_exitcode(status))
