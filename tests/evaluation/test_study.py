"""Importances of a planted effect, and the study that Optuna reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import optuna
import pytest
from tests.evaluation.planted import OBJECTIVE, planted_records, planted_space

from tunebench.errors import StorageError
from tunebench.evaluation.study import FEWEST, curves_of, importances, write_study
from tunebench.search.records import Records
from tunebench.space import Space


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return planted_space(tmp_path)


def test_what_the_score_depends_on_is_what_matters(space: Space) -> None:
    shares = importances(planted_records(space, lambda v, e: np.log10(v["learning_rate"])), space, OBJECTIVE)
    assert next(iter(shares)) == "learning_rate"
    assert shares["learning_rate"] > 0.9
    assert shares.keys() == {"learning_rate", "dropout", "spectrogram", "spectrogram.mel.n_mels"}


def test_a_parameter_of_an_option_is_judged_among_those_who_have_it(space: Space) -> None:
    found = planted_records(space, lambda v, e: v.get("spectrogram.mel.n_mels", 0) / 64)
    shares = importances(found, space, OBJECTIVE)
    assert shares["spectrogram.mel.n_mels"] > 0.8
    assert shares["spectrogram"] > 0.8  # with or without it: another question, another whole


def test_longer_training_is_not_taken_for_a_better_value(space: Space) -> None:
    """The first half was trained to 9 epochs, which helps; nothing else does but the dropout, a little."""
    found = planted_records(
        space, lambda v, e: 0.1 * e + 0.01 * v["dropout"], epochs=lambda number: 9 if number < 25 else 3
    )
    shares = importances(found, space, OBJECTIVE)
    assert shares["dropout"] > 0.9


def test_too_few_say_nothing(space: Space) -> None:
    assert importances(planted_records(space, lambda v, e: v["dropout"], FEWEST - 1), space, OBJECTIVE) == {}
    assert importances(planted_records(space, lambda v, e: 0.5), space, OBJECTIVE) == {}


def test_optuna_reads_the_study_back(space: Space, tmp_path: Path) -> None:
    found = planted_records(space, lambda v, e: v["dropout"] + 0.1 * e)
    path = write_study(found, space, OBJECTIVE, "planted", tmp_path / "study.db")
    write_study(found, space, OBJECTIVE, "planted", path)  # again, as after a restart
    study = optuna.load_study(study_name="planted", storage=f"sqlite:///{path}")
    assert len(study.trials) == 40
    assert study.direction.name == "MAXIMIZE"
    curves = curves_of(found, OBJECTIVE)
    best = max(curves.values(), key=lambda curve: curve.best(OBJECTIVE))
    assert study.best_params["dropout"] == best.values["dropout"]
    assert study.best_trial.intermediate_values == best.scores
    assert not list(tmp_path.glob(".*partial"))


def test_a_study_that_cannot_be_written(space: Space, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"study\.db: cannot be written"):
        write_study(Records(), space, OBJECTIVE, "planted", tmp_path / "file" / "study.db")
