"""Packages that only some uses need: imported late, with the install line where they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from tunebench.errors import MissingDependencyError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import `module`, or say which extra installs it.

    Raises:
        MissingDependencyError: the module cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{purpose} needs the package '{module}', which cannot be imported here ({error}). "
            f"Install it with: pip install 'tunebench[{extra}]'"
        ) from error
