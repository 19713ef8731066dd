"""Loading, defaults, overrides, paths, writing and the digest."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tunebench.errors import SpaceError
from tunebench.space import load
from tunebench.space.parameters import Choice, Fixed, FloatRange, IntRange
from tunebench.space.sections import SplitLists


def test_example(load_text: Callable, example: str, tmp_path: Path) -> None:
    experiment = load_text(example)
    assert experiment.name == "esc10-quick"
    assert experiment.data.root == tmp_path / "data/esc10"
    assert experiment.data.split.seed == 7
    assert experiment.training.early_stopping is not None
    assert experiment.training.early_stopping.patience == 6
    parameters = experiment.space.parameters
    assert parameters["learning_rate"] == FloatRange(1e-5, 1e-2, log=True)
    assert parameters["dense_units"] == Choice((64, 128, 256))
    assert parameters["image_size"] == Fixed(96)
    spectrogram = parameters["spectrogram"]
    assert isinstance(spectrogram, Choice)
    assert spectrogram.options == ("mel", "stft", "multi_stft", "mfcc")
    assert spectrogram.children["mel"]["n_mels"] == IntRange(48, 128, 16)
    assert spectrogram.children["mfcc"]["hop_length"] == Fixed(512)
    assert spectrogram.children["mfcc"]["fmax"] == Fixed(None)


def test_defaults(load_text: Callable, short: str) -> None:
    experiment = load_text(short + "training:\nsearch: {}\n")
    assert experiment.data.sample_rate == 16_000
    assert experiment.data.segment.seconds == experiment.data.segment.hop == 5.0
    assert experiment.data.split.validation == experiment.data.split.test == 0.2
    assert experiment.training.batch_size == 32
    assert experiment.search.max_epochs == 27
    assert experiment.winner.finalists == experiment.winner.repeats == 3


def test_hop_is_the_segment_where_not_given(load_text: Callable, short: str) -> None:
    assert load_text(short, "data.segment={seconds: 3}").data.segment.hop == 3.0


@pytest.mark.parametrize(
    "spectrogram",
    ["mel", "{choice: [mel]}", "{choice: {mel: {}}}", "{choice: {mel: }}", "{choice: {mel: {n_fft: 2048}}}"],
)
def test_one_choice_in_all_its_forms(load_text: Callable, short: str, spectrogram: str) -> None:
    assert load_text(short.replace("mel", spectrogram)) == load_text(short)


def test_whole_numbers_are_floats_where_the_catalog_has_floats(load_text: Callable, short: str) -> None:
    experiment = load_text(
        short, "space.dropout={choice: [0, 0.5]}", "space.weight_decay=0", "data.segment.seconds=4"
    )
    assert [type(value) for value in experiment.space.parameters["dropout"].values()] == [float, float]
    assert type(experiment.space.parameters["weight_decay"].values()[0]) is float
    assert type(experiment.data.segment.seconds) is float


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainin.batch_size=8", 'trainin: is an unknown key; received "trainin"; write training instead'),
        (
            "training.batch_siz=8",
            'training.batch_siz: is an unknown key; received "batch_siz"; write batch_size instead',
        ),
        ("search.seed=no", 'search.seed: must be a whole number; received "no"; write 7 instead'),
        (
            "space.backbone.choice.cnn.filters={choice: [8, 0]}",
            "space.backbone.choice.cnn.filters.choice[1]: must be",
        ),
        ("space.learning_rate=[1", "is not valid YAML"),
        ("name.x=2", "name: is no mapping in the file, so no key can be set in it"),
        ("batch", "must be path.to.key=value; received 'batch'"),
        ("a..b=2", "must be path.to.key=value; received 'a..b=2'"),
        ("=2", "must be path.to.key=value; received '=2'"),
    ],
)
def test_override_faults_name_the_override(
    load_text: Callable, example: str, override: str, message: str
) -> None:
    with pytest.raises(SpaceError) as error:
        load_text(example, override)
    assert str(error.value).startswith(f"--set {override}: {message}")


def test_overrides(load_text: Callable, short: str) -> None:
    experiment = load_text(
        short,
        "training.batch_size=8",
        "training.early_stopping.patience=2",
        "space.learning_rate=1e-2",
        "space.dropout={float: [0, 0.5]}",
        "space.backbone={choice: {cnn: {filters: {choice: [8, 16]}}}}",
        "space.backbone.choice.cnn.blocks=2",
        "training.batch_size=4",
    )
    assert experiment.training.batch_size == 4
    assert experiment.training.early_stopping is not None
    assert experiment.training.early_stopping.patience == 2
    assert experiment.space.parameters["learning_rate"] == Fixed(0.01)
    assert experiment.space.parameters["dropout"] == FloatRange(0.0, 0.5)
    backbone = experiment.space.parameters["backbone"]
    assert isinstance(backbone, Choice)
    assert backbone.children["cnn"]["blocks"] == Fixed(2)


def test_override_mends_what_the_file_has_wrong(load_text: Callable, short: str) -> None:
    assert load_text(short + "training: {batch_size: x}\n", "training.batch_size=8").training.batch_size == 8


def test_paths_of_the_command_line_are_relative_to_the_current_folder(
    load_text: Callable, short: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_text(short).data.root == tmp_path / "audio"
    assert load_text(short, "data.root=corpus").data.root == elsewhere / "corpus"
    assert load_text(short, "data.root=corpus", data_root=Path("other")).data.root == elsewhere / "other"
    without_root = short.replace("root: audio, ", "")
    assert load_text(without_root, data_root=Path("other")).data.root == elsewhere / "other"
    with pytest.raises(SpaceError, match=re.escape("data.root: is required")):
        load_text(without_root)


def test_manifest_is_below_the_root_or_else_beside_the_file(
    load_text: Callable, short: str, tmp_path: Path
) -> None:
    text = short.replace("root: audio", "root: audio, manifest: tracks.csv")
    assert load_text(text).data.manifest == "tracks.csv"
    (tmp_path / "tracks.csv").touch()
    assert load_text(text).data.manifest == str(tmp_path / "tracks.csv")
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/tracks.csv").touch()
    assert load_text(text).data.manifest == "tracks.csv"


def test_lists_and_groups_are_made_absolute(load_text: Callable, short: str, tmp_path: Path) -> None:
    split = "{by: column, lists: {train: a.txt, validation: lists/b.txt}}, group: {file: artists.csv}"
    experiment = load_text(short.replace("{by: track}", split))
    lists = experiment.data.split.lists
    assert lists == SplitLists(train=tmp_path / "a.txt", validation=tmp_path / "lists/b.txt", test=None)
    assert experiment.data.group is not None
    assert experiment.data.group.file == tmp_path / "artists.csv"
    assert "validation" not in experiment.resolved()["data"]["split"]
    shipped = load_text(short.replace("{by: track}", "{by: column, lists: gtzan_stratified}"))
    assert shipped.data.split.lists == "gtzan_stratified"


def test_weights_file_is_made_absolute(load_text: Callable, short: str, tmp_path: Path) -> None:
    (tmp_path / "my.weights.h5").touch()
    text = short.replace("backbone: cnn", "backbone: {choice: {resnet50: {weights: my.weights.h5}}}")
    backbone = load_text(text).space.parameters["backbone"]
    assert isinstance(backbone, Choice)
    assert backbone.children["resnet50"]["weights"] == Fixed(str(tmp_path / "my.weights.h5"))


@pytest.mark.parametrize(
    "split",
    [
        "{by: fold, validation: [4], test: [5]}",
        "{by: fold, validation: [1, 2], test: []}",
        "{by: segment, test: 0}",
        "{by: column}",
        "{by: column, lists: gtzan_stratified}",
        "{by: column, lists: {train: a, validation: b, test: c}}",
    ],
)
def test_written_file_is_read_back(load_text: Callable, example: str, split: str) -> None:
    text = example.replace("{by: group, validation: 0.2, test: 0.2, seed: 7}", split)
    text = text.replace("  sample_rate", "  trim: {seconds: 30, from: middle}\n  sample_rate")
    experiment = load_text(text)
    again = load_text(experiment.to_yaml())
    assert again == experiment
    assert again.digest() == experiment.digest()
    assert again.to_yaml() == experiment.to_yaml()


@pytest.mark.parametrize(
    "keys",
    [
        "manifest: m.csv, columns: {path: file, fold: cv}, where: {set: [small, '1'], take: A}, audio: wav",
        "manifest: m.csv, where: {fold: 3}",
        "label: {pattern: '(?P<label>.)_'}, audio: wav/mono",
    ],
)
def test_the_layout_of_a_data_set_is_read_back(load_text: Callable, short: str, keys: str) -> None:
    experiment = load_text(short.replace("root: audio", f"root: audio, {keys}"))
    again = load_text(experiment.to_yaml())
    assert again == experiment
    assert again.digest() == experiment.digest() != load_text(short).digest()


def test_digest_is_of_the_meaning_alone(load_text: Callable, example: str, tmp_path: Path) -> None:
    digest = load_text(example).digest()
    assert load_text("# a comment\n" + example, data_root=tmp_path / "moved").digest() == digest
    keys_moved = example.replace("      cnn: {}\n", "").replace(
        "trainable: {choice: [all, top]}}\n", "trainable: {choice: [all, top]}}\n      cnn: {}\n"
    )
    assert keys_moved != example
    assert load_text(keys_moved) == load_text(example)
    assert load_text(keys_moved).digest() == digest
    assert load_text(example, "training.class_weights=none").digest() == digest
    for change in ("search.seed=8", "space.dropout=0.1", "data.segment.hop=2", "name=other"):
        assert load_text(example, change).digest() != digest


def test_digest_survives_a_move_of_the_whole_project(example: str, tmp_path: Path) -> None:
    digests: set[str] = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "tracks.csv").touch()
        path = folder / "space.yaml"
        path.write_text(example.replace("  group: {", "  manifest: tracks.csv\n  group: {"), encoding="utf-8")
        digests.add(load(path).digest())
    assert len(digests) == 1


def test_experiment_is_frozen(load_text: Callable, short: str) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_text(short).search.max_epochs = 3


@pytest.mark.parametrize("text", ["a\\0b", "x" * 5000, "~nobody-of-this-name/a", "\\ud800"])
def test_paths_that_can_be_none(load_text: Callable, short: str, text: str) -> None:
    split = f'{{by: column, lists: {{train: "{text}", validation: b}}}}, manifest: "{text}"'
    backbone = f'{{choice: {{resnet50: {{weights: "{text}"}}}}}}'
    with pytest.raises(SpaceError, match=r"space.yaml:\d:\d+: "):
        load_text(short.replace("{by: track}", split).replace("cnn", backbone))


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("demo", "65deb4519b0dc73406515c4e0db3d0b0d0750309ed7e6f74e8d9824cc0c931e4"),
        ("esc10", "f40f62862bc788f4c00180f632aa738f4720b9c0f0e5d93365c3576fb23b97ee"),
        ("gtzan", "cdf9e293588a62787d6f3f5d337f451918856dbfc295d3f908c3578453a3f88a"),
    ],
)
def test_searches_that_were_begun_before_a_key_came_go_on(name: str, digest: str) -> None:
    """A new key at its default must not change what a file was: see `_CAME_LATER`."""
    folder = Path(__file__).parents[2] / "search_spaces"
    assert load(folder / f"{name}.yaml").digest() == digest
    changed = load(folder / f"{name}.yaml", overrides=["space.augmentation={gain_db: 3}"])
    assert changed.digest() != digest
