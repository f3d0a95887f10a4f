"""A program on a pseudo-terminal, and the screen that it draws.

A thread reads what the program writes and notes when each piece came; the screen is computed later,
from the noted pieces, so that its cost is in no measured time. The screen knows the control sequences
that riffle uses under TERM=xterm-256color; colours are dropped.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time

from . import common

SEQUENCE = re.compile(r"\x1b(?:\[([?>=<!]?)([0-9;:]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[^\[\]()])")


class Screen:
    """The cells of a terminal."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.cells = [[" "] * width for _ in range(height)]
        self.x = self.y = 0
        self.top, self.bottom = 0, height - 1  # of the lines that scroll
        self.last = " "
        self.rest = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def text(self):
        return "\n".join("".join(r).rstrip() for r in self.cells)

    def feed(self, data):
        text, self.rest = self.rest + self.decoder.decode(data), ""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                m = SEQUENCE.match(text, at)
                if not m:  # the sequence goes on in the next piece
                    self.rest = text[at:]
                    return
                if m.group(3) and not m.group(1):
                    self.control(m.group(3), [int(n or 0) for n in m.group(2).split(";")] if ":" not in m.group(2) else [0])
                elif m.group(0) == "\x1bM":
                    self.up()
                at = m.end()
                continue
            at += 1
            if c == "\r":
                self.x = 0
            elif c == "\n":
                self.down()
            elif c == "\b":
                self.x = max(0, self.x - 1)
            elif c == "\t":
                self.x = min(self.width - 1, self.x // 8 * 8 + 8)
            elif c >= " ":
                self.put(c)

    def put(self, c):
        if self.x >= self.width:
            self.x = 0
            self.down()
        self.cells[self.y][self.x] = self.last = c
        self.x += 1

    def down(self):
        if self.y == self.bottom:
            self.scroll(1)
        else:
            self.y = min(self.height - 1, self.y + 1)

    def up(self):
        if self.y == self.top:
            self.scroll(-1)
        else:
            self.y = max(0, self.y - 1)

    def scroll(self, n, top=None):
        """Moves lines up by n, down when n is negative; blank ones come in."""
        top = self.top if top is None else top
        for _ in range(min(abs(n), self.bottom - top + 1)):
            gone, new = (top, self.bottom) if n > 0 else (self.bottom, top)
            del self.cells[gone]
            self.cells.insert(new, [" "] * self.width)

    def clear(self, y, start, end):
        for x in range(max(0, start), min(self.width, end)):
            self.cells[y][x] = " "

    def control(self, final, args):
        n = max(1, args[0])
        second = max(1, args[1]) if len(args) > 1 else 1
        row, x = self.cells[self.y], self.x
        if final in "Hf":
            self.y, self.x = n - 1, second - 1
        elif final in "GC`D":
            self.x = {"G": n - 1, "`": n - 1, "C": x + n, "D": x - n}[final]
        elif final in "dABEF":
            self.y = {"d": n - 1, "A": self.y - n, "F": self.y - n, "B": self.y + n, "E": self.y + n}[final]
            self.x = 0 if final in "EF" else x
        elif final == "X":
            self.clear(self.y, x, x + n)
        elif final == "K":
            self.clear(self.y, 0 if args[0] else x, x + 1 if args[0] == 1 else self.width)
        elif final == "J":
            self.clear(self.y, 0 if args[0] else x, self.width)
            for y in range(0 if args[0] else self.y + 1, self.height):
                self.clear(y, 0, self.width)
        elif final == "P":
            self.cells[self.y] = (row[:x] + row[x + n:] + [" "] * n)[:self.width]
        elif final == "@":
            self.cells[self.y] = (row[:x] + [" "] * n + row[x:])[:self.width]
        elif final in "LM":
            self.scroll(n if final == "M" else -n, self.y)
        elif final in "ST":
            self.scroll(n if final == "S" else -n)
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "r":
            self.top, self.bottom = n - 1, (args[1] if len(args) > 1 and args[1] else self.height) - 1
            self.x = self.y = 0
        self.x = max(0, min(self.x, self.width))
        self.y = max(0, min(self.y, self.height - 1))


class Terminal:
    """A program that runs on a terminal of its own."""

    def __init__(self, args, width=100, height=30, cwd=None, env=None):
        self.screen = Screen(width, height)
        self.pieces = []  # (when, bytes), appended by the reader
        self.seen = 0  # of them, on the screen
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
                os.chdir(cwd or ".")
                os.execve(args[0], args, os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | (env or {}))
            finally:
                os._exit(127)
        self.usage = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.pieces.append((time.perf_counter(), data))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the program. usage holds what the kernel counted for it."""
        if self.usage is None:
            os.kill(self.pid, signal.SIGKILL)
            _, _, self.usage = os.wait4(self.pid, 0)
            self.reader.join(5)
            os.close(self.fd)

    def send(self, keys):
        """Presses keys; returns when."""
        at = time.perf_counter()
        os.write(self.fd, keys.encode())
        return at

    def wait(self, what, timeout=20):
        """Waits until a text, or what a function of the screen's text looks for, is on the screen.
        Returns the time of the piece that brought it."""
        ok = what if callable(what) else lambda text: what in text
        end, at = time.perf_counter() + timeout, time.perf_counter()
        if ok(self.text()):
            return at
        while time.perf_counter() < end:
            while self.seen < len(self.pieces):
                at, data = self.pieces[self.seen]
                self.seen += 1
                self.screen.feed(data)
                if ok(self.screen.text()):
                    return at
            select.select([], [], [], 0.0005)
        raise common.Failed(f"the screen did not show {what!r}:\n{self.screen.text()}")

    def text(self):
        """The screen with everything on it that came until now."""
        while self.seen < len(self.pieces):
            self.screen.feed(self.pieces[self.seen][1])
            self.seen += 1
        return self.screen.text()

    def sent(self):
        """Bytes that the program wrote."""
        return sum(len(d) for _, d in self.pieces)

    def keys_mode(self):
        """Leaves the editor's insert mode, in which a new program starts."""
        self.wait("vim INSERT")
        self.send("\x1b")
        self.wait("vim NORMAL")


def cpu_seconds(pid):
    """CPU time of the threads of a process, in s, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except OSError:
            pass  # the thread has ended
    return total / 1e9
