"""Audio behind a link, fetched by yt-dlp in a process that can reach public addresses alone."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.parse import urlsplit

from tunebench.errors import DataError, MissingDependencyError
from tunebench.serving.apart import command, environment

_AT_ONCE = 2


class Links(Protocol):
    """Fetches what a link points to."""

    async def fetch(self, url: str, into: Path, longest_s: float) -> str:
        """Write the audio behind `url` to the file `into`, and return its title.

        Raises:
            DataError: the address is refused, or nothing usable is behind it.
        """
        ...


@dataclass(frozen=True, slots=True)
class YtDlpLinks:
    """Fetches http(s) links, two at a time; a fetch that is cancelled ends.

    Args:
        most_bytes: of what is fetched.
        timeout_s: of all of it.
        private: whether addresses of this machine and its network are taken too: in a closed network alone.
    """

    most_bytes: int
    timeout_s: float = 60.0
    private: bool = False
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def __post_init__(self) -> None:
        if find_spec("yt_dlp") is None:
            raise MissingDependencyError(
                "--links needs the package 'yt-dlp'. Install it with: pip install 'tunebench[links]'"
            )

    async def fetch(self, url: str, into: Path, longest_s: float) -> str:
        """Write the audio behind `url` to the file `into`, and return its title.

        Raises:
            DataError: the address is refused, or nothing usable is behind it.
        """
        check(url)
        async with self._turns:
            said = await self._fetched(url, into, longest_s)
        try:
            answer = json.loads(said.splitlines()[-1])
        except (IndexError, ValueError):
            raise DataError("it could not be fetched") from None
        if "refused" in answer:
            raise DataError(answer["refused"])
        return str(answer["title"])

    async def _fetched(self, url: str, into: Path, longest_s: float) -> bytes:
        """What the fetching process says."""
        with TemporaryDirectory(dir=into.parent) as folder:  # removed though the process be killed
            request = {
                "url": url, "into": str(into), "folder": folder, "most_bytes": self.most_bytes,
                "longest_s": longest_s, "private": self.private, "timeout_s": self.timeout_s,
            }  # fmt: skip
            # Its home is its own, since yt-dlp loads plugins from there; and there are no programs to start
            own = {"HOME": folder, "TMPDIR": folder, "PATH": os.devnull, "YTDLP_NO_PLUGINS": "1"}
            process = await asyncio.create_subprocess_exec(
                *command("tunebench.serving.fetch_worker"),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=folder, env=environment(own),
                start_new_session=True,  # the terminal's Ctrl-C is the service's to handle
            )  # fmt: skip
            try:
                async with asyncio.timeout(self.timeout_s):
                    said, _ = await process.communicate(json.dumps(request).encode())
            except TimeoutError:
                raise DataError(f"fetching it took over {self.timeout_s:g} s") from None
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return said


def check(url: str) -> None:
    """Let pass what is an http(s) address of a host.

    Raises:
        DataError: it is not.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DataError("the link is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DataError("only http:// and https:// links are taken")
    if parts.username or parts.password:
        raise DataError("a link with a user name or a password in it is not taken")
