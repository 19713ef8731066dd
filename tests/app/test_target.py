"""A search whose candidates are exported and measured before they are trained."""

from __future__ import annotations

import csv
import json

import pytest
from tests.program import Program

pytestmark = pytest.mark.slow

SPACE = """
name: phone
data: {{root: {root},
       group: {{pattern: '^(?P<group>.*)-'}}, sample_rate: 8000, segment: {{seconds: 0.6}},
       split: {{by: group, validation: 0.25, test: 0.25, seed: 1}}}}
space:
  spectrogram: {{choice: {{mel: {{n_fft: 512, hop_length: 256, n_mels: 32}}}}}}
  backbone: {{choice: {{cnn: {{filters: {{choice: [4, 64]}}, blocks: 2}}, dummy: {{}}}}}}
  image_size: 32
  learning_rate: 1e-3
  dropout: {{float: [0.0, 0.5]}}
training: {{batch_size: 8}}
search: {{algorithm: random, max_trials: 3, max_epochs: 1, seed: 3}}
winner: {{finalists: 1, repeats: 1}}
target: {{format: litert, max_size_mb: 0.3}}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory, tiny_corpus):
    program = Program(tmp_path_factory.mktemp("phone"))
    (program.home / "phone.yaml").write_text(SPACE.format(root=tiny_corpus))
    ended = program.run("search", "phone.yaml")
    assert ended.returncode == 0, ended.stderr
    return program


def test_candidates_beyond_the_target_are_never_trained(searched):
    measured = {event["key"]: event for event in searched.journal("phone") if event["event"] == "target"}
    assert len(measured) == 2  # two nets, each exported once
    assert sorted(event["size_mb"] < 0.3 for event in measured.values()) == [False, True]
    assert all(event["latency_ms"] > 0 for event in measured.values())
    with (searched.folder("phone") / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["p.backbone"] for row in rows} == {"cnn"}  # a dummy has no LiteRT form
    assert {row["p.backbone.cnn.filters"] for row in rows} == {"4"}


def test_the_winner_is_exported_for_the_target(searched):
    summary = searched.summary("phone")
    target = summary["target"]
    assert target["format"] == "litert"
    assert target["size_mb"] < 0.3
    folder = searched.folder("phone") / target["folder"]
    assert (folder / "model.tflite").stat().st_size == pytest.approx(target["size_mb"] * 1e6, abs=500)
    assert "litert" in json.loads((folder / "tunebench.json").read_text())["parity"]
    said = searched.run("predict", folder, folder / "reference" / "clip-1.wav", "--json")
    expected = json.loads((folder / "reference" / "expected.json").read_text())["clip-1.wav"]
    assert json.loads(said.stdout)["probabilities"] == pytest.approx(expected, abs=1e-4)


def test_the_pareto_front_is_of_the_exported_form(searched):
    """Its size is the file's, with the front-end in it, and not that of the weights."""
    sizes = {event["size_mb"] for event in searched.journal("phone") if event["event"] == "target"}
    front = searched.summary("phone")["search"]["pareto"]
    assert front
    assert {row["size_mb"] for row in front} <= sizes


def test_the_same_command_answers_again_without_measuring(searched):
    before = len(searched.journal("phone"))
    assert searched.run("search", "phone.yaml").returncode == 0
    assert len(searched.journal("phone")) == before


def test_nothing_within_the_target_is_said(searched, tiny_corpus):
    text = SPACE.format(root=tiny_corpus).replace("0.3", "0.001").replace("name: phone", "name: none")
    (searched.home / "none.yaml").write_text(text)
    ended = searched.run("search", "none.yaml")
    assert ended.returncode == 2
    assert "above target.max_size_mb 0.001" in " ".join(ended.stderr.split())
