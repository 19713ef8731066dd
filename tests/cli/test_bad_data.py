"""Wrong data: a message that says which folder or file, and what to do; nothing is trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.audio.sounds import tone, write

from tunebench.backbones import weights

Refused = Callable[..., str]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two classes of four files, to be spoilt."""
    root = tmp_path / "audio"
    for label, hz in (("high", 1_800.0), ("low", 200.0)):
        for number in range(4):
            write(
                root / label / f"{label}-{number}.wav", tone(0.6, 8_000, hz=hz, noise=0.1, seed=number), 8_000
            )
    return root


@pytest.fixture
def rejected(refused: Refused, write_space: Callable, corpus: Path) -> Callable[..., str]:
    """The message of a search, and the same of a preparation, on the corpus as it is now."""

    def call(*arguments: str, root: Path = corpus) -> str:
        path = write_space(root=root)
        said = refused("search", path, *arguments)
        assert refused("data", "prepare", path, *arguments) == said or "split" in said
        return said

    return call


def test_absent_folder(rejected: Callable[..., str], tmp_path: Path) -> None:
    said = rejected(root=tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in said
    assert "--data" in said


def test_a_file_for_a_folder(rejected: Callable[..., str], corpus: Path) -> None:
    assert "high-0.wav" in rejected(root=corpus / "high" / "high-0.wav")


def test_no_class_folders(rejected: Callable[..., str], corpus: Path) -> None:
    shutil.rmtree(corpus)
    write(corpus / "a.wav", tone())
    assert "no class folders. Put each class's audio files in a folder of its own" in rejected()


def test_empty_class(rejected: Callable[..., str], corpus: Path) -> None:
    (corpus / "empty").mkdir()
    said = rejected()
    assert "no audio file in the class folder empty" in said
    assert "remove it" in said


def test_one_class_only(rejected: Callable[..., str], corpus: Path) -> None:
    shutil.rmtree(corpus / "low")
    said = rejected()
    assert "high" in said
    assert "class" in said


def test_a_class_that_empties_by_quarantine(rejected: Callable[..., str], corpus: Path) -> None:
    for file in (corpus / "low").iterdir():
        file.write_text("no audio at all\n" * 99)
    said = rejected()
    assert "class 'low' has no usable file: all 4 are quarantined. Replace the files" in said
    assert "low/low-0.wav: unreadable:" in said


def test_no_source_of_groups(refused: Refused, write_space: Callable, corpus: Path) -> None:
    path = write_space(("  group: {pattern: '^(?P<group>.*)-'}\n", ""), root=corpus)
    said = refused("search", path)
    assert "data.group" in said
    assert "pattern" in said


def test_faulty_manifest(refused: Refused, write_space: Callable, corpus: Path) -> None:
    (corpus / "tracks.csv").write_text("path,label\nhigh/high-0.wav,high\nlow/low-9.wav,low\n../x.wav,low\n")
    said = refused("search", write_space(), "--data", corpus, "--set", "data.manifest=tracks.csv")
    assert f"{corpus / 'tracks.csv'}:3: 'low/low-9.wav' is no file in {corpus}: correct the path" in said
    assert "tracks.csv:4: '../x.wav' leads out of data.root" in said


def test_absent_manifest(refused: Refused, write_space: Callable, corpus: Path) -> None:
    said = refused("data", "check", write_space(), "--data", corpus, "--set", "data.manifest=none.csv")
    assert str(corpus / "none.csv") in said


def test_the_audit_names_what_is_wrong(invoke: Callable, write_space: Callable, hostile_corpus: Path) -> None:
    said = invoke("data", "check", write_space(root=hostile_corpus))
    assert said.code == 0, said
    assert "middle/unreadable - text.wav: unreadable:" in said.out
    assert "middle/non-finite - NaN.wav: non-finite:" in said.out
    assert "leakage: none" in said.out


def test_validate_only_warns_of_absent_data(invoke: Callable, write_space: Callable, tmp_path: Path) -> None:
    said = invoke("validate", write_space(root=tmp_path / "nowhere"))
    assert said.code == 0
    assert f"warning: data.root: there is no folder {tmp_path / 'nowhere'}" in said.err


@pytest.mark.slow
def test_imagenet_weights_that_cannot_be_had(
    refused: Refused, write_space: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights.keras.utils, "get_file", _no_network)
    space = write_space(("{cnn: {filters: 4, blocks: 2}}", "{mobilenetv2: {weights: imagenet}}"))
    said = refused("search", space, "--set", "space.image_size=32")
    file = weights.IMAGENET["mobilenetv2"][1]
    assert f"not at {tmp_path / 'keras' / 'models' / file}" in said
    assert "Fetch https://" in said
    assert "weights: random" in said
    assert not (tmp_path / "home" / "experiments").exists()


def _no_network(*args: object, **kwargs: object) -> str:
    raise OSError("no route to host")
