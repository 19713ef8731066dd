"""A real service: `tunebench serve` as a process of its own, asked over a real socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import httpx


class Server:
    """`tunebench serve` on a free port; `url` is its address."""

    def __init__(self, *arguments: str, home: Path, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tunebench", "serve", *arguments, "--port", "0"],
            env=os.environ | {"TUNEBENCH_HOME": str(home)} | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.url = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.match(r"(http://\S+)", line):
                self.url = found[1]
                break
        assert self.url, "".join(self.lines)
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self._reader.start()
        self.client = httpx.Client(base_url=self.url, timeout=60)

    @property
    def said(self) -> str:
        """All it wrote, once it has ended."""
        self._reader.join(10)
        return "".join(self.lines)

    def end(self, how: int = signal.SIGTERM) -> int:
        """Send a signal, and wait for the end."""
        self.process.send_signal(how)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
