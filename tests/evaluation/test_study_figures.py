"""Every search can be drawn: few configurations, one parameter, failures, conditions; labels keep apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.evaluation.planted import OBJECTIVE, SPACE, planted_records, planted_space

from tunebench.evaluation.canvas import place, ticks
from tunebench.evaluation.panels import draw_parameters
from tunebench.evaluation.study import importances
from tunebench.evaluation.study_figures import pictures
from tunebench.search.records import Records, TrialRecord
from tunebench.space.parameters import Choice, FloatRange, IntRange
from tunebench.trial import Status, TrialRequest, TrialResult

ALWAYS = {"history", "slices", "parallel coordinates"}
ONE = "  spectrogram: mel\n  backbone: cnn\n  learning_rate: {log_float: [1e-5, 1e-1]}\n"
NONE = "  spectrogram: mel\n  backbone: cnn\n"


def drawn(records: Records, space, folder: Path, objective: str = OBJECTIVE) -> set[str]:
    """Names of the pictures that were drawn; no two have one file, and none is empty."""
    shares = importances(records, space, objective)
    found = {name: draw() for name, draw in pictures(records, space, objective, shares, folder).items()}
    files = [path for path in found.values() if path is not None]
    assert len(set(files)) == len(files)
    assert all(path.stat().st_size > 1_000 for path in files)
    return {name for name, path in found.items() if path is not None}


def score(values, epoch):
    return values.get("dropout", 0.1) + values.get("spectrogram.mel.n_mels", 0) / 640 + 0.1 * epoch


def failed(records: Records) -> Records:
    for name, record in records.trials.items():
        record.result = TrialResult(name, Status.FAILED, 0, message="planned")
        record.epochs.clear()
    return records


def test_a_search_with_conditions(tmp_path: Path) -> None:
    space = planted_space(tmp_path)
    found = planted_records(space, score, epochs=lambda number: 9 if number < 5 else 3)
    assert drawn(found, space, tmp_path / "figures") == {*ALWAYS, "importances", "contours"}
    draw_parameters(found, space, OBJECTIVE, tmp_path / "parameters.png")


@pytest.mark.parametrize("count", [0, 1, 2, 9])
@pytest.mark.parametrize("text", [SPACE, ONE, NONE], ids=["conditions", "one", "none"])
def test_few_configurations_of_few_parameters(tmp_path: Path, count: int, text: str) -> None:
    space = planted_space(tmp_path, text)
    found = planted_records(space, score, count)
    assert drawn(found, space, tmp_path) == ALWAYS
    draw_parameters(found, space, OBJECTIVE, tmp_path / "parameters.png")


def test_one_parameter_has_no_pair(tmp_path: Path) -> None:
    space = planted_space(tmp_path, ONE)
    found = planted_records(space, lambda v, e: np.log10(v["learning_rate"]))
    assert drawn(found, space, tmp_path) == {*ALWAYS, "importances"}


def test_equal_scores(tmp_path: Path) -> None:
    space = planted_space(tmp_path)
    assert drawn(planted_records(space, lambda v, e: 0.5), space, tmp_path) == ALWAYS


def test_a_loss(tmp_path: Path) -> None:
    space = planted_space(tmp_path)
    found = planted_records(space, score)
    for record in found.trials.values():
        record.epochs = {
            e: replace(r, metrics={"val_loss": r.metrics[OBJECTIVE]}) for e, r in record.epochs.items()
        }
    assert drawn(found, space, tmp_path, "val_loss") == {*ALWAYS, "importances", "contours"}


def test_failed_trials(tmp_path: Path) -> None:
    space = planted_space(tmp_path)
    found = planted_records(space, score)
    found.trials["0040"] = TrialRecord(TrialRequest("0040", "c40", {}, 0, 3, 1, "c40"))  # still running
    failed(Records({name: found.trials[name] for name in ("0003", "0007")}))
    assert drawn(found, space, tmp_path / "some") == {*ALWAYS, "importances", "contours"}
    assert drawn(failed(planted_records(space, score)), space, tmp_path / "all") == ALWAYS


@pytest.mark.parametrize(
    "parameter",
    [
        Choice(("mel", "multi_stft", 1, True)),
        IntRange(13, 40), IntRange(32, 64, step=16), IntRange(8, 512, log=True), IntRange(3, 4),
        IntRange(3, 3),
        FloatRange(0.0, 0.5), FloatRange(1e-5, 1e-2, log=True), FloatRange(3e-4, 4e-4, log=True),
        FloatRange(0.2, 0.2),
    ],
    ids=str,
)  # fmt: skip
def test_ticks_stand_apart_within_the_axis(parameter) -> None:
    places, labels = ticks(parameter)
    assert 1 <= len(places) <= 6
    assert len(set(labels)) == len(labels)
    assert all(0 <= at <= 1 for at in places)
    assert all(b - a > 0.05 for a, b in pairwise(places))


def test_places_keep_the_order_and_the_scale() -> None:
    rate = FloatRange(1e-4, 1e-2, log=True)
    assert [place(rate, value) for value in (1e-4, 1e-3, 1e-2)] == pytest.approx([0, 0.5, 1])
    assert [place(Choice((1, True)), value) for value in (1, True)] == [0.25, 0.75]


@pytest.mark.parametrize("name", ["history", "slices", "parallel coordinates", "contours"])
def test_labels_do_not_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Tick labels below the panels, as they are drawn."""
    kept: list[Figure] = []

    def keep(figure: Figure, path: Path) -> Path:
        figure.draw_without_rendering()
        kept.append(figure)
        return path

    for module in ("panels", "study_figures"):
        monkeypatch.setattr(f"tunebench.evaluation.{module}.save_figure", keep)
    text = SPACE.replace("backbone: cnn", "backbone: {choice: [cnn, mobilenetv2, resnet50v2, xception]}")
    space = planted_space(tmp_path, text)
    found = planted_records(space, lambda v, e: v["dropout"] + (v["backbone"] == "cnn"))
    shares = importances(found, space, OBJECTIVE)
    pictures(found, space, OBJECTIVE, shares, tmp_path)[name]()
    for axes in kept[0].axes:
        boxes = [
            t.get_window_extent() for t in axes.get_xticklabels() if t.get_text() and t.get_rotation() == 0
        ]
        boxes = sorted((box for box in boxes if box.width), key=lambda box: box.x0)
        assert all(a.x1 <= b.x0 for a, b in pairwise(boxes)), name
