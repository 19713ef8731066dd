"""Links: which are fetched, and which never are, however they are written."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import soundfile
from tests.serving.conftest import music

from tunebench.errors import DataError
from tunebench.serving import fetch_worker
from tunebench.serving.apart import environment
from tunebench.serving.fetch_worker import NotPublicError, check_address
from tunebench.serving.links import YtDlpLinks, check


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:0001::", "64:ff9b::7f00:1", "not an address",
        "64:ff9b:1::7f00:1", "fec0::2", "::7f00:1", "::ffff:0:7f00:1", "3fff::1", "5f00::1", "168.63.129.16",
        "2001:0:7f00:1::", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    with pytest.raises(NotPublicError):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]
)
def test_public_addresses(address):
    check_address(address)


def test_this_machines_own_addresses_are_known_whatever_they_are():
    assert fetch_worker._is_own(("127.0.0.1", 80), socket.AF_INET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with suppress(OSError):  # no route: this machine has no other address
            probe.connect(("192.0.2.1", 80))
        own = probe.getsockname()[0]
    if own != "0.0.0.0":
        assert fetch_worker._is_own((own, 80), socket.AF_INET)
    assert not fetch_worker._is_own(("192.0.2.1", 80), socket.AF_INET)


def test_fetching_process_is_given_no_secrets_and_loads_no_plugins(tmp_path, monkeypatch):
    """A plugin in the folder that the service was started in, and in its home, and a secret."""
    for place in (tmp_path / "yt_dlp_plugins" / "extractor", tmp_path / ".yt-dlp" / "plugins" / "evil"):
        place.mkdir(parents=True)
        (place / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "soundfile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TUNEBENCH_TOKEN", "secret")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="not public"):
        fetch(YtDlpLinks(2**20), "http://127.0.0.1:9/a.wav", tmp_path / "out")
    assert not (tmp_path / "ran").exists()
    assert "TUNEBENCH_TOKEN" not in environment({})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "only http"),
        ("ftp://example.org/a.wav", "only http"),
        ("javascript:alert(1)", "only http"),
        ("ytsearch:a song", "only http"),
        ("http://", "only http"),
        ("http://user:secret@example.org/a.wav", "password"),
        ("http://[::1", "not an address"),
        ("http://example.org:99999/", "not an address"),
    ],
)
def test_links_of_another_kind(url, reason):
    with pytest.raises(DataError, match=reason):
        check(url)


def fetch(links: YtDlpLinks, url: str, into: Path) -> str:
    return asyncio.run(links.fetch(url, into, 60.0))


class Handler(BaseHTTPRequestHandler):
    """Serves a sound, a redirect to it, and streams without an end, quick and slow; counts who came."""

    sound = b""
    visits = 0

    def do_GET(self):
        type(self).visits += 1
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("location", f"http://127.0.0.1:{self.server.server_address[1]}/a.wav")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("content-type", "audio/wav")
        if self.path == "/a.wav":
            self.send_header("content-length", str(len(self.sound)))
        self.end_headers()
        try:
            self.wfile.write(self.sound)
            while self.path == "/endless.wav":
                self.wfile.write(b"\0" * 65_536)
            while self.path == "/slow.wav":
                self.wfile.write(b"\0")
                time.sleep(0.1)
        except OSError:
            pass

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "a.wav"
    soundfile.write(path, music(1.0, 8_000, 400.0), 8_000)
    Handler.sound = path.read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        socket.gethostname(),
    ],
)
def test_this_machine_is_not_fetched_however_it_is_written(host, elsewhere, tmp_path):
    Handler.visits = 0
    with pytest.raises(DataError, match=r"not public|could not be fetched"):
        fetch(YtDlpLinks(2**20), f"http://{host}:{elsewhere}/a.wav", tmp_path / "out")
    assert Handler.visits == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_redirect_into_this_machine_is_not_followed(elsewhere, tmp_path, monkeypatch):
    """The first address counts as public here; the second, of another port's number, does not."""
    seen = []

    def check_once(host):
        seen.append(host)
        if len(seen) > 1:
            raise NotPublicError(fetch_worker._REFUSED)

    monkeypatch.setattr(fetch_worker, "check_address", check_once)
    monkeypatch.setattr(fetch_worker, "_is_own", lambda address, family: False)
    monkeypatch.setattr(socket, "socket", fetch_worker.PublicSocket)
    request = {"url": f"http://127.0.0.1:{elsewhere}/redirect", "into": str(tmp_path / "out"),
               "folder": str(tmp_path), "most_bytes": 2**20, "longest_s": 60.0, "private": False}  # fmt: skip
    Handler.visits = 0
    with pytest.raises(Exception) as raised:  # noqa: PT011  (yt-dlp's own)
        fetch_worker.fetch(request)
    assert fetch_worker._reason(raised.value) == fetch_worker._REFUSED
    assert Handler.visits == 1
    assert len(seen) > 1


@pytest.mark.slow
def test_sound_is_fetched_where_private_addresses_are_allowed(elsewhere, tmp_path):
    links = YtDlpLinks(2**20, private=True)
    fetch(links, f"http://127.0.0.1:{elsewhere}/redirect", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == Handler.sound
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_stream_without_an_end_is_cut_off(elsewhere, tmp_path):
    with pytest.raises(DataError, match="fetch"):
        fetch(
            YtDlpLinks(2**20, timeout_s=20, private=True),
            f"http://127.0.0.1:{elsewhere}/endless.wav",
            tmp_path / "out",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_fetch_that_takes_too_long_leaves_nothing(elsewhere, tmp_path):
    with pytest.raises(DataError, match="took over"):
        fetch(
            YtDlpLinks(2**20, timeout_s=4, private=True),
            f"http://127.0.0.1:{elsewhere}/slow.wav",
            tmp_path / "out",
        )
    assert list(tmp_path.iterdir()) == []
