"""`tunebench serve`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[str, typer.Argument(help="A bundle's folder, a search's name, or a models:/ address.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    form: Annotated[
        str | None, typer.Option(help="Which form of the bundle answers; default: the quickest.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file with the bearer token; or set TUNEBENCH_TOKEN."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name by which a proxy on this machine asks for the service; can be repeated.",
        ),
    ] = None,
    links: Annotated[bool, typer.Option("--links", help="Take links, by yt-dlp.")] = False,
    private_links: Annotated[
        bool, typer.Option("--private-links", help="Links into this network too: in a closed one alone.")
    ] = False,
    max_mb: Annotated[float, typer.Option(min=0.01, help="Largest upload (MB).")] = 32.0,
    max_seconds: Annotated[float, typer.Option(min=0.1, help="Longest recording (s).")] = 600.0,
    max_receive_s: Annotated[
        float, typer.Option("--max-receive", min=0.1, help="Longest time that sending one may take (s).")
    ] = 30.0,
    queue: Annotated[int, typer.Option(min=1, help="Requests at work or waiting before 429.")] = 256,
    unsure_below: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Confidence under which an answer is unsure.")
    ] = 0.5,
    poll_s: Annotated[
        float, typer.Option("--poll", min=0.0, help="How often to look for another model (s); 0: never.")
    ] = 5.0,
) -> None:
    """Answer over HTTP, and in a browser, what a recording is.

    The service changes to another model by itself where the alias of a models:/ address moves.

    Example: tunebench serve models:/music@champion --port 8000
    """
    from tunebench.app.serve import Settings, is_loopback
    from tunebench.app.serve import serve as run
    from tunebench.serving.limits import Limits
    from tunebench.serving.service import Service

    logging.basicConfig(format="%(levelname)s: %(message)s")
    logging.getLogger("tunebench.serving").setLevel(logging.INFO)
    token = _token(token_file)
    if not is_loopback(host) and token is None:
        typer.secho(
            f"warning: {host} can be reached from other machines, and no token is asked for; "
            "set TUNEBENCH_TOKEN, or give --token-file.",
            fg="yellow",
            err=True,
        )

    def listening(at: int, service: Service) -> None:
        loaded = service.loaded
        way = loaded.runner.way
        rates = {one.way: one.rate for one in loaded.measured}
        speed = f", {rates[way]:.0f} windows a second" if way in rates else ""
        typer.echo(
            f"{service.name(loaded)} {loaded.version} as {loaded.form}: models {way.models}, threads of each "
            f"{way.threads}, windows at a time {way.batch}{speed}"
        )
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"http://{shown}:{at}  (page), /predict, /metrics, /openapi.json")

    counted = run(
        model,
        Settings(
            host=host,
            port=port,
            form=form,
            limits=Limits(
                bytes=int(max_mb * 2**20), seconds=max_seconds, receive_s=max_receive_s, waiting=queue
            ),
            unsure_below=unsure_below,
            token=token,
            hosts=tuple(allow_host or ()),
            links=links or private_links,
            private_links=private_links,
            poll_s=poll_s,
        ),
        on_listening=listening,
    )
    typer.echo(f"stopped; {counted.answered} of {counted.accepted} accepted requests were answered")


def _token(file: Path | None) -> str | None:
    import os

    from tunebench.errors import InputError

    if file is None:
        return os.environ.get("TUNEBENCH_TOKEN") or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"--token-file {file}: cannot be read ({error.strerror}).") from error
    if not token:
        raise InputError(f"--token-file {file}: is empty. Write one line with the token into it.")
    return token
