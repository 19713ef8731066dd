"""`tunebench`: one thin module a command. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from tunebench.cli import (
    cluster,
    compare,
    data,
    export,
    models,
    plan,
    predict,
    report,
    schema,
    search,
    serve,
    trials,
    ui,
    validate,
)

app = typer.Typer(
    name="tunebench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

INTERRUPTED = 130
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "KERAS_BACKEND": "tensorflow"}
"""What TensorFlow and Keras read when they are imported, where the user has not set it."""


def _version(asked: bool) -> None:
    if asked:
        from tunebench import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of expected errors too.")] = False,
) -> None:
    """Hyperparameter search for audio classifiers: a YAML file in, a tuned, tested, servable model out.

    Example: tunebench search search_spaces/demo.yaml
    """


app.command("search")(search.search)
app.command("validate")(validate.validate)
app.command("plan")(plan.plan)
app.add_typer(data.app, name="data")
app.command("trials")(trials.trials)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("ui")(ui.ui)
app.command("export")(export.export)
app.command("models")(models.models)
app.command("promote")(models.promote)
app.command("rollback")(models.rollback)
app.command("predict")(predict.predict)
app.command("serve")(serve.serve)
app.command("cluster")(cluster.cluster)
app.command("schema")(schema.schema)


def run() -> None:
    """Entry point: errors that a user can mend are a message and an exit code, never a traceback."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from tunebench.errors import TunebenchError

    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        code = app(arguments, standalone_mode=False)
    except TunebenchError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail_interrupted()
    except OSError as error:
        if debug or error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}. Correct the path, make it writable, or free space.", 1)
    except Exception as error:
        usage = getattr(error, "format_message", None)  # click's own: an unknown option, a missing argument
        if usage is None:
            raise
        error.show()  # type: ignore[attr-defined]
        sys.exit(getattr(error, "exit_code", 2))
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        _fail_interrupted()
    sys.exit(code or 0)


def _fail(message: str, code: int) -> NoReturn:
    typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
    typer.echo(message, err=True)
    sys.exit(code)


def _fail_interrupted() -> NoReturn:
    typer.echo(f"interrupted; the same command goes on where it stopped:\n  {_command()}", err=True)
    sys.exit(INTERRUPTED)


def _command() -> str:
    import shlex

    skip = {"--fresh"}  # a second --fresh would start over instead of going on
    return shlex.join(["tunebench", *(argument for argument in sys.argv[1:] if argument not in skip)])
