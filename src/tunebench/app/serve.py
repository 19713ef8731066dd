"""A model behind HTTP: finding it, watching for another, and running the service."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tunebench import paths
from tunebench.app.models import find_bundle
from tunebench.errors import InputError
from tunebench.export import layout
from tunebench.serving.limits import Limits
from tunebench.serving.loaded import Located
from tunebench.serving.metrics import Metrics
from tunebench.serving.predictor import UNSURE_BELOW
from tunebench.serving.service import Service

_LOCAL_NAMES = ("127.0.0.1", "::1", "localhost")
POLL_S = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a model is served; the defaults are safe on a machine of one's own.

    `hosts` are names that a service on loopback without a token goes by, beside the machine's own for itself.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    form: str | None = None
    limits: Limits | None = None
    unsure_below: float = UNSURE_BELOW
    token: str | None = None
    hosts: tuple[str, ...] = ()
    links: bool = False
    private_links: bool = False
    poll_s: float = POLL_S


def serve(
    model: str,
    settings: Settings,
    *,
    on_listening: Callable[[int, Service], None] = lambda port, service: None,
) -> Metrics:
    """Serve a model until SIGTERM or SIGINT.

    Args:
        model: a bundle's folder, a search's name, or a `models:/` address; where an alias moves, or another
            winner takes the search's place, the service changes to it.
        settings: how.
        on_listening: receives the port and the service once requests are answered.

    Returns:
        What was counted.

    Raises:
        InputError: there is no such model, or it knows no audio.
    """
    from tunebench.serving.http import create_app
    from tunebench.serving.links import YtDlpLinks
    from tunebench.serving.server import run, spool_folder

    limits = settings.limits or Limits()
    links = YtDlpLinks(limits.bytes, private=settings.private_links) if settings.links else None
    service = Service(locator(model), form=settings.form, limits=limits, unsure_below=settings.unsure_below)
    with spool_folder() as spool:
        app = create_app(
            service, spool=spool, links=links, token=settings.token, poll_s=settings.poll_s,
            hosts=_names(settings) if is_loopback(settings.host) and settings.token is None else None,
        )  # fmt: skip
        run(
            app, host=settings.host, port=settings.port,
            on_listening=lambda port: on_listening(port, service),
        )  # fmt: skip
    return service.metrics


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _names(settings: Settings) -> set[str]:
    """What requests may call the service.

    Raises:
        InputError: `hosts` holds what is no name.
    """
    names = {*_LOCAL_NAMES, settings.host.lower()}
    for given in settings.hosts:
        try:
            name = urlsplit(f"//{given}").hostname
        except ValueError:
            name = None
        if not name:
            raise InputError(
                f"--allow-host {given!r}: not the name of a host; write it as in songs.example.org."
            )
        names.add(name)
    return names


def locator(model: str) -> Callable[[], Located]:
    """A function that finds the model as it stands when it is called."""
    if model.startswith("models:/"):
        return _Registered(model)
    return lambda: _in_folder(find_bundle(model))


def _in_folder(folder: Path) -> Located:
    described = layout.description(folder)
    content = described.read_bytes() if described else b""
    return Located(folder, hashlib.sha256(content).hexdigest()[:8], _stamp(folder))


def _stamp(folder: Path) -> str:
    """Changes with any of the folder's files: they may arrive one after another."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != layout.CARD)
    states = [(str(path), (state := path.stat()).st_size, state.st_mtime_ns, state.st_ino) for path in files]
    return hashlib.sha256(repr(states).encode()).hexdigest()


class _Registered:
    """A registered model: what its address names now, downloaded once a version."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._known: Located | None = None

    def __call__(self) -> Located:
        from tunebench.tracking.download import download_bundle, version_of

        version = version_of(self._address, paths.tracking_uri())
        if self._known is None or self._known.version != version:
            name = self._address.removeprefix("models:/").partition("@")[0].partition("/")[0]
            folder = download_bundle(f"models:/{name}/{version}", paths.tracking_uri())
            self._known = Located(folder, version, stamp=version)
        return self._known
