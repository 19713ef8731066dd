"""Fetching a registered model's bundle."""

from __future__ import annotations

import re
from pathlib import Path

from mlflow import MlflowClient, artifacts
from mlflow.exceptions import MlflowException

from tunebench import paths
from tunebench.errors import InputError
from tunebench.export import layout

_ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def download_bundle(address: str, uri: str) -> Path:
    """The bundle of `models:/NAME@ALIAS` or `models:/NAME/VERSION` in the store at `uri`, as a local folder.

    Raises:
        InputError: the address is not one of these, or names no model of this store.
    """
    version, name = version_of(address, uri), _parts(address)["name"]
    client = MlflowClient(tracking_uri=uri)
    try:
        source = client.get_model_version_download_uri(name, version)
        model = Path(artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri))
    except MlflowException as error:
        raise _no_such_model(address, uri, error) from error
    folders = [file.parent for file in sorted(model.rglob("*.json"))]
    bundle = next((folder for folder in folders if layout.description(folder)), None)
    if bundle is None:
        raise InputError(
            f"{address}: this model was not logged by tunebench: it holds no {layout.DESCRIPTION}"
        )
    return bundle


def version_of(address: str, uri: str) -> str:
    """The version that `models:/NAME@ALIAS` or `models:/NAME/VERSION` names now.

    Raises:
        InputError: the address is not one of these, or names no model of this store.
    """
    found = _parts(address)
    if found["version"]:
        return found["version"]
    try:
        named = MlflowClient(tracking_uri=uri).get_model_version_by_alias(found["name"], found["alias"])
    except MlflowException as error:
        raise _no_such_model(address, uri, error) from error
    return str(named.version)


def _parts(address: str) -> re.Match[str]:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise InputError(
            f"{address}: not the address of a model; write models:/NAME@champion or models:/NAME/1"
        )
    return found


def _no_such_model(address: str, uri: str, error: MlflowException) -> InputError:
    return InputError(
        f"{address}: no such model in {paths.shown(uri)} ({paths.shown(error.message)}); "
        "NAME is that of a finished search"
    )
