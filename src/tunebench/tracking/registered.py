"""Reading registered models out of MLflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.entities import PagedList

from tunebench import paths
from tunebench.errors import InputError
from tunebench.space.suggest import nearest
from tunebench.tracking.version import ALIAS, Move, RegisteredModel, Version

DECISION_TAG, FORCED_TAG = "decision", "forced"
MOVE_TAG = "champion."
"""Tags of the registered model that begin with it are moves, one tag a move: nobody overwrites another's."""

Entity = TypeVar("Entity")


def names_in(client: MlflowClient) -> list[str]:
    """All registered models, sorted."""
    return sorted(
        model.name for model in _all(lambda token: client.search_registered_models(page_token=token))
    )


def versions_of(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions of a registered model as MLflow gives them, in no order."""
    return _all(lambda token: client.search_model_versions(f"name = '{name}'", page_token=token))


def read_model(client: MlflowClient, name: str, uri: str) -> RegisteredModel:
    """A registered model with its versions and its history.

    Raises:
        InputError: there is none of this name in the store at `uri`; names the nearest.
    """
    try:
        held = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        raise _unknown(client, name, uri) from error
    champion = held.aliases.get(ALIAS)
    moves = [Move(**json.loads(text)) for key, text in sorted(held.tags.items()) if key.startswith(MOVE_TAG)]
    versions = sorted(map(_version, versions_of(client, name)), key=lambda version: -version.number)
    return RegisteredModel(name, tuple(versions), None if champion is None else int(champion), tuple(moves))


def _all(page_at: Callable[[str | None], PagedList[Entity]]) -> list[Entity]:
    found: list[Entity] = []
    token: str | None = None
    while True:
        page = page_at(token)
        found += page
        token = page.token
        if not token:
            return found


def _version(held: ModelVersion) -> Version:
    tags: Mapping[str, str] = held.tags
    created = datetime.fromtimestamp((held.creation_timestamp or 0) / 1000, UTC)
    return Version(
        model=held.name,
        number=int(held.version),
        created=created.isoformat(timespec="seconds"),
        run_id=held.run_id,
        split_hash=tags.get("split_hash"),
        test_side=tags.get("test_side"),
        leakage=tags.get("leakage"),
        test_reads=_parsed(tags.get("test_reads")),
        test_accuracy=_parsed(tags.get("test_track_accuracy")),
        predictions=tags.get("predictions"),
        decision=tags.get(DECISION_TAG),
        forced=tags.get(FORCED_TAG),
    )


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _unknown(client: MlflowClient, name: str, uri: str) -> InputError:
    names = names_in(client)
    if close := nearest(name, names):
        there = f"did you mean {close}?"
    elif names:
        there = f"there are: {', '.join(names)}."
    else:
        there = "there is none yet: run `tunebench search SPACE.yaml`, which registers its winner."
    return InputError(f"{name}: no registered model of this name in {paths.shown(uri)}; {there}")
