"""The registered models: what there is, which one is the champion, and moving that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tunebench import paths
from tunebench.errors import DataError, InputError
from tunebench.evaluation.predictions import from_csv
from tunebench.evaluation.promotion import Contender, Decision, decide
from tunebench.tracking import store
from tunebench.tracking.version import Evidence, Move, Outcome, RegisteredModel

if TYPE_CHECKING:
    from tunebench.tracking.registry import Registry


def judge(challenger: Evidence, champion: Evidence) -> Decision:
    """Compare two versions by what they said of the test side."""
    return decide(_contender(challenger), _contender(champion))


def registered_models() -> list[RegisteredModel]:
    """All registered models of the store, by name; none where nothing was ever written to it.

    Raises:
        InputError: the store cannot be read.
    """
    if store.is_missing(paths.tracking_uri()):
        return []
    with _registry() as registry:
        return [registry.model(name) for name in registry.names()]


def registered_model(name: str) -> RegisteredModel:
    """One registered model with its versions and its history.

    Raises:
        InputError: there is none of this name, or the store cannot be read.
    """
    with _registry() as registry:
        return registry.model(name)


def promote_model(
    name: str, version: int | None = None, *, force: bool = False, because: str = ""
) -> Outcome:
    """Compare a version with the champion on the test side, and move the alias to it if it is better.

    Args:
        name: the registered model.
        version: its number; the newest if None.
        force: move the alias all the same; who did, when and why stands in the version's tag `forced`.
        because: the reason, where it is forced.

    Returns:
        How it ended; `verdict` is the `Decision` with the comparison, where there was something to compare.

    Raises:
        InputError: there is no such model or version, or the store cannot be read or written.
    """
    with _registry() as registry:
        return registry.challenge(name, version, judge, force=force, because=because)


def rollback_model(name: str) -> Move:
    """Move the alias back to the version that was champion before; again, to the one before that.

    Raises:
        InputError: there is no such model or no earlier champion, or the store cannot be read or written.
    """
    with _registry() as registry:
        return registry.rollback(name)


def forcing(outcome: Outcome) -> str:
    """The command that moves the alias in spite of the comparison."""
    return f"tunebench promote {outcome.model} {outcome.version} --force"


@contextmanager
def _registry() -> Iterator[Registry]:
    uri = paths.tracking_uri()
    if store.is_missing(uri):
        raise InputError(
            f"{paths.shown(uri)}: no registered model yet; run `tunebench search SPACE.yaml`, which "
            "registers its winner, or name another store with $MLFLOW_TRACKING_URI"
        )
    store.set_defaults()
    from tunebench.tracking.registry import open_registry

    with open_registry(uri) as registry:
        yield registry


def _contender(evidence: Evidence) -> Contender:
    version, predictions, missing = evidence.version, None, evidence.missing
    if evidence.predictions is not None:
        try:
            predictions = from_csv(evidence.predictions, version.predictions or "predictions")
        except DataError as error:
            missing = str(error)
    return Contender(
        f"version {version.number}",
        version.test_side,
        version.split_hash,
        predictions,
        version.leakage,
        missing,
    )
