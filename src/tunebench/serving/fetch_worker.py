"""A process that fetches one link: `python -m tunebench.serving.fetch_worker`, a JSON request on its input.

Whatever yt-dlp asks for, the first page, a redirect, a segment, goes through `socket.connect`, which refuses
addresses that are not public. So a name that points to this network is refused however it is written.
"""

from __future__ import annotations

import ipaddress
import json
import math
import resource
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""All that is assigned in IPv6; what Python calls public of the rest depends on its release."""
_KEPT_OUT = (
    ipaddress.ip_network("3fff::/20"),  # for documents (RFC 9637)
    ipaddress.ip_network("168.63.129.16/32"),  # a cloud's own services, under an address like any other
)
_MEMORY_BYTES = 2**30
_REFUSED = "its address is not public, and is not fetched"


class NotPublicError(OSError):
    """A connection to an address that is not public."""


def check_address(host: str) -> None:
    """Let pass a public IP address.

    Raises:
        NotPublicError: it is private, local, reserved or none.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        raise NotPublicError(_REFUSED) from None
    if address in _NAT64:
        address = ipaddress.IPv4Address(int(address) % 2**32)
    inner = [address, getattr(address, "ipv4_mapped", None), getattr(address, "sixtofour", None)]
    if not all(one is None or _is_public(one) for one in inner):
        raise NotPublicError(_REFUSED)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if not address.is_global or address.is_multicast or any(address in net for net in _KEPT_OUT):
        return False
    return address.version == 4 or address in _UNICAST


def _is_own(address: Any, family: int) -> bool:
    """Whether it is one of this machine's: a datagram's socket, which sends nothing, is bound to it."""
    with _Socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False  # it cannot be reached either way
        return probe.getsockname()[0] == address[0]


_Socket = socket.socket


class PublicSocket(socket.socket):
    """A socket that connects to public addresses alone."""

    def connect(self, address: Any) -> None:
        """Connect, once the address was looked at: names are resolved before."""
        self._check(address)
        super().connect(address)

    def connect_ex(self, address: Any) -> int:
        """The same, with an error number."""
        self._check(address)
        return super().connect_ex(address)

    def _check(self, address: Any) -> None:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            raise NotPublicError(_REFUSED)
        check_address(str(address[0]))
        if _is_own(address, self.family):
            raise NotPublicError(_REFUSED)


def fetch(request: dict[str, Any]) -> str:
    """Fetch to the file `into` by way of the empty `folder`, and return the title."""
    sys.modules["curl_cffi"] = None  # pyright: ignore[reportArgumentType]  (its sockets are not Python's)
    import yt_dlp

    folder = Path(request["folder"])
    options: Any = {
        "quiet": True, "no_warnings": True, "noplaylist": True, "playlist_items": "1",
        "format": "bestaudio[protocol^=http]/best[protocol^=http]/bestaudio/best",
        "outtmpl": {"default": str(folder / "audio")},
        "max_filesize": request["most_bytes"], "noprogress": True, "cachedir": False, "proxy": "",
        "socket_timeout": 10, "retries": 1, "fragment_retries": 1, "extractor_retries": 1,
        "hls_prefer_native": True, "postprocessors": [], "fixup": "never", "enable_file_urls": False,
        "allowed_extractors": ["default"], "updatetime": False, "logger": _Silent(),
        "match_filter": _shorter_than(request["longest_s"]), "overwrites": True, "windowsfilenames": True,
    }  # fmt: skip
    with yt_dlp.YoutubeDL(options) as client:
        info = client.extract_info(request["url"], download=True)
    files = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".part"]
    if len(files) != 1:
        raise ValueError("no audio, or more than is taken, is behind it")
    shutil.copyfile(files[0], request["into"])
    return str((info or {}).get("title") or "")[:200]


def _shorter_than(longest_s: float) -> Any:
    def check(info: dict[str, Any], *_: Any, **__: Any) -> str | None:
        if info.get("is_live"):
            return "it is a live stream"
        return f"it lasts over {longest_s:g} s" if (info.get("duration") or 0) > longest_s else None

    return check


class _Silent:
    """Keeps what yt-dlp says, of which the last line may be the reason."""

    def debug(self, message: str) -> None:
        """Not kept."""

    info = warning = error = debug


def _reason(error: BaseException) -> str:
    """Why it failed, in one sentence; of a refused address nothing but that."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, NotPublicError) or _REFUSED in str(chain):
            return _REFUSED
        chain = chain.__cause__ or chain.__context__
    said = " ".join(str(error).replace("ERROR: ", "").split())
    return f"it could not be fetched ({said.partition('; please report')[0][:200]})"


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["most_bytes"], request["most_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(
        resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES)
    )  # pages are read and unpacked whole
    processor_s = math.ceil(request["timeout_s"])
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    if not request["private"]:
        socket.socket = PublicSocket
    try:
        answer = {"title": fetch(request)}
    except Exception as error:  # yt-dlp raises its own, urllib's, and more
        answer = {"refused": _reason(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
