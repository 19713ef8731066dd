"""`tunebench schema`."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON Schema of the YAML file, for editors that complete and check it.

    Example: tunebench schema > tunebench.schema.json
    """
    import json

    from tunebench.space.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
