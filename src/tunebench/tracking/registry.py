"""Changing MLflow's model registry: versions, the alias `champion`, and the history of its moves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient, artifacts
from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

from tunebench import paths
from tunebench.errors import InputError
from tunebench.tracking import store
from tunebench.tracking.registered import (
    DECISION_TAG,
    FORCED_TAG,
    MOVE_TAG,
    names_in,
    read_model,
    versions_of,
)
from tunebench.tracking.runs import user_name
from tunebench.tracking.version import (
    ALIAS,
    Evidence,
    Judge,
    Move,
    MoveKind,
    Outcome,
    RegisteredModel,
    Verdict,
    Version,
)

PREDICTIONS = "predictions.csv"

_LONGEST = 2_000
"""Characters of a reason; MLflow's tables have room for 5,000."""

_LOCK = "registry.lock"


class Registry:
    """Reads and changes the registered models of one store.

    The alias is one row of the store, so that there is never more than one champion. Each of `add`,
    `challenge` and `rollback` holds a lock beside a SQLite store: of two searches that end at once, the
    second is compared with the champion that the first left. A server or another database knows no such
    lock. There, the champion is read again after the comparison, and the comparison is made anew where it
    changed; two moves within the same milliseconds can still follow each other without having been compared.
    Both stand in the history then, since each move is a tag of its own.
    """

    def __init__(self, client: MlflowClient, uri: str) -> None:
        self._client, self._uri = client, uri

    def names(self) -> list[str]:
        """All registered models, sorted."""
        return names_in(self._client)

    def model(self, name: str) -> RegisteredModel:
        """A registered model with its versions and its history.

        Raises:
            InputError: there is none of this name; names the nearest.
        """
        return read_model(self._client, name, self._uri)

    def find(self, name: str, run_id: str, tags: Mapping[str, str]) -> int | None:
        """The newest version of a run that has these tags, or None."""
        held = [
            int(version.version)
            for version in versions_of(self._client, name)
            if version.run_id == run_id and tags.items() <= version.tags.items()
        ]
        return max(held, default=None)

    def add(self, name: str, model: LoggedModel, run_id: str, tags: Mapping[str, str]) -> int:
        """Register a logged model as a new version; returns its number."""
        with self._locked():
            try:
                self._client.create_registered_model(name)
            except MlflowException as error:
                if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                    raise
            made = self._client.create_model_version(
                name, model.artifact_location, run_id=run_id, tags=dict(tags), model_id=model.model_id
            )
        return int(made.version)

    def challenge(
        self,
        name: str,
        number: int | None,
        judge: Judge,
        *,
        once: bool = False,
        force: bool = False,
        because: str = "",
    ) -> Outcome:
        """Compare a version with the champion, and move the alias to it where it is better.

        The first version becomes the champion without a comparison. The reason, whatever came of it, stands
        as the version's tag `decision`.

        Args:
            name: the registered model.
            number: the challenger; None for the newest version.
            judge: compares the two. It is called under the lock, and again where the champion has changed.
            once: leave a decision that was made before as it is.
            force: move the alias whatever the judge says, which is noted.
            because: why it is forced.

        Raises:
            InputError: there is no such model or version.
        """
        with self._locked():
            while True:
                model = self.model(name)
                challenger = _numbered(model, number)
                if model.champion == challenger.number or (once and challenger.decision is not None):
                    return _unmoved(model, challenger)
                verdict = self._judged(model, challenger, judge)
                if self.model(name).champion == model.champion:
                    break
            return self._settle(model, challenger, verdict, force=force, because=because)

    def rollback(self, name: str) -> Move:
        """Move the alias back to the version that was champion before the present one.

        Raises:
            InputError: there is no such model, or nothing to go back to.
        """
        with self._locked():
            model = self.model(name)
            target = model.before
            if target is None:
                present = "has no champion" if model.champion is None else f"has version {model.champion}"
                raise InputError(
                    f"{name}: nothing to roll back to: it {present} and no earlier champion is left. "
                    f"`tunebench models {name}` lists the versions; "
                    f"`tunebench promote {name} VERSION --force` takes any of them."
                )
            before = "no champion" if model.champion is None else f"version {model.champion}"
            return self._move(model, target, "rollback", f"back from {before}")

    def _judged(self, model: RegisteredModel, challenger: Version, judge: Judge) -> Verdict | None:
        champion = next((version for version in model.versions if version.number == model.champion), None)
        return None if champion is None else judge(self._evidence(challenger), self._evidence(champion))

    def _settle(
        self,
        model: RegisteredModel,
        challenger: Version,
        verdict: Verdict | None,
        *,
        force: bool,
        because: str,
    ) -> Outcome:
        reason = "there was no champion to compare it with" if verdict is None else verdict.reason
        forced = force and verdict is not None and not verdict.better
        moved = verdict is None or verdict.better or forced
        tags = {DECISION_TAG: reason}
        champion = model.champion
        if moved:
            kind: MoveKind = "forced" if forced else "better" if verdict else "first"
            noted = f"{because}; {reason}" if forced and because else reason
            move = self._move(model, challenger.number, kind, noted)
            tags |= {FORCED_TAG: f"by {move.by} at {move.at}: {noted}"} if forced else {}
            champion = self.model(model.name).champion  # as it stands now, whoever moved it last
        for key, value in tags.items():
            self._client.set_model_version_tag(model.name, str(challenger.number), key, value[:_LONGEST])
        return Outcome(
            model.name,
            challenger.number,
            champion,
            model.champion,
            reason,
            moved,
            verdict,
        )

    def _move(self, model: RegisteredModel, to: int, kind: MoveKind, reason: str) -> Move:
        """The alias first: a process that dies before the note leaves a move that the next one tells of."""
        now = datetime.now(UTC)
        move = Move(
            now.isoformat(timespec="seconds"), to, model.champion, kind, reason[:_LONGEST], user_name()
        )
        self._client.set_registered_model_alias(model.name, ALIAS, str(to))
        key = f"{MOVE_TAG}{now:%Y%m%dT%H%M%S.%f}Z.{uuid.uuid4().hex[:8]}"
        self._client.set_registered_model_tag(model.name, key, json.dumps(asdict(move), ensure_ascii=False))
        return move

    def _evidence(self, version: Version) -> Evidence:
        if version.predictions is None:
            return Evidence(version, None, "it was registered without its predictions")
        source = self._client.get_model_version_download_uri(version.model, str(version.number))
        try:
            with TemporaryDirectory() as folder:
                path = artifacts.download_artifacts(
                    artifact_uri=f"{source.rstrip('/')}/{version.predictions}",
                    dst_path=folder,
                    tracking_uri=self._uri,
                )
                return Evidence(version, Path(path).read_text(encoding="utf-8"))
        except (MlflowException, OSError) as error:
            said = " ".join(str(error).split())[:200]
            return Evidence(version, None, f"its predictions cannot be read from {source} ({said})")

    def _locked(self) -> AbstractContextManager[None]:
        return store.locked(self._uri, _LOCK)


@contextmanager
def open_registry(uri: str) -> Iterator[Registry]:
    """The registry of a store, for a command.

    Raises:
        InputError: the store cannot be read or written.
    """
    try:
        client = store.connect(uri)
    except Exception as error:  # of MLflow, SQLAlchemy or a driver: no store, no database, no driver
        raise _unusable(uri, error) from error
    try:
        yield Registry(client, uri)
    except MlflowException as error:
        raise _unusable(uri, error) from error


def _unusable(uri: str, error: Exception) -> InputError:
    said = paths.shown(" ".join(str(error).split()))[:200]
    return InputError(
        f"{paths.shown(uri)}: MLflow's registry cannot be used ({said}). "
        "Name another store with $MLFLOW_TRACKING_URI, or mend or start this one."
    )


def _numbered(model: RegisteredModel, number: int | None) -> Version:
    there = {version.number: version for version in model.versions}
    found = there.get(max(there, default=0) if number is None else number)
    if found is None:
        known = ", ".join(map(str, sorted(there))) or "none"
        raise InputError(
            f"{model.name}: no version {number or ''} of this registered model; its versions are: {known}"
        )
    return found


def _unmoved(model: RegisteredModel, version: Version) -> Outcome:
    reason = version.decision or "it is the champion already"
    return Outcome(model.name, version.number, model.champion, model.champion, reason, moved=False)
