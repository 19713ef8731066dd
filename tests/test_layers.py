"""Who may import whom: the order of the folders, and what a light command must not load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tunebench

ROOT = Path(tunebench.__file__).parent

ROWS = (
    ("errors", "seeding", "paths"),
    ("cores", "memory", "optional", "quiet"),
    ("catalog",),
    ("space",),
    ("audio",),
    ("trial", "metrics", "features"),
    ("frontends", "backbones", "augmentations", "estimators"),
    ("training",),
    ("export",),
    ("search",),
    ("executors", "tracking"),
    ("evaluation",),
    ("serving",),
    ("app",),
    ("cli",),
    ("__init__", "__main__"),
)
"""Lowest first. What stands on one row does not import its neighbours."""

ROW_OF = {name: number for number, row in enumerate(ROWS) for name in row}

HEAVY = (
    "tensorflow",
    "keras",
    "keras_tuner",
    "mlflow",
    "optuna",
    "librosa",
    "sklearn",
    "matplotlib",
    "torch",
    "ray",
)
"""Packages that take seconds to import."""

AT_HOME = {
    "keras_tuner": {"space/keras_tuner.py", "search/oracle.py", "search/hyperband.py", "search/asha.py"},
    "mlflow": {"tracking"},
    "optuna": {"search/tpe.py", "search/optuna_space.py", "evaluation/study.py"},
    "typer": {"cli"},
    "rich": {"cli"},
    "fastapi": {"serving/http.py", "serving/routes.py", "serving/server.py"},
    "uvicorn": {"serving/server.py"},
    "onnxruntime": {"export/forms.py"},
    "tensorflow": {
        "frontends",
        "backbones",
        "augmentations",
        "training",
        "export",
        "serving",
        "app",
        "audio/tfio.py",
        "quiet.py",
        "tracking/pyfunc_model.py",
    },
}
"""Where a package may be imported at all: folders and files."""


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    """The row's entry that a file belongs to: its folder, or its own name at the top."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path: Path) -> Iterator[str]:
    """Full names of all that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inner(path: Path) -> Iterator[str]:
    """Entries of `ROWS` that a file imports from; the bare package, for its version, is none."""
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "tunebench" and len(parts) > 1 and parts[1] != "__version__":
            yield parts[1]


def test_every_module_stands_in_a_row() -> None:
    assert {part_of(path) for path in modules()} <= ROW_OF.keys()


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_come_from_below(path: Path) -> None:
    mine = part_of(path)
    for other in inner(path):
        assert other == mine or ROW_OF[other] < ROW_OF[mine], f"{path}: {mine} imports {other}"


@pytest.mark.parametrize("package", AT_HOME)
def test_packages_stay_at_home(package: str) -> None:
    users = {path for path in modules() if package in {name.split(".")[0] for name in imported(path)}}
    strangers = {
        path.relative_to(ROOT).as_posix()
        for path in users
        if not {part_of(path), path.relative_to(ROOT).as_posix()} & AT_HOME[package]
    }
    assert not strangers
    assert users, f"nobody imports {package}: take it out of the table"


def test_the_space_imports_keras_tuner_late() -> None:
    tree = ast.parse((ROOT / "space" / "keras_tuner.py").read_text(encoding="utf-8"))
    at_once = [
        node
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and "keras" in ast.dump(node)
    ]
    assert not at_once


LIGHT = {
    "the package": ("import tunebench; code = 0", 0),
    "the command line": ("import tunebench.cli.main; code = 0", 0),
    "help": ("code = invoke('--help')", 0),
    "validate": ("code = invoke('validate', FILE)", 0),
    "plan": ("code = invoke('plan', FILE)", 0),
    "schema": ("code = invoke('schema')", 0),
    "search without data": ("code = invoke('search', FILE)", 2),
    "trials of no search": ("code = invoke('trials', 'nothing')", 2),
    "prediction without a model": ("code = invoke('predict', 'nothing', 'a.wav')", 2),
}

SCRIPT = """
import json, sys
FILE = {file!r}
def invoke(*arguments):
    from tunebench.cli.main import run
    sys.argv = ["tunebench", *arguments]
    try:
        run()
    except SystemExit as end:
        return end.code
{code}
print()
print(json.dumps([code, [name for name in {heavy!r} if name in sys.modules]]))
"""


@pytest.mark.parametrize(("code", "exit_code"), LIGHT.values(), ids=LIGHT.keys())
def test_light_commands_load_nothing_heavy(code: str, exit_code: int, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(
        "name: light\ndata: {root: ., split: {by: track}}\n"
        "space: {spectrogram: mel, backbone: {choice: {cnn: {}, mobilenetv2: {}}}}\n"
    )
    script = SCRIPT.format(file=str(file), code=code, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [exit_code, []]
