"""What a search will cost, before it is run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tunebench.audio.feature_table import read_feature_table
from tunebench.audio.manifest import read
from tunebench.catalog.feasibility import is_estimator
from tunebench.catalog.features import FEATURES
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure, structure_of
from tunebench.errors import DataError
from tunebench.search.brackets import Rung, planned
from tunebench.seeding import child_rng
from tunebench.space import Experiment
from tunebench.space.feasible import FeasibleShare, check_feasible, draw_feasible, feasible_share

DRAWS = 1_000
_CLASSES_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of a search. `structures` are those of nets seen in `DRAWS` random draws, with how often."""

    rungs: list[Rung]
    configurations: int
    trials: int
    epochs: int
    repeats: int
    repeat_epochs: int
    feasible: FeasibleShare
    structures: Counter[Structure]
    examples: dict[Structure, Values]

    @property
    def drawn(self) -> int:
        """Configurations among the draws, those of estimators too."""
        return self.feasible.draws - self.feasible.infeasible

    @property
    def all_epochs(self) -> int:
        """Epochs of the search and of the finalists' repeats, if nothing stops early."""
        return self.epochs + self.repeat_epochs


def make_plan(experiment: Experiment) -> Plan:
    """Count brackets, configurations, epochs and structures of a search; reads no audio.

    Where the data is not there, structures are those of ten classes.

    Raises:
        SpaceError: no point of the space can be built.
    """
    search, winner = experiment.search, experiment.winner
    signal = signal_of(experiment)
    check_feasible(experiment.space, signal)
    table, configurations, trials, epochs = _budget(experiment)
    rng, classes = child_rng(search.seed, "plan"), _count_classes(experiment)
    share = feasible_share(experiment.space, signal, rng, DRAWS)
    structures: Counter[Structure] = Counter()
    examples: dict[Structure, Values] = {}
    for _ in range(share.draws - share.infeasible):
        values = draw_feasible(experiment.space, rng, signal)
        if is_estimator(values):
            continue
        structure = structure_of(values, signal, classes=classes, precision=experiment.training.precision)
        structures[structure] += 1
        examples.setdefault(structure, values)
    repeats = winner.finalists * winner.repeats
    return Plan(
        rungs=table,
        configurations=configurations,
        trials=trials,
        epochs=epochs,
        repeats=repeats,
        repeat_epochs=repeats * search.max_epochs,
        feasible=share,
        structures=structures,
        examples=examples,
    )


def planned_epochs(experiment: Experiment) -> int:
    """Epochs of the whole search, the finalists' repeats included, if nothing stops early."""
    search, winner = experiment.search, experiment.winner
    *_, epochs = _budget(experiment)
    return epochs + winner.finalists * winner.repeats * search.max_epochs


def signal_of(experiment: Experiment) -> Signal:
    """The kind of segment that the file asks for."""
    data = experiment.data
    if data.table is not None:
        return Signal(data.sample_rate, 1, _count_columns(experiment))
    return Signal(data.sample_rate, round(data.segment.seconds * data.sample_rate))


def _count_columns(experiment: Experiment) -> int:
    try:
        return len(read_feature_table(experiment.data.root / str(experiment.data.table)).columns)
    except DataError:
        return len(FEATURES)


def _count_classes(experiment: Experiment) -> int:
    try:
        return len({track.label for track in read(experiment.data)})
    except DataError:
        return _CLASSES_UNKNOWN


def _budget(experiment: Experiment) -> tuple[list[Rung], int, int, int]:
    """Rungs, configurations, trials and epochs of the search itself."""
    search = experiment.search
    if search.algorithm in ("hyperband", "asha"):
        table = planned(search)
        configurations = sum(rung.size for rung in table if rung.rung == 0)
        return table, configurations, sum(r.size for r in table), sum(r.epochs for r in table)
    size = experiment.space.count()
    if search.algorithm == "grid" and size is None:
        size = sum(1 for _ in experiment.space.grid())
    trials = min(t for t in (search.max_trials, size) if t is not None)
    return [Rung(0, 0, trials, 0, search.max_epochs)], trials, trials, trials * search.max_epochs
