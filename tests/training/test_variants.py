"""Variants of training tracks: who has them, when they are computed, and who hears them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.training.configurations import request, values

from tunebench.audio.corpus import Corpus
from tunebench.audio.store import Store
from tunebench.catalog.feasibility import reasons
from tunebench.catalog.variants import Variant, variants_of
from tunebench.errors import StorageError
from tunebench.space import load
from tunebench.space.sections import TrainingSection
from tunebench.training import variants as module
from tunebench.training.data import TrainingData
from tunebench.training.pipeline import Batches
from tunebench.training.trainer import Trainer
from tunebench.training.variants import Draws, variants_in, with_variants

ASKED = {"augmentation.pitch_shift": 1, "augmentation.time_stretch": 0.05}
VARIANTS = variants_of(ASKED)


@pytest.fixture
def bare(data: TrainingData, tmp_path: Path) -> TrainingData:
    """The tones in a store of their own, without variants."""
    store = Store(tmp_path / "store")
    for stored in data.corpus.tracks:
        store.write(stored.key, [data.corpus.store.read(stored.key)])
    return replace(data, corpus=replace(data.corpus, store=store), variants=())


def prepared(bare: TrainingData, variants: tuple[Variant, ...] = VARIANTS, **more) -> TrainingData:
    return with_variants(bare, variants, **{"workers": 1, **more})


def files(data: TrainingData) -> set[Path]:
    return set(data.corpus.store.root.glob("??/*.pcm"))


def has(data: TrainingData, track: int, variant: Variant) -> bool:
    return data.corpus.store.samples(data.corpus.key(track, variant)) is not None


def test_variants_are_computed_for_training_tracks_alone(bare: TrainingData) -> None:
    data = prepared(bare)
    training = set(data.segments.track[data.split.train].tolist())
    assert 0 < len(training) < len(data.corpus.tracks)
    for track in range(len(data.corpus.tracks)):
        assert {has(data, track, variant) for variant in VARIANTS} == {track in training}
    assert len(files(data)) == len(data.corpus.tracks) + len(VARIANTS) * len(training)
    assert {data.corpus.store.samples(key) == samples for key, samples in data.audio()} == {True}


def test_a_second_preparation_computes_what_is_new_and_nothing_else(bare: TrainingData) -> None:
    told: list[tuple[int, int]] = []
    first = prepared(bare, variants_of({"augmentation.pitch_shift": 1}), progress=lambda *at: told.append(at))
    assert told == [(done, 24) for done in range(1, 25)]
    before = {path: path.stat().st_mtime_ns for path in files(first)}
    told.clear()
    prepared(bare, progress=lambda *at: told.append(at))
    assert told[-1] == (24, 24), "the two speeds"
    told.clear()
    prepared(bare, progress=lambda *at: told.append(at))
    assert told == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_other_processes_compute_the_same(bare: TrainingData, data: TrainingData) -> None:
    made = prepared(bare, workers=2)
    for track, variant in list(made.varied())[::5]:
        key = made.corpus.key(track, variant)
        np.testing.assert_array_equal(made.corpus.store.read(key), data.corpus.store.read(key))


def test_a_kill_loses_the_track_in_flight_and_no_other(
    bare: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered, seen = module.altered, []

    def killed(samples, variant: Variant, rate_hz: int):
        seen.append(variant)
        for block in altered(samples, variant, rate_hz):
            yield block[:100]
            if len(seen) == 6:
                raise KeyboardInterrupt
            yield block[100:]

    monkeypatch.setattr(module, "altered", killed)
    with pytest.raises(KeyboardInterrupt):
        prepared(bare)
    assert len(files(bare)) == len(bare.corpus.tracks) + 5
    prepared(bare)
    assert len(seen) == 6 + 48 - 5
    assert not list((bare.corpus.store.root / "partial").iterdir())


def test_draws_are_of_seed_epoch_and_example_alone() -> None:
    one, again = (Draws.of_epoch(VARIANTS, 3, 1, 1000) for _ in range(2))
    np.testing.assert_array_equal(one.drawn, again.drawn)
    for other in (Draws.of_epoch(VARIANTS, 3, 2, 1000), Draws.of_epoch(VARIANTS, 4, 1, 1000)):
        assert np.mean(one.drawn == other.drawn) < 0.3
    order = np.random.default_rng(0).permutation(1000)
    assert [one.of(np.array([index]))[0] for index in order] == one.of(order)


def test_half_of_the_examples_stay_and_the_others_are_each_variant_as_often() -> None:
    drawn = Draws.of_epoch(VARIANTS, 3, 1, 40_000).of(np.arange(40_000))
    assert set(drawn) == {None, *VARIANTS}
    assert drawn.count(None) / 40_000 == pytest.approx(0.5, abs=0.01)
    for variant in VARIANTS:
        assert drawn.count(variant) / 40_000 == pytest.approx(0.125, abs=0.01)


def test_a_batch_holds_the_drawn_variant_at_the_same_moment(data: TrainingData) -> None:
    corpus, segments = data.corpus, data.segments
    batches = Batches(data, data.split.train, batch_size=8)
    allowed = variants_of({"augmentation.time_stretch": 0.05})
    drawn = Draws.of_epoch(allowed, 5, 2, len(segments))
    found = np.concatenate([waveforms.numpy() for waveforms, _ in batches.shuffled(5, 2, allowed)])
    plain = np.concatenate([waveforms.numpy() for waveforms, _ in batches.shuffled(5, 2)])
    changed = 0
    for index in data.split.train:
        variant, track, start = drawn.of(np.array([index]))[0], segments.track[index], segments.start[index]
        expected = corpus.read(track, start, segments.length)
        place = np.flatnonzero((plain == expected).all(axis=1))[0]
        if variant is not None:
            changed += 1
            expected = np.zeros(segments.length, np.int16)
            begun = corpus.store.read(corpus.key(track, variant))[round(start / variant.rate) :]
            expected[: len(begun)] = begun[: segments.length]
        np.testing.assert_array_equal(found[place], expected)
    assert 0 < changed < len(data.split.train)


def test_a_pass_in_order_has_no_variants_even_after_one_that_had(data: TrainingData) -> None:
    batches = Batches(data, data.split.train, batch_size=8)
    before = [waveforms.numpy() for waveforms, _ in batches.in_order()]
    list(batches.shuffled(5, 2, VARIANTS))
    for one, other in zip(before, batches.in_order(), strict=True):
        np.testing.assert_array_equal(one, other[0].numpy())


def test_variants_that_were_not_prepared_are_refused(bare: TrainingData) -> None:
    with pytest.raises(ValueError, match=r"no \{.*pitch_shift.* was prepared"):
        Batches(bare, bare.split.train, batch_size=8).shuffled(1, 1, VARIANTS)


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., list]:
    def run(data: TrainingData, folder: str, **more) -> list:
        trainer = Trainer(
            data, TrainingSection(batch_size=8), objective="val_loss", max_epochs=9,
            checkpoints=tmp_path / folder,
        )  # fmt: skip
        heard: list = []
        result = trainer.run_trial(request(values(**{**ASKED, **more}), epochs=(0, 2)), heard.append)
        assert result.message == ""
        return heard

    return run


def test_training_reads_variants_and_evaluation_nothing_but_tracks(
    bare: TrainingData, trained: Callable[..., list], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, seen = Corpus.read, set()

    def noted(corpus: Corpus, track: int, start: int, length: int, variant: Variant | None = None):
        seen.add((track, variant))
        return read(corpus, track, start, length, variant)

    monkeypatch.setattr(Corpus, "read", noted)
    data = prepared(bare)
    trained(data, "noted")
    training = set(data.segments.track[data.split.train].tolist())
    validation = set(data.segments.track[data.split.validation].tolist())
    assert {variant for _, variant in seen} == {None, *VARIANTS}
    assert {track for track, variant in seen if variant} <= training
    assert {track for track, variant in seen if variant is None} >= validation


def test_other_variants_are_another_training(data: TrainingData, trained: Callable[..., list]) -> None:
    assert trained(data, "both") != trained(data, "pitch", **{"augmentation.time_stretch": 0.0})


def test_a_variant_that_is_removed_stops_the_search(bare: TrainingData, trained: Callable[..., list]) -> None:
    data = prepared(bare)
    for track, variant in data.varied():
        data.corpus.store._path(data.corpus.key(track, variant), "pcm").unlink()
    with pytest.raises(StorageError, match="decoded audio has been removed while it was in use"):
        trained(data, "removed")
    trained(prepared(bare), "again")


@pytest.mark.parametrize(
    ("frontend", "backbone", "said"),
    [
        ("features", "dense", "features: are computed once, out of reach of pitch_shift, time_stretch"),
        ("mel", "svm", "svm: is fitted once, without augmentation (pitch_shift, time_stretch)"),
    ],
)
def test_out_of_reach(data: TrainingData, frontend: str, backbone: str, said: str) -> None:
    assert reasons({"spectrogram": frontend, "backbone": backbone, **ASKED}, data.signal) == [said]


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ("spectrogram: mel, backbone: cnn", {}),
        ("spectrogram: mel, backbone: cnn, augmentation: {pitch_shift: 2}", {"pitch_shift": 2}),
        (
            "spectrogram: {choice: [mel, features]}, backbone: {choice: [cnn, svm]}, "
            "augmentation: {pitch_shift: {choice: [0, 3, 1]}, time_stretch: {float: [0.0, 0.12]}}",
            {"pitch_shift": 3, "time_stretch": 0.1},
        ),
        ("spectrogram: mel, backbone: cnn, augmentation: {pitch_shift: {int: [0, 4]}}", {"pitch_shift": 4}),
        ("spectrogram: features, backbone: dense, augmentation: {pitch_shift: {choice: [0, 1]}}", {}),
        ("spectrogram: mel, backbone: {choice: [svm, random_forest]}, augmentation: {pitch_shift: 1}", {}),
    ],
)
def test_the_most_that_a_space_can_ask_for(space: str, expected: dict, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(f"name: n\ndata: {{root: ., split: {{by: track}}}}\nspace: {{{space}}}\n")
    wanted = variants_of({f"augmentation.{name}": strength for name, strength in expected.items()})
    assert variants_in(load(file).space) == wanted


def test_a_table_has_no_audio(data: TrainingData) -> None:
    table = replace(data, corpus=replace(data.corpus, is_table=True))
    assert list(table.audio()) == list(table.varied()) == []
