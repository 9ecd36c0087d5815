"""A PySpark program in a process of its own, talked to by its standard input and output."""

import os
import queue
import subprocess
import sys
import threading


class Script:
    """Runs `text` with SPARK_REMOTE set; use it in a `with` statement. What it prints comes out of
    read(), a line each; what it reads with input() goes in by say()."""

    def __init__(self, text, url, env=None):
        # SPARK_HOME and friends of this process are not the program's business.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK")}
        environment |= {"SPARK_REMOTE": url, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", text], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._lines = queue.Queue()
        self._errors = []
        self._readers = [threading.Thread(target=self._read_lines, daemon=True),
                         threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self._readers:
            reader.start()

    def read(self, seconds=90):
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"it printed nothing for {seconds} s; {self.errors()}") from None
        assert line is not None, f"it ended: {self.errors()}"
        return line

    def say(self, line=""):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def finish(self, seconds=60):
        """Its exit status."""
        status = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(seconds)
        return status

    def errors(self):
        return "".join(self._errors)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self.finish()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            pipe.close()

    def _read_lines(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self):
        for line in self._process.stderr:
            self._errors.append(line)
