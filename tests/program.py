"""The command line as a user runs it: a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READ_ONLY_BINDS = "import ctypes; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)"
"""Take from the process what lets root write to a read-only folder (CAP_DAC_OVERRIDE)."""

EXEC = "; import os, sys; os.execv(sys.executable, [sys.executable, '-m', 'tunebench', *sys.argv[1:]])"


def largest_file(size_bytes: int) -> str:
    """No file may grow beyond this size: as near to a full disk as one comes without mounting one."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size_bytes}, {size_bytes}))"


@dataclass(frozen=True)
class Program:
    """`python -m tunebench` with `home` as its current folder."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str | Path, before: str = "", timeout_s: float = 250
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; `before` are Python statements that prepare the process."""
        return subprocess.run(
            self._command(arguments, before), cwd=self.home, env=self._environment(), text=True,
            capture_output=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Begin, in a process group of its own; standard error is a pipe, standard output is dropped."""
        return subprocess.Popen(
            self._command(arguments, ""), cwd=self.home, env=self._environment(), text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def script(self, code: str, timeout_s: float = 250) -> subprocess.CompletedProcess[str]:
        """Run Python that uses the package."""
        return subprocess.run(
            [sys.executable, "-c", code], cwd=self.home, env=self._environment(), text=True,
            capture_output=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def folder(self, name: str) -> Path:
        """What a search of this name left behind."""
        return self.home / "experiments" / name

    def journal(self, name: str) -> list[dict[str, Any]]:
        """The events of a search's journal, as far as they are written whole."""
        file = self.folder(name) / "journal.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]

    def summary(self, name: str) -> dict[str, Any]:
        """A finished search's summary."""
        return json.loads((self.folder(name) / "summary.json").read_text())

    def _command(self, arguments: tuple[str | Path, ...], before: str) -> list[str]:
        how = ["-c", before + EXEC] if before else ["-m", "tunebench"]
        return [sys.executable, *how, *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "TUNEBENCH_", "TF_"))}
        return {**kept, "COLUMNS": "200", **self.environment}


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[str], *, at_most_s: float = 120
) -> None:
    """Wait for something that a running process will bring about.

    Raises:
        AssertionError: it ended before, or did not come to it.
    """
    end = time.monotonic() + at_most_s
    while not condition():
        if process.poll() is not None and not condition():
            said = process.stderr.read() if process.stderr else ""
            raise AssertionError(f"ended too early with {process.returncode}: {said}")
        assert time.monotonic() < end, f"not within {at_most_s} s"
        time.sleep(0.005)
