"""The winner of a search trained anew under other splits: by protocol, and on each fold in turn."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebench import paths, space
from tunebench.app.corpus import prepare_corpus, wants_features
from tunebench.app.folder import SearchFolder, existing_folder, write_atomically
from tunebench.app.session import last_summary
from tunebench.catalog.variants import variants_of
from tunebench.errors import DataError, InputError, SearchError
from tunebench.evaluation.test_side import Evaluation, count_read, evaluate_side
from tunebench.metrics.intervals import Interval
from tunebench.quiet import import_tensorflow
from tunebench.seeding import child_seed
from tunebench.space.sections import SplitSection
from tunebench.trial import TrialRequest

if TYPE_CHECKING:
    from tunebench.catalog.spec import Values
    from tunebench.space import Experiment
    from tunebench.training.data import TrainingData
    from tunebench.training.pool import Pool

PROTOCOLS = ("group", "track", "segment")
SHARE = 0.2
"""Of the tracks on the validation side, and on the test side, of each protocol."""

OnTraining = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """Test accuracy of one configuration under one split; `leakage` is what its sides share."""

    split_by: str
    leakage: str
    segment: Interval
    track: Interval
    epochs: int


@dataclass(frozen=True, slots=True)
class FoldsResult:
    """Test accuracy on each fold, and on all of them together: every track is tested once.

    `accuracy` and `track_accuracy` hold a figure a fold; the intervals are over groups of all folds.
    """

    folds: tuple[int, ...]
    leakage: tuple[str, ...]
    accuracy: tuple[float, ...]
    track_accuracy: tuple[float, ...]
    segment: Interval
    track: Interval


def compare_protocols(name: str, *, on_training: OnTraining = lambda what: None) -> list[ProtocolResult]:
    """Train the winner of a search under a split by group, by track and by segment, and test each.

    The splits take a fifth each for validation and test, from one seed. The best epoch is chosen on
    validation. What came of it is kept in `experiments/<name>/protocols.json`. A corpus that does not say
    what belongs together has no split by group.

    Raises:
        InputError: there is no such search, or it has no result.
        DataError: the corpus is gone.
        SearchError: a training failed.
    """
    folder, experiment, values = _winner(name)
    from tunebench.training.pool import Pool

    prepared = prepare_corpus(experiment.data, features=wants_features(experiment.space))
    results: list[ProtocolResult] = []
    pool = Pool()
    for by in PROTOCOLS:
        section = SplitSection(by=by, validation=SHARE, test=SHARE, seed=experiment.search.seed)
        try:
            data = prepared.under(section)
        except DataError:
            if by == "group":
                continue
            raise
        on_training(f"split by {by}")
        said = _train_and_test(f"by {by}", experiment, data, values, pool)
        figures = _evaluate([said], [data], experiment)
        results.append(
            ProtocolResult(
                by, data.split.leakage, figures.segment["accuracy"], figures.track["accuracy"], said.epochs
            )
        )
    _keep(folder, "protocols.json", [asdict(result) for result in results])
    return results


def cross_validate(name: str, *, on_training: OnTraining = lambda what: None) -> FoldsResult:
    """Train the winner of a search on each fold in turn: one fold tests, the one before chooses the epoch.

    The folds are those of the manifest, or of `data.folds`. What came of it is kept in
    `experiments/<name>/folds.json`. The fold that the search chose on, and the one that it was tested on,
    are among them.

    Raises:
        InputError: there is no such search, it has no result, or its corpus has no three folds.
        DataError: the corpus is gone.
        SearchError: a training failed.
    """
    folder, experiment, values = _winner(name)
    from tunebench.training.pool import Pool

    prepared = prepare_corpus(experiment.data, features=wants_features(experiment.space))
    named = {stored.track.fold for stored in prepared.corpus.tracks}
    folds = tuple(sorted(fold for fold in named if fold is not None))
    if len(folds) < 3:
        raise InputError(
            f"{folder.space}: the corpus has {len(folds)} folds, and at least 3 are needed. Give the "
            "manifest a column fold, or write data.folds: 5 in the file and search with --fresh"
        )
    said: list[_Said] = []
    sides: list[TrainingData] = []
    pool = Pool()
    for place, fold in enumerate(folds):
        section = SplitSection(by="fold", validation=(folds[place - 1],), test=(fold,))
        data = prepared.under(section)
        on_training(f"fold {fold}")
        said.append(_train_and_test(f"fold {fold}", experiment, data, values, pool))
        sides.append(data)
    each = [_evaluate([one], [data], experiment) for one, data in zip(said, sides, strict=True)]
    together = _evaluate(said, sides, experiment)
    result = FoldsResult(
        folds,
        tuple(str(data.split.leakage) for data in sides),
        tuple(figures.segment["accuracy"].value for figures in each),
        tuple(figures.track["accuracy"].value for figures in each),
        together.segment["accuracy"],
        together.track["accuracy"],
    )
    _keep(folder, "folds.json", asdict(result))
    return result


@dataclass(frozen=True, slots=True)
class _Said:
    """What a model said of a test side: `(segments, classes)`, and `(segments,)`."""

    probabilities: NDArray[np.float32]
    labels: NDArray[np.integer]
    tracks: NDArray[np.integer]
    epochs: int


def _winner(name: str) -> tuple[SearchFolder, Experiment, Values]:
    folder = existing_folder(name)
    summary = last_summary(folder)
    if summary is None:
        raise InputError(
            f"search '{name}' has no winner yet; `tunebench search {folder.space}` goes on with it"
        )
    import_tensorflow()
    from tunebench.training.runtime import set_up

    set_up()
    return folder, space.load(folder.space), summary["winner"]["values"]


def _train_and_test(
    what: str, experiment: Experiment, data: TrainingData, values: Values, pool: Pool
) -> _Said:
    from tunebench.training.trainer import Trainer
    from tunebench.training.variants import with_variants

    data = with_variants(data, variants_of(values))
    search = experiment.search
    request = TrialRequest(
        trial=what, configuration=what, values=values, epochs_from=0, epochs_to=search.max_epochs,
        seed=child_seed(search.seed, "retrain", what), checkpoint="retrained", kind="repeat",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as checkpoints:
        trainer = Trainer(
            data, experiment.training, objective=search.objective, max_epochs=search.max_epochs,
            checkpoints=Path(checkpoints), pool=pool,
        )  # fmt: skip
        result = trainer.run_trial(request, lambda record: None)
        if result.score is None:
            raise SearchError(f"{what}: the training failed: {result.message}")
        model = trainer.best_model(request)
        count_read(
            paths.home() / ".tunebench" / "test_reads.jsonl", data.split.hash, f"{experiment.name}, {what}"
        )
        side = trainer.side(values, data.split.test)
        probabilities = model.predict(side)
    return _Said(probabilities, side.labels, side.tracks, result.epochs_to)


def _evaluate(said: list[_Said], data: list[TrainingData], experiment: Experiment) -> Evaluation:
    """Figures over several test sides of one corpus together."""
    return evaluate_side(
        np.concatenate([one.probabilities for one in said]),
        np.concatenate([one.labels for one in said]),
        np.concatenate([one.tracks for one in said]),
        data[0].split.groups,
        data[0].corpus.classes,
        seed=child_seed(experiment.search.seed, "bootstrap"),
    )


def _keep(folder: SearchFolder, name: str, content: Any) -> None:
    write_atomically(folder.path / name, json.dumps(content, indent=2) + "\n")
