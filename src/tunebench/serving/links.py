"""Audio behind a link, fetched by yt-dlp in a process that can reach public addresses alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.parse import urlsplit

from tunebench.errors import DataError, MissingDependencyError


class Links(Protocol):
    """Fetches what a link points to."""

    def fetch(self, url: str, into: Path, longest_s: float) -> str:
        """Write the audio behind `url` to the file `into`, and return its title.

        Raises:
            DataError: the address is refused, or nothing usable is behind it.
        """
        ...


@dataclass(frozen=True, slots=True)
class YtDlpLinks:
    """Fetches http(s) links.

    Args:
        most_bytes: of what is fetched.
        timeout_s: of all of it.
        private: whether addresses of this machine and its network are taken too: in a closed network alone.
    """

    most_bytes: int
    timeout_s: float = 60.0
    private: bool = False

    def __post_init__(self) -> None:
        if find_spec("yt_dlp") is None:
            raise MissingDependencyError(
                "--links needs the package 'yt-dlp'. Install it with: pip install 'tunebench[links]'"
            )

    def fetch(self, url: str, into: Path, longest_s: float) -> str:
        """Write the audio behind `url` to the file `into`, and return its title.

        Raises:
            DataError: the address is refused, or nothing usable is behind it.
        """
        check(url)
        with TemporaryDirectory(dir=into.parent) as folder:  # removed though the process be killed
            request = {
                "url": url, "into": str(into), "folder": folder, "most_bytes": self.most_bytes,
                "longest_s": longest_s, "private": self.private,
            }  # fmt: skip
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "tunebench.serving.fetch_worker"],
                    input=json.dumps(request), capture_output=True, text=True, timeout=self.timeout_s,
                    check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise DataError(f"fetching it took over {self.timeout_s:g} s") from None
        try:
            answer = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            raise DataError("it could not be fetched") from None
        if "refused" in answer:
            raise DataError(answer["refused"])
        return str(answer["title"])


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
