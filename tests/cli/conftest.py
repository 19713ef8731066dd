"""The command line in this process: fast, and with all that a user sees."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tunebench.cli import main


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and the home of all that is written."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("TUNEBENCH_HOME", "TUNEBENCH_STORE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def invoke(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Call `tunebench` with arguments, in `home`."""
    for name, value in main.ENVIRONMENT.items():  # or the call would leave it behind
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["tunebench", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main.run()
        said = capfd.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def refused(invoke: Invoke) -> Callable[..., str]:
    """Call `tunebench` with something wrong; gives the message, which is no traceback."""

    def call(*arguments: str | Path, code: int = 2) -> str:
        said = invoke(*arguments)
        assert said.code == code, said
        assert "Traceback" not in said.out + said.err
        return said.err

    return call
