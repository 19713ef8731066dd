"""One configuration under several splits: how much of a figure is leak."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunebench import paths, space
from tunebench.app.corpus import prepare_data
from tunebench.app.folder import existing_folder, write_atomically
from tunebench.app.quiet import import_tensorflow
from tunebench.app.session import last_summary
from tunebench.errors import DataError, InputError, SearchError
from tunebench.evaluation.test_side import count_read, evaluate_side
from tunebench.metrics.intervals import Interval
from tunebench.seeding import child_seed
from tunebench.space.sections import SplitSection
from tunebench.trial import TrialRequest

if TYPE_CHECKING:
    from tunebench.catalog.spec import Values
    from tunebench.space import Experiment
    from tunebench.training.data import TrainingData

PROTOCOLS = ("group", "track", "segment")
SHARE = 0.2
"""Of the tracks on the validation side, and on the test side."""


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """Test accuracy of one configuration under one split; `leakage` is what its sides share."""

    split_by: str
    leakage: str
    segment: Interval
    track: Interval
    epochs: int


def compare_protocols(
    name: str, *, on_protocol: Callable[[str], None] = lambda by: None
) -> list[ProtocolResult]:
    """Train the winner of a search anew under a split by group, by track and by segment, and test each.

    The splits take a fifth each for validation and test, from one seed. The best epoch is chosen on
    validation. What came of it is kept in `experiments/<name>/protocols.json`.

    Raises:
        InputError: there is no such search, or it has no result.
        DataError: the corpus is gone.
        SearchError: a training failed.
    """
    folder = existing_folder(name)
    summary = last_summary(folder)
    if summary is None:
        raise InputError(
            f"search '{name}' has no winner yet; `tunebench search {folder.space}` goes on with it"
        )
    experiment = space.load(folder.space)
    import_tensorflow()
    from tunebench.training.runtime import set_up

    set_up()
    results: list[ProtocolResult] = []
    for by in PROTOCOLS:
        section = SplitSection(by=by, validation=SHARE, test=SHARE, seed=experiment.search.seed)
        try:
            data = prepare_data(experiment.data.model_copy(update={"split": section}))
        except DataError:
            if by == "group":  # a corpus need not say who made what
                continue
            raise
        on_protocol(by)
        results.append(_under(by, experiment, data, summary["winner"]["values"]))
    write_atomically(
        folder.path / "protocols.json", json.dumps([asdict(result) for result in results], indent=2) + "\n"
    )
    return results


def _under(by: str, experiment: Experiment, data: TrainingData, values: Values) -> ProtocolResult:
    from tunebench.training.pipeline import Batches
    from tunebench.training.trainer import Trainer

    search = experiment.search
    request = TrialRequest(
        trial=by, configuration=by, values=values, epochs_from=0, epochs_to=search.max_epochs,
        seed=child_seed(search.seed, "protocol"), checkpoint=by, kind="repeat",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as checkpoints:
        trainer = Trainer(
            data, experiment.training, objective=search.objective, checkpoints=Path(checkpoints)
        )
        result = trainer.run_trial(request, lambda record: None)
        if result.score is None:
            raise SearchError(f"the training under a split by {by} failed: {result.message}")
        classifier, frontend = trainer.best_classifier(request)
        count_read(
            paths.home() / ".tunebench" / "test_reads.jsonl", data.split.hash, f"{experiment.name} by {by}"
        )
        side = Batches(data.corpus, data.segments, data.split.test, batch_size=experiment.training.batch_size)
        probabilities = classifier.predict(frontend, side.in_order(), len(side.indices))
    evaluation = evaluate_side(
        probabilities, side.labels, side.tracks, data.split.groups, data.corpus.classes,
        seed=child_seed(search.seed, "bootstrap"),
    )  # fmt: skip
    return ProtocolResult(
        by, data.split.leakage, evaluation.segment["accuracy"], evaluation.track["accuracy"], result.epochs_to
    )
