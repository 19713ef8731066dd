"""Why a file is not used: the verdict that becomes a row of the quarantine table."""

from __future__ import annotations

from enum import StrEnum

from tunebench.errors import DataError


class Fault(StrEnum):
    """What is wrong with a file."""

    EMPTY = "empty"
    INACCESSIBLE = "inaccessible"
    NON_FINITE = "non-finite"
    SILENT = "silent"
    TOO_LONG = "too long"
    TOO_SHORT = "too short"
    UNREADABLE = "unreadable"


class RejectedAudioError(DataError):
    """A file that cannot be used. Its text is "<fault>: <detail>".

    A fault of the file itself lasts, and is remembered in the store; `INACCESSIBLE` is one of the
    moment (a permission, a lost network drive) and is looked at again next time.
    """

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.fault}: {self.detail}"

    @property
    def lasting(self) -> bool:
        """Whether the verdict holds as long as the file's content does."""
        return self.fault is not Fault.INACCESSIBLE
