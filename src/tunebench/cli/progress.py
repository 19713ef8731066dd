"""What a search shows while it runs: bracket, rung, trial, epoch, best so far, time left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tunebench.app.plan import planned_epochs
from tunebench.catalog.feasibility import is_estimator
from tunebench.search.protocols import Listener
from tunebench.search.records import Records
from tunebench.trial import EpochRecord, TrialRequest, TrialResult, better

if TYPE_CHECKING:
    from tunebench.space import Experiment
    from tunebench.training.data import TrainingData


class ProgressView(Listener):
    """A bar of epochs, and above it one line for each trial that ended."""

    def __init__(self, experiment: Experiment, console: Console, *, quiet: bool) -> None:
        self._objective = experiment.search.objective
        self._console, self._quiet = console, quiet
        self._total = planned_epochs(experiment)
        self._done = self._done_before = 0
        self._best: float | None = None
        self._began = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._bars: dict[str, TaskID] = {}
        self._epochs: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def on_decode(self, done: int, total: int) -> None:
        """The store holds `done` of `total` tracks."""
        self._prepared("decoding audio", done, total)

    def on_variants(self, done: int, total: int) -> None:
        """So many of the variants that were missing are computed."""
        self._prepared("shifting and stretching", done, total)

    def _prepared(self, what: str, done: int, total: int) -> None:
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=total, left="")
        self._progress.update(self._bars[what], completed=done)

    def on_data(self, data: TrainingData) -> None:
        """The corpus is ready."""
        split = data.split
        self._say(
            f"{len(data.corpus.tracks)} tracks, {len(data.corpus.classes)} classes, "
            f"{len(data.corpus.quarantined)} quarantined; segments: {len(split.train)} train, "
            f"{len(split.validation)} validation, {len(split.test)} test; leakage: {split.leakage}"
        )
        if split.leakage != "none":
            self._say(f"this split leaks ({split.leakage}): every figure is too good", style="bold red")

    def on_warm_start(self, sources: Sequence[Mapping[str, Any]]) -> None:
        """One line for each earlier search."""
        for source in sources:
            other = "" if source["comparable"] else ", on other data or for another objective"
            self._say(
                f"warm start from {source['name']}: {source['usable']} of {source['configurations']} "
                f"configurations lie in this space{other}"
            )

    def on_resume(self, records: Records) -> None:
        """Count what was done before this process."""
        for record in records.all().values():
            self._done += len(record.epochs)
            if record.result is not None:
                self._skip(record.request, record.result)
                self._note(record.request, record.result.score)
        self._done_before = self._done
        self._say(f"going on after {len(records.trials)} trials, {self._done} epochs")

    def on_start(self, request: TrialRequest) -> None:
        """Show which trial runs."""
        self._began = self._began or time.monotonic()
        if self._epochs is None:
            self._epochs = self._progress.add_task("", total=self._total, left="")
        again = f", attempt {request.attempt}" if request.attempt > 1 else ""
        self._describe(request, f"epoch {request.epochs_from + 1}/{request.epochs_to}{again}")

    def on_epoch(self, request: TrialRequest, record: EpochRecord) -> None:
        """Move the bar."""
        self._done += 1
        self._note(request, record.metrics[self._objective])
        self._describe(request, f"epoch {record.epoch}/{request.epochs_to}")

    def on_lost(self, request: TrialRequest, reason: str) -> None:
        """One line for the attempt."""
        self._say(f"{request.trial:>9} {request.configuration} lost: {reason}")

    def on_result(self, request: TrialRequest, result: TrialResult) -> None:
        """One line for the trial."""
        self._skip(request, result)
        score = "-" if result.score is None else f"{result.score:.4f}"
        where = f"bracket {request.bracket} rung {request.rung}" if request.kind == "trial" else "repeat"
        seconds = sum(result.seconds.values())
        self._say(
            f"{request.trial:>9} {request.configuration} {where:<17} {result.status:<9} "
            f"{self._objective} {score} after epoch {result.epochs_to} ({seconds:.1f} s) "
            f"{_headline(request)} {result.message}"
        )

    def _skip(self, request: TrialRequest, result: TrialResult) -> None:
        """Take off what an ended trial will not train: it failed, or stopped early."""
        self._total -= max(0, request.epochs_to - max(result.epochs_to, request.epochs_from))

    def _note(self, request: TrialRequest, score: float | None) -> None:
        if score is not None and request.kind == "trial" and better(self._objective, score, self._best):
            self._best = score

    def _describe(self, request: TrialRequest, step: str) -> None:
        if self._epochs is None:
            return
        best = "-" if self._best is None else f"{self._best:.4f}"
        where = f"bracket {request.bracket} rung {request.rung}" if request.kind == "trial" else "finalists"
        self._progress.update(
            self._epochs,
            completed=self._done,
            total=max(self._total, self._done),
            description=f"{where} trial {request.trial} {step} best {best}",
            left=self._time_left(),
        )

    def _time_left(self) -> str:
        done = self._done - self._done_before
        if not done:
            return ""
        left = (time.monotonic() - self._began) / done * (self._total - self._done)
        return f"about {left / 60:.0f} min left" if left >= 90 else f"about {max(left, 0):.0f} s left"

    def _say(self, text: str, style: str | None = None) -> None:
        if self._quiet:
            return
        try:
            self._progress.console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)
        except BrokenPipeError:  # nobody listens any more; the search goes on
            self._quiet = True


def _headline(request: TrialRequest) -> str:
    values = request.values
    pace = "" if is_estimator(values) else f" lr {values['learning_rate']:.2g}"
    return f"{values['spectrogram']} {values['backbone']}{pace}"
