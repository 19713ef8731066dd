"""A bundle in an environment that has onnxruntime, numpy and soundfile alone, by the README's script."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import tunebench

ROOT = Path(tunebench.__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (found,) = [block for block in blocks if "onnxruntime" in block]
    assert found.count("\n") <= 40
    path = tmp_path_factory.mktemp("script") / "classify.py"
    path.write_text(found)
    return path


@pytest.fixture(scope="module")
def empty_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pinned = ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *pinned, "onnxruntime", "numpy", "soundfile"],
        check=True, capture_output=True,
    )  # fmt: skip
    return python


def test_script_gives_the_same_answers(script, empty_python, onnx_bundle, predictor, clip):
    reference = json.loads((onnx_bundle / "reference" / "expected.json").read_text())
    said = predictor.predict(clip)
    expected = {onnx_bundle / "reference" / name: answer for name, answer in reference.items()}
    expected[clip] = dict(zip(said.classes, said.probabilities.tolist(), strict=True))
    for file, answer in expected.items():
        command = [empty_python, script, onnx_bundle, file]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        found = {name: float(p) for name, p in (line.rsplit(" ", 1) for line in lines)}
        assert found == pytest.approx(answer, abs=1.1e-4)
        assert next(iter(found)) == max(answer, key=lambda name: answer[name])
    packages = subprocess.run(
        [empty_python, "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
    ).stdout
    assert not {"tunebench", "tensorflow", "keras"} & {row["name"] for row in json.loads(packages)}


def test_service_runs_on_the_short_list_of_packages(empty_python, onnx_bundle, clip, tmp_path):
    """What the Dockerfile installs: no TensorFlow."""
    install = [empty_python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run(
        [*install, "--requirement", str(ROOT / "requirements-serve.txt")], check=True, capture_output=True
    )
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from tunebench.cli.main import run\n"
        f"sys.argv = ['tunebench', 'predict', {str(onnx_bundle)!r}, {str(clip)!r}]\n"
        "import tunebench.serving.http, tunebench.serving.server, tunebench.app.serve\n"
        "run()\n"
    )
    done = subprocess.run(
        [empty_python, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "high" in done.stdout
    assert sys.executable != str(empty_python)
