"""Fetching a registered model's bundle."""

from __future__ import annotations

import re
from pathlib import Path

from mlflow import MlflowClient, artifacts
from mlflow.exceptions import MlflowException

from tunebench.errors import InputError

_ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def download_bundle(address: str, uri: str) -> Path:
    """The bundle of `models:/NAME@ALIAS` or `models:/NAME/VERSION` in the store at `uri`, as a local folder.

    Raises:
        InputError: the address is not one of these, or names no model of this store.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise InputError(
            f"{address}: not the address of a model; write models:/NAME@champion or models:/NAME/1"
        )
    client = MlflowClient(tracking_uri=uri)
    try:
        version = found["version"] or client.get_model_version_by_alias(found["name"], found["alias"]).version
        source = client.get_model_version_download_uri(found["name"], str(version))
        model = Path(artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri))
    except MlflowException as error:
        raise InputError(
            f"{address}: no such model in {uri} ({error.message}); NAME is that of a finished search"
        ) from error
    bundle = next(model.rglob("bundle.json"), None)
    if bundle is None:
        raise InputError(f"{address}: this model was not logged by tunebench: it holds no bundle.json")
    return bundle.parent
