"""Finding a model by what a user calls it."""

from __future__ import annotations

from pathlib import Path

from tunebench import paths
from tunebench.app.folder import existing_folder
from tunebench.errors import InputError


def find_bundle(model: str) -> Path:
    """The bundle's folder of a folder, a search's name, or a `models:/` address.

    Raises:
        InputError: there is no such model.
    """
    if model.startswith("models:/"):
        return _download(model)
    if (Path(model) / "bundle.json").is_file():
        return Path(model)
    if Path(model).is_dir():
        raise InputError(f"{model}: this folder holds no bundle.json; name the folder `winner` of a search")
    folder = existing_folder(model)
    if not (folder.winner / "bundle.json").is_file():
        raise InputError(
            f"{folder.path}: the search '{model}' has no winner yet; run `tunebench search {folder.space}` to its end"
        )
    return folder.winner


def _download(address: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(paths.tracking_uri())
    try:
        model = Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except MlflowException as error:
        raise InputError(
            f"{address}: not in {paths.tracking_uri()} ({error.message}). Write models:/NAME@champion, NAME being "
            "that of a finished search."
        ) from error
    return next(model.rglob("bundle.json")).parent
