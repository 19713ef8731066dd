"""Processes that touch what strangers send: started so that nobody else decides what they run or know."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping

_KEPT = (
    "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR",
    "VIRTUAL_ENV",
)  # fmt: skip
"""What they need of this process's environment; its tokens and passwords they do not get."""


def command(module: str) -> list[str]:
    """How to run a module; the folder that the service was started in is not looked into for others."""
    return [sys.executable, "-P", "-m", module]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The variables that such a process sees."""
    own = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | own | dict(more)
