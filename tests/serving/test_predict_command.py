"""`tunebench predict` on an ONNX bundle: files, folders, pipes, and what it writes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from tests.serving.conftest import music
from typer.testing import CliRunner

from tunebench.cli.main import app
from tunebench.serving.predictor import Predictor

pytestmark = pytest.mark.slow


@pytest.fixture
def ask(onnx_bundle):
    def run(*arguments, stdin=b"", model=onnx_bundle):
        return CliRunner().invoke(app, ["predict", str(model), *map(str, arguments)], input=stdin)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("music")
    (root / "deep").mkdir()
    soundfile.write(root / "high.wav", music(1.3, 8_000, 1_300.0), 8_000)
    soundfile.write(root / "deep" / "low.flac", music(0.5, 44_100, 170.0), 44_100)
    (root / "notes.txt").write_text("no audio")
    return root


def test_folder_with_json_lines(ask, folder):
    done = ask(folder, "--json", "--windows")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["path"].rpartition("/")[2], row["label"]) for row in rows] == [
        ("low.flac", "low"), ("high.wav", "high"),
    ]  # fmt: skip
    assert len(rows[1]["windows"]) == 4
    assert rows[1]["confidence"] == max(rows[1]["probabilities"].values())


def test_csv(ask, folder):
    rows = list(csv.DictReader(io.StringIO(ask(folder, "--csv").stdout)))
    assert list(rows[0]) == ["path", "start_s", "label", "unsure", "high", "low"]
    assert [row["label"] for row in rows] == ["low", "high"]
    assert float(rows[0]["high"]) + float(rows[0]["low"]) == pytest.approx(1.0, abs=1e-5)
    windows = list(csv.DictReader(io.StringIO(ask(folder / "high.wav", "--csv", "--windows").stdout)))
    assert [float(row["start_s"]) for row in windows] == pytest.approx([0.0, 0.3, 0.6, 0.9])


def test_unsure_below_a_threshold(ask, folder):
    assert (
        ask(folder / "high.wav", "--unsure-below", "1.0").stdout.split(": ")[1].startswith("not sure (high ")
    )
    assert ask(folder / "high.wav", "--unsure-below", "0").stdout.split(": ")[1].startswith("high ")


def test_whole_file_through_a_pipe(ask, folder):
    content = (folder / "deep" / "low.flac").read_bytes()
    piped = json.loads(ask("-", "--json", stdin=content).stdout)
    named = json.loads(ask(folder / "deep" / "low.flac", "--json").stdout)
    assert piped == named | {"path": "-"}


def test_live_samples_are_answered_before_the_pipe_ends(onnx_bundle):
    samples = (music(1.2, 8_000, 1_300.0)[:, 0] * 32767).astype("<i2")
    command = [sys.executable, "-m", "tunebench", "predict", str(onnx_bundle), "-", "--stream", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(samples[:4_100].tobytes())
        process.stdin.flush()
        first = json.loads(process.stdout.readline())  # while the pipe is open
        process.stdin.write(samples[4_100:].tobytes())
        process.stdin.close()
        rest = [json.loads(line) for line in process.stdout]
    assert [row["start_s"] for row in (first, *rest)] == pytest.approx([0.0, 0.3, 0.6])
    whole = Predictor.load(onnx_bundle).classify(samples.astype(np.int16))
    assert first["probabilities"]["high"] == pytest.approx(float(whole.windows[0, 0]), abs=1e-6)


def test_less_than_a_window_is_answered_once(ask):
    samples = (music(0.2, 8_000, 1_300.0)[:, 0] * 32767).astype("<i2")
    assert len(ask("-", "--stream", stdin=samples.tobytes()).stdout.splitlines()) == 1
    assert ask("-", "--stream", stdin=b"").stdout == ""


def test_plot(ask, folder, tmp_path):
    assert ask(folder / "high.wav", "--plot", tmp_path / "plots").exit_code == 0
    assert (tmp_path / "plots" / "high.wav.png").read_bytes().startswith(b"\x89PNG")


def test_embeddings(ask, folder, predictor, tmp_path):
    done = ask(folder, "--embeddings", tmp_path / "e.npz", model=predictor.bundle.folder)
    assert done.exit_code == 0
    with np.load(tmp_path / "e.npz") as held:
        assert [path.rpartition("/")[2] for path in held["paths"]] == ["low.flac", "high.wav"]
        assert held["embeddings"].shape[0] == 2
        assert not np.array_equal(*held["embeddings"])


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["a.wav", "--json", "--csv"], "one of the two"),
        (["a.wav", "--stream"], "write - in the place"),
        (["{empty}"], "holds no audio file"),
        (["a.wav", "--form", "keras"], "holds no keras"),
        (["a.wav", "--embeddings", "e.npz"], "exported with --format keras"),
    ],
)
def test_wrong_calls_say_what_to_write(onnx_bundle, tmp_path, arguments, part):
    given = [argument.format(empty=tmp_path) for argument in arguments]
    command = [sys.executable, "-m", "tunebench", "predict", str(onnx_bundle), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert part in " ".join(done.stderr.split())


def test_answers_within_two_seconds_of_its_start(onnx_bundle, folder):
    """The best of three: other tests run beside it."""
    command = [sys.executable, "-m", "tunebench", "predict", str(onnx_bundle), str(folder / "high.wav")]
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        assert b"high" in subprocess.run(command, capture_output=True, check=True).stdout
        times.append(time.perf_counter() - begun)
    assert min(times) < 2.0
