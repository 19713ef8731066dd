"""Clients that ask for much, wait for nothing, send nothing more, or go: the service stays small and fair."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import uvicorn
from numpy.typing import NDArray
from tests.serving.conftest import music

from tunebench.errors import DataError
from tunebench.serving import server as serving_server
from tunebench.serving.decoding import DecoderPool
from tunebench.serving.http import create_app
from tunebench.serving.limits import Limits
from tunebench.serving.links import Links
from tunebench.serving.loaded import Located
from tunebench.serving.runner import Runner, Way
from tunebench.serving.server import PatientProtocol
from tunebench.serving.service import Service
from tunebench.serving.uploads import Room

pytestmark = pytest.mark.slow

WAY = Way(models=1, threads=1, batch=1)


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it came true in time."""
    end = time.perf_counter() + seconds
    while not true() and time.perf_counter() < end:
        time.sleep(0.01)
    return true()


def recording(seconds: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, music(seconds, 8_000, 1_300.0), 8_000, format="FLAC")
    return file.getvalue()


class Running:
    """The application on a socket of this process, so that a test can look into its service."""

    def __init__(self, service: Service, spool: Path, links: Links | None) -> None:
        self.service, self.spool = service, spool
        app = create_app(service, spool=spool, links=links)
        config = uvicorn.Config(app, port=0, http=PatientProtocol, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        assert until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def connect(self, *parts: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        for part in parts:
            connection.sendall(part)
        return connection

    def post(self, content: bytes, **params: bool) -> httpx.Response:
        return httpx.post(f"{self.url}/predict", content=content, params=params, timeout=60)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)


@contextmanager
def running(
    bundle: Path,
    spool: Path,
    *,
    limits: Limits | None = None,
    links: Links | None = None,
    form: str | None = None,
) -> Iterator[Running]:
    service = Service(lambda: Located(bundle, "1", "1"), form=form, limits=limits, way=WAY, workers=2)
    it = Running(service, spool, links)
    try:
        yield it
    finally:
        it.stop()


def test_savedmodel_answers_and_shows_what_it_sees(predictor, clip, tmp_path):
    with running(predictor.bundle.folder, tmp_path, form="savedmodel") as it:
        said = it.post(clip.read_bytes(), spectrogram=True).json()
        assert len(said["spectrograms"]) == 4
        expected = predictor.predict(clip).probabilities
        assert list(said["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-6)


class Slow:
    """A model that takes a while for each call, and counts them."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.calls, self._seconds = 0, seconds

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls += 1
        time.sleep(self._seconds * len(windows))
        return np.tile(np.float32([0.8, 0.2]), (len(windows), 1))


def with_model(it: Running, model: Slow) -> None:
    it.service.loaded.runner.close()
    it.service.loaded.runner = Runner(lambda threads: model, WAY)


def head(length: int, path: str = "/predict") -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n".encode()


def test_clip_is_answered_before_a_long_recording_that_came_first(onnx_bundle, tmp_path):
    with running(onnx_bundle, tmp_path) as it:
        with_model(it, model := Slow())
        over: list[str] = []

        def ask(name: str, content: bytes) -> None:
            assert it.post(content).status_code == 200
            over.append(name)

        long = threading.Thread(target=ask, args=("long", recording(60.0)))
        long.start()
        assert until(lambda: model.calls > 2)
        ask("clip", recording(0.5))
        assert over == ["clip"]
        long.join()


def test_client_that_leaves_is_not_worked_for(onnx_bundle, tmp_path):
    with running(onnx_bundle, tmp_path) as it:
        with_model(it, model := Slow())
        content = recording(60.0)
        with it.connect(head(len(content)), content):
            assert until(lambda: model.calls > 2)
        metrics = it.service.metrics
        assert until(lambda: metrics.accepted == 0)
        calls = model.calls
        time.sleep(0.2)
        assert model.calls <= calls + 1
        assert 'status="499"' in httpx.get(f"{it.url}/metrics").text
        assert it.post(recording(0.5)).status_code == 200
        assert (metrics.accepted, metrics.answered) == (1, 1)
        assert until(lambda: not list(tmp_path.iterdir()))


def test_bodies_are_held_up_to_a_limit(onnx_bundle, tmp_path):
    """Two clients hold nearly all there is; a third is sent away, until one of them leaves."""
    with running(onnx_bundle, tmp_path, limits=Limits(held_bytes=100_000)) as it:
        clip = recording(2.0)
        assert 10_000 < len(clip) < 50_000
        first = it.connect(head(90_000), bytes(45_000))
        with it.connect(head(90_000), bytes(45_000)), first:
            time.sleep(0.3)
            refused = it.post(clip)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            first.close()
            assert until(lambda: it.post(clip).status_code == 200)
        assert until(lambda: it.service.metrics.accepted == it.service.metrics.answered)


def test_room_is_never_exceeded_and_one_always_gets_in():
    most: list[int] = []

    async def use(room: Room, count: int, less: int) -> None:
        async with room.taken(count) as keep:
            most.append(room.held)
            await asyncio.sleep(0)
            await keep(less)
            most.append(room.held)
            await asyncio.sleep(0)

    async def all_at_once() -> int:
        room = Room(100)
        await asyncio.gather(*(use(room, 40, 10) for _ in range(30)), use(room, 250, 30))
        return room.held

    assert asyncio.run(all_at_once()) == 0
    assert len(most) == 62
    assert [held for held in most if held > 100] == [250]


def test_batch_whose_client_left_is_given_up_as_a_whole(onnx_bundle, tmp_path):
    """Its files are many and slow to answer: none is at work, and nothing is held, once it is over."""
    with running(onnx_bundle, tmp_path) as it:
        with_model(it, model := Slow())
        files = [("audio", (f"{number}.flac", recording(20.0))) for number in range(12)]
        request = httpx.Request("POST", f"{it.url}/predict/batch", files=files)
        body = request.read()
        kind = request.headers["content-type"]
        begin = head(len(body), "/predict/batch").replace(b"host:", f"content-type: {kind}\r\nhost:".encode())
        with it.connect(begin, body):
            assert until(lambda: model.calls > 2)
        assert until(lambda: it.service.loaded.users == 0)
        assert until(lambda: not list(tmp_path.iterdir()))
        calls = model.calls
        time.sleep(0.2)
        assert model.calls <= calls + 1
        assert it.service.metrics.accepted == 0
        assert it.post(recording(0.5)).status_code == 200


def test_recordings_that_are_decoded_wait_for_each_other(onnx_bundle, tmp_path):
    """However little room there is, all are answered, drawn ones too."""
    with running(onnx_bundle, tmp_path, limits=Limits(decoded_bytes=1)) as it:
        statuses: list[int] = []
        content = recording(5.0)
        threads = [
            threading.Thread(
                target=lambda drawn=number % 2 == 0: statuses.append(
                    it.post(content, spectrogram=drawn).status_code
                )
            )
            for number in range(24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 24


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(serving_server, "PATIENCE_S", 0.3)
    return 0.3


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET /hea"],
        [b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n", b"GE"],
        [b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"],
        [head(1_000, "/health"), b"x"],
    ],
    ids=["half a request", "half a second one", "no second one", "half a body that nobody reads"],
)
def test_connection_of_which_nothing_comes_is_closed(onnx_bundle, tmp_path, impatient, parts):
    with running(onnx_bundle, tmp_path) as it, it.connect(parts[0]) as connection:
        for part in parts[1:]:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 ")
            connection.sendall(part)
        connection.settimeout(5)
        begun = time.perf_counter()
        with suppress(ConnectionResetError):
            while connection.recv(65_536):
                pass
        assert time.perf_counter() - begun < 10 * impatient


def test_connection_that_takes_nothing_of_its_answer_is_closed(onnx_bundle, tmp_path, impatient):
    """Answers of 40 kB are asked for and never read, until the system's buffers are full."""
    del impatient
    asks = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n" * 2_000
    with running(onnx_bundle, tmp_path) as it, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", it.port))
        connection.setblocking(False)
        with suppress(BlockingIOError):
            connection.sendall(asks)
        state = it._server.server_state
        assert until(lambda: len(state.connections) == 1)
        assert until(lambda: not state.connections)


class WaitingLinks:
    """Fetches nothing, until it is told to; counts what was cancelled."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.go = threading.Event()

    async def fetch(self, url: str, into: Path, longest_s: float) -> str:
        self.begun += 1
        try:
            while not self.go.is_set():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        into.write_bytes(recording(1.0))
        return url


def test_links_take_no_places_of_uploads_and_end_with_their_client(onnx_bundle, tmp_path):
    links = WaitingLinks()
    body = b'{"url": "http://example.org/a.wav"}'
    with running(onnx_bundle, tmp_path, limits=Limits(links=2), links=links) as it:
        waiting = it.connect(head(len(body), "/predict/link"), body)
        leaving = it.connect(head(len(body), "/predict/link"), body)
        assert until(lambda: links.begun == 2)
        ask = f"{it.url}/predict/link"
        assert httpx.post(ask, content=body).status_code == 429
        assert it.post(recording(0.5)).status_code == 200
        leaving.close()
        assert until(lambda: links.cancelled == 1)
        links.go.set()
        answer = httpx.post(ask, content=body)
        assert answer.status_code == 200
        assert answer.json()["title"] == "http://example.org/a.wav"
        assert waiting.recv(65_536).startswith(b"HTTP/1.1 200")
        waiting.close()
        wrong = httpx.post(ask, json={"link": 1})
        assert wrong.status_code == 422
        assert "url" in wrong.json()["detail"]


def test_decoders_run_nothing_of_the_folder_they_are_started_in(clip, tmp_path, monkeypatch):
    for name in ("soundfile", "json", "types"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    decoders = DecoderPool(1)
    try:
        assert len(decoders.decode(clip, 8_000, longest_s=60.0, timeout_s=60.0)) == 10_400
    finally:
        decoders.close()
    assert not (tmp_path / "ran").exists()


def test_decoders_work_beside_a_thousand_connections(clip):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, hard), hard))
    held: list[int] = []
    try:
        held += [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
        decoders = DecoderPool(1)
        assert len(decoders.decode(clip, 8_000, longest_s=60.0, timeout_s=60.0)) == 10_400
        decoders.close()
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_closed_decoders_start_no_process_again(clip):
    decoders = DecoderPool(1)
    decoders.decode(clip, 8_000, longest_s=60.0, timeout_s=60.0)
    process = decoders._workers[0].start()
    decoders.close()
    assert process.poll() is not None
    with pytest.raises(RuntimeError, match="closed"):
        decoders.decode(clip, 8_000, longest_s=60.0, timeout_s=60.0)


def test_decoders_that_are_closed_give_up_what_they_are_at(tmp_path):
    """An endless pipe as a file: the decoder waits for it, and is killed."""
    os.mkfifo(tmp_path / "pipe")
    decoders = DecoderPool(1)
    failed: list[Exception] = []

    def decode() -> None:
        try:
            decoders.decode(tmp_path / "pipe", 8_000, longest_s=60.0, timeout_s=60.0)
        except DataError as error:
            failed.append(error)

    thread = threading.Thread(target=decode)
    thread.start()
    time.sleep(0.5)
    begun = time.perf_counter()
    decoders.close()
    thread.join(10)
    assert [str(error) for error in failed] == ["it broke the decoder"]
    assert time.perf_counter() - begun < 4
