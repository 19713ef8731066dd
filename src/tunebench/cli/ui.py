"""`tunebench ui`."""

from __future__ import annotations

from typing import Annotated

import typer


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
) -> None:
    """Open MLflow's own UI on the trials of this folder's searches.

    Example: tunebench ui --port 5001
    """
    from tunebench import paths
    from tunebench.tracking.ui import serve

    serve(paths.tracking_uri(), paths.artifacts(), host=host, port=port)
