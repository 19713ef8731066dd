"""`python -m tunebench`: the command line."""

from __future__ import annotations

from tunebench.cli.main import run

run()
