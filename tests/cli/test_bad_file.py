"""A wrong file or option: where, what, and what to write instead; exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Refused = Callable[..., str]

FILES = {
    "malformed": (("name: tiny", "name: [tiny"), ":2:5: is not valid YAML", "expected"),
    "tab": (("  root:", "\troot:"), ":3:1:", "space"),
    "key twice": (("name: tiny", "name: tiny\nname: other"), ":2:1:", "twice"),
    "misspelt section": (("training:", "trainig:"), ":15:1: trainig:", "write training"),
    "misspelt key": (("sample_rate", "samplerate"), ":5:3: data.samplerate:", "write sample_rate"),
    "misspelt parameter": (("dense_units", "dens_units"), "space.dens_units:", "write dense_units"),
    "misspelt option": (("{mel:", "{mell:"), "space.spectrogram.choice.mell:", "write mel"),
    "wrong type": (("sample_rate: 8000", "sample_rate: fast"), ":5:16: data.sample_rate:", "write 16000"),
    "wrong list": (("seconds: 0.6", "seconds: [0.6]"), "data.segment.seconds:", "write 5.0"),
    "empty range": (("[0.0, 0.3]", "[0.3, 0.0]"), "space.dropout.float:", "write [0.0, 0.3]"),
    "empty choice": (("[256, 512]", "[]"), "n_fft.choice:", "write"),
    "nothing to train on": (("test: 0.25", "test: 0.75"), "data.split.test:", "below 1"),
    "weights of nobody": (
        ("{cnn: {filters: 4, blocks: 2}}", "{mobilenetv2: {weights: nowhere.h5}}"),
        "weights:",
        "nowhere.h5",
    ),
}


@pytest.mark.parametrize(("change", "where", "remedy"), FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("command", ["validate", "search"])
def test_wrong_file(
    refused: Refused, write_space: Callable, command: str, change: tuple[str, str], where: str, remedy: str
) -> None:
    path = write_space(change)
    message = refused(command, path)
    assert f"{path}:" in message
    assert where in message
    assert remedy in message


def test_absent_file(refused: Refused) -> None:
    assert "no.yaml: cannot be read: No such file" in refused("search", "no.yaml")


def test_a_folder_for_a_file(refused: Refused, home: Path) -> None:
    assert "cannot be read: Is a directory" in refused("validate", home)


@pytest.mark.parametrize("command", ["validate", "plan", "search"])
def test_space_without_a_feasible_point(refused: Refused, write_space: Callable, command: str) -> None:
    message = refused(command, write_space(("hop_length: 128", "hop_length: 1024")))
    assert "hop_length 1024 is larger than n_fft" in message


SETTINGS = {
    "no value": ("training.batch_size", "training.batch_size"),
    "misspelt": ("training.batchsize=16", "batch_size"),
    "wrong type": ("training.batch_size=many", "training.batch_size"),
    "no section": ("training.batch_size.x=3", "training.batch_size"),
    "malformed": ("training.batch_size=[", "training.batch_size"),
    "empty": ("", "--set"),
}


@pytest.mark.parametrize(("setting", "named"), SETTINGS.values(), ids=SETTINGS.keys())
def test_wrong_setting(refused: Refused, write_space: Callable, setting: str, named: str) -> None:
    message = refused("validate", write_space(), "--set", setting)
    assert "--set" in message
    assert named in message


@pytest.mark.parametrize("name", ["../up", "", "a b", ".hidden"])
def test_wrong_name(refused: Refused, write_space: Callable, name: str) -> None:
    message = refused("search", write_space(), "--name", name)
    assert f"--name {name}: name: names a folder" in message
    assert "write my-search" in message


OPTIONS = {
    "unknown option": (("search", "--fersh", "x.yaml"), "--fresh"),
    "unknown command": (("serch", "x.yaml"), "search"),
    "no argument": (("search",), "SPACE.yaml"),
    "too many arguments": (("validate", "a.yaml", "b.yaml"), "b.yaml"),
    "no number": (("search", "x.yaml", "--max-trials", "few"), "--max-trials"),
    "number out of range": (("search", "x.yaml", "--max-trials", "0"), "--max-trials"),
}


@pytest.mark.parametrize(("arguments", "named"), OPTIONS.values(), ids=OPTIONS.keys())
def test_wrong_options(refused: Refused, arguments: tuple[str, ...], named: str) -> None:
    assert named in refused(*arguments)


@pytest.mark.parametrize(
    "arguments", [("trials", "ghost"), ("predict", "ghost", "a.wav"), ("export", "ghost", "--out", "x")]
)
def test_unknown_search(refused: Refused, home: Path, arguments: tuple[str, ...]) -> None:
    assert "There is none yet: run `tunebench search" in refused(*arguments)
    folder = home / "experiments" / "known"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").touch()
    assert "There are: known." in refused(*arguments)


def test_a_search_without_a_winner_yet(refused: Refused, home: Path) -> None:
    folder = home / "experiments" / "begun"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").touch()
    assert "has no winner yet" in refused("predict", "begun", "a.wav")


def test_a_folder_that_is_no_bundle(refused: Refused, home: Path) -> None:
    assert "tunebench.json" in refused("predict", home, "a.wav")


def test_debug_shows_the_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebench.cli import main
    from tunebench.errors import SpaceError

    monkeypatch.setattr("sys.argv", ["tunebench", "--debug", "validate", "no.yaml"])
    with pytest.raises(SpaceError):
        main.run()
