"""The error tree. Every error a user can cause carries where, what, and what to write instead."""

from __future__ import annotations


class TunebenchError(Exception):
    """Root of all errors raised on purpose. `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(TunebenchError):
    """Something the user gave is wrong: a file, a folder, an option."""

    exit_code = 2


class SpaceError(InputError):
    """The YAML file, or the space that it declares, is wrong."""


class DataError(InputError):
    """The audio, the manifest or the split is wrong."""


class MissingDependencyError(InputError):
    """An optional package is not installed."""


class SearchError(TunebenchError):
    """The search itself failed."""


class StorageError(TunebenchError):
    """A disk is full, or a folder cannot be written."""
