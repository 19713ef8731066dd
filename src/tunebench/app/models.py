"""Finding a model by what a user calls it."""

from __future__ import annotations

from pathlib import Path

from tunebench import paths
from tunebench.app.folder import existing_folder, search_folder
from tunebench.errors import InputError
from tunebench.export import layout


def find_bundle(model: str) -> Path:
    """The bundle's folder of a folder, a search's name, or a `models:/` address.

    Raises:
        InputError: there is no such model.
    """
    if model.startswith("models:/"):
        from tunebench.tracking.download import download_bundle

        return download_bundle(model, paths.tracking_uri())
    if layout.description(Path(model)):
        return Path(model)
    if Path(model).is_dir() and not search_folder(model).journal.exists():
        raise InputError(
            f"{model}: this folder holds no {layout.DESCRIPTION}; name the folder `winner` of a search"
        )
    folder = existing_folder(model)
    if not layout.description(folder.winner):
        raise InputError(
            f"{folder.path}: the search '{model}' has no winner yet; "
            f"run `tunebench search {folder.space}` to its end"
        )
    return folder.winner
