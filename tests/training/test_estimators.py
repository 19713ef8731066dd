"""Trials of estimators and of feature vectors: their share of the data, and what they are fitted on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.training.configurations import request, values

from tunebench.catalog.features import FEATURES
from tunebench.features.matrix import FeatureMatrix
from tunebench.space.sections import TrainingSection
from tunebench.training.data import TrainingData
from tunebench.training.fitting import nested_share
from tunebench.training.trainer import Trainer
from tunebench.trial import Status, TrialResult

OF_FEATURES = {"spectrogram": "features", "learning_rate": 3e-3, "dropout": 0.1, "dense_units": 0}
FOREST = {**OF_FEATURES, "backbone": "random_forest", "backbone.random_forest.n_estimators": 20}
DENSE = {
    **OF_FEATURES, "backbone": "dense", "learning_rate": 1e-2, "backbone.dense.units_1": 64,
    "backbone.dense.units_2": 0, "backbone.dense.units_3": 0,
}  # fmt: skip


@pytest.fixture(scope="session")
def with_features(data: TrainingData) -> TrainingData:
    """The tones with their power in 8 bands as features, some missing; others are constant."""
    waveforms = data.read(np.arange(len(data.segments)), "waveform") / 32768
    spectra = np.abs(np.fft.rfft(waveforms)) ** 2
    bands = np.stack([part.sum(axis=1) for part in np.array_split(spectra, 8, axis=1)], axis=1)
    matrix = np.zeros((len(bands), len(FEATURES)), np.float32)
    matrix[:, :8] = np.log(bands)
    matrix[::9, 1] = np.nan
    return replace(data, features=FeatureMatrix(FEATURES, matrix))


@pytest.fixture
def trainer(with_features: TrainingData, tmp_path):
    def make(data: TrainingData = with_features, **section) -> Trainer:
        return Trainer(
            data, TrainingSection(batch_size=8, **section), objective="val_accuracy", max_epochs=9,
            checkpoints=tmp_path / "checkpoints",
        )  # fmt: skip

    return make


def run(trainer: Trainer, asked) -> tuple[TrialResult, list]:
    heard: list = []
    return trainer.run_trial(asked, heard.append), heard


@pytest.mark.parametrize("configuration", [FOREST, DENSE], ids=["forest", "dense"])
def test_features_tell_tones_apart(trainer, configuration) -> None:
    result, heard = run(trainer(), request(configuration, epochs=(0, 9)))
    assert result.message == ""
    assert result.score > 0.8
    assert heard[-1].epoch == result.epochs_to == 9
    assert result.cost.parameters > 0
    assert result.cost.latency_ms > 0


@pytest.mark.parametrize("spectrogram", ["waveform", "mel"])
def test_an_estimator_stands_behind_any_front_end(trainer, spectrogram) -> None:
    asked = values(spectrogram, backbone="logistic_regression")
    result, _ = run(trainer(), request(asked, epochs=(0, 9)))
    assert result.status is Status.COMPLETED, result.message
    assert result.cost.parameters > 0


def test_the_same_seed_gives_the_same_and_so_does_another_trainer(trainer) -> None:
    asked = request(FOREST, epochs=(0, 3))
    one, again = (run(trainer(), asked)[0] for _ in range(2))
    assert one.metrics == again.metrics
    other, _ = run(trainer(), replace(asked, seed=5))
    assert other.metrics != one.metrics


def test_a_rung_is_a_share_of_the_training_side(trainer, with_features) -> None:
    made = trainer()
    forests = [made.best_model(request(FOREST, epochs=(0, n))).fitted for n in (1, 3, 9)]
    counted = [int(forest.steps[-1][1].estimators_[0].tree_.n_node_samples[0]) for forest in forests]
    drawn = len(with_features.split.train)
    assert counted[0] < counted[1] < counted[2] <= drawn


def test_a_larger_share_holds_a_smaller_one_and_every_class() -> None:
    labels = np.array([0] * 50 + [1] * 30 + [2] * 2)
    indices = np.arange(len(labels))
    shares = [set(nested_share(indices, labels, share, seed=3)) for share in (1 / 27, 1 / 9, 1 / 3, 1.0)]
    for small, large in pairwise(shares):
        assert small < large
        assert {labels[i] for i in small} == {0, 1, 2}
    assert shares[-1] == set(indices)
    assert len(shares[2]) == 17 + 10 + 1


def test_fitted_on_training_data_alone(trainer, with_features) -> None:
    """Whatever stands on the other sides, imputer, scaler, estimator and a net's scaling stay the same."""
    matrix = with_features.vectors.values.copy()
    others = np.setdiff1d(np.arange(len(matrix)), with_features.split.train)
    matrix[others] = 1e6
    changed = replace(with_features, features=FeatureMatrix(with_features.vectors.columns, matrix))
    asked = request(FOREST, epochs=(0, 9))
    one, other = trainer(), trainer(changed)
    before, after = (made.best_model(asked).fitted for made in (one, other))
    np.testing.assert_array_equal(before.steps[0][1].statistics_, after.steps[0][1].statistics_)
    np.testing.assert_array_equal(before.steps[1][1].mean_, after.steps[1][1].mean_)
    assert one.scaling == other.scaling
    train = with_features.split.train
    said = [made.best_model(asked).predict(made.side(FOREST, train)) for made in (one, other)]
    np.testing.assert_array_equal(*said)


def test_a_promoted_net_of_vectors_goes_on_where_it_stopped(trainer, tmp_path) -> None:
    whole, _ = run(trainer(), request(DENSE, epochs=(0, 6)))
    made = trainer()
    (tmp_path / "checkpoints").rename(tmp_path / "whole")
    run(made, request(DENSE, epochs=(0, 2)))
    parts, _ = run(made, request(DENSE, epochs=(2, 6)))
    assert parts.metrics == whole.metrics


def test_balanced_weights_reach_those_that_take_them(trainer) -> None:
    plain, _ = run(trainer(), request(FOREST, epochs=(0, 9)))
    balanced, _ = run(trainer(class_weights="balanced"), request(FOREST, epochs=(0, 9)))
    assert plain.status is balanced.status is Status.COMPLETED
    neighbours = {**OF_FEATURES, "backbone": "k_neighbours"}
    result, _ = run(trainer(class_weights="balanced"), request(neighbours, epochs=(0, 9)))
    assert result.status is Status.COMPLETED, result.message


def test_what_goes_wrong_is_the_trials_own_failure(trainer) -> None:
    asked = {**OF_FEATURES, "backbone": "k_neighbours", "backbone.k_neighbours.n_neighbors": 1000}
    result, _ = run(trainer(), request(asked, epochs=(0, 1)))
    assert result.status is Status.FAILED
    assert "n_neighbors" in result.message
