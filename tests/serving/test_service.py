"""The service as its clients meet it: a process, a socket, real files, and clients that mean it no good."""

from __future__ import annotations

import base64
import io
import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import wave
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
import soundfile
from tests.serving.conftest import music
from tests.serving.server import Server

from tunebench.serving.predictor import Predictor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(onnx_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with Server(
        str(onnx_bundle), "--max-mb", "2", "--max-seconds", "20", "--max-receive", "2", home=home
    ) as it:
        yield it


@pytest.fixture(scope="module")
def expected(onnx_bundle: Path, clip: Path) -> dict[str, float]:
    said = Predictor.load(onnx_bundle).predict(clip)
    return dict(zip(said.classes, said.probabilities.tolist(), strict=True))


def encoded(samples: np.ndarray, rate_hz: int, format: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=format, subtype=subtype)
    return file.getvalue()


def test_every_way_of_sending_gives_the_predictors_answer(server, clip, expected):
    content = clip.read_bytes()
    answers = [
        server.client.post("/predict", files={"audio": ("high.wav", content, "audio/wav")}),
        server.client.post("/predict", content=content, headers={"content-type": "audio/wav"}),
        server.client.post("/predict", content=content),
        server.client.post("/predict", json={"audio": base64.b64encode(content).decode()}),
        server.client.post("/predict", content=iter([content[:1_000], content[1_000:]])),  # chunked
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["probabilities"] == pytest.approx(expected, abs=1e-6)
        assert said["label"] == "high"
        assert said["duration_s"] == pytest.approx(1.3)
        assert said["confidence"] == max(said["probabilities"].values())


@pytest.mark.parametrize(
    ("format", "subtype", "kind"),
    [("FLAC", None, "audio/flac"), ("OGG", "VORBIS", "audio/ogg"), ("MP3", None, "audio/mpeg")],
)
def test_other_formats(server, format, subtype, kind):
    content = encoded(music(1.3, 44_100, 1_300.0), 44_100, format, subtype)
    answer = server.client.post("/predict", content=content, headers={"content-type": kind})
    assert answer.json()["label"] == "high"


def test_windows_waveform_and_what_the_model_sees(server, clip):
    answer = server.client.post(
        "/predict", params={"windows": True, "spectrogram": True}, content=clip.read_bytes()
    ).json()
    starts_s = [window["start_s"] for window in answer["windows"]]
    assert starts_s == pytest.approx([0.0, 0.3, 0.6, 0.9])
    mean_high = np.mean([window["probabilities"]["high"] for window in answer["windows"]])
    assert mean_high == pytest.approx(answer["probabilities"]["high"], abs=1e-6)
    assert [picture["start_s"] for picture in answer["spectrograms"]] == starts_s
    assert base64.b64decode(answer["spectrograms"][0]["png"]).startswith(b"\x89PNG")
    assert len(answer["waveform"]["low"]) == len(answer["waveform"]["high"]) > 900
    assert min(answer["waveform"]["low"]) < -0.2


def test_batch_answers_each_file_in_its_place(server, clip, expected):
    names = ["a.wav", "../../etc/passwd", "b.wav"]
    contents = [clip.read_bytes(), b"root:x:0:0", clip.read_bytes()]
    files = [("audio", (name, content)) for name, content in zip(names, contents, strict=True)]
    found = server.client.post("/predict/batch", files=files).json()["predictions"]
    assert [row["file"] for row in found] == names
    assert "not audio" in found[1]["error"]
    for row in (found[0], found[2]):
        assert row["probabilities"] == pytest.approx(expected, abs=1e-6)


def hostile() -> dict[str, tuple[bytes, str]]:
    """Content that must be refused, and a part of the sentence that refuses it."""
    rng = np.random.default_rng(1)
    tone = music(1.0, 8_000, 400.0)
    good = encoded(tone, 8_000, "WAV")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a.wav", good)
    many = io.BytesIO()
    with wave.open(many, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"")
    return {
        "nothing": (b"", "no bytes"),
        "a text": (b"hello, I am a song\n" * 50, "not audio"),
        "noise": (rng.bytes(50_000), "not audio"),
        "a ZIP of a WAV": (zipped.getvalue(), "not audio"),
        "a playlist of a local file": (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", "not audio",
        ),
        "a concat script": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not audio"),
        "not a number": (encoded(np.full(8_000, np.nan, np.float32), 8_000, "WAV", "FLOAT"), "NaN"),
        "silence": (encoded(np.zeros(8_000), 8_000, "WAV"), "silent"),
        "too short": (encoded(tone[:400], 8_000, "WAV"), "too short"),
        "no samples": (many.getvalue(), "no samples"),
        "an hour in a small file": (
            encoded(np.r_[tone[:, 0], np.zeros(8_000 * 3_600)], 8_000, "FLAC"), "lasts over 20 s",
        ),
    }  # fmt: skip


HOSTILE = hostile()


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_content_is_refused_in_a_sentence(server, what):
    content, reason = HOSTILE[what]
    assert len(content) < 2 * 2**20
    begun = time.perf_counter()
    answer = server.client.post("/predict", content=content, headers={"content-type": "audio/wav"})
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]
    assert "/tmp" not in answer.text
    assert time.perf_counter() - begun < 10
    assert server.client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3"])
def test_damaged_audio_is_answered_or_refused(server, format, keep):
    """As in a corpus: a WAV that was cut off is used as far as it goes; what cannot be read is not."""
    content = encoded(music(2.0, 8_000, 1_300.0), 8_000, format)
    cut = content[: int(len(content) * keep)]
    lying = bytearray(content)
    lying[4:8] = struct.pack("<I", 2**31 - 1)
    flipped = bytearray(content)
    for at in range(200, len(flipped), 97):
        flipped[at] ^= 0xFF
    for damaged in (cut, bytes(lying), bytes(flipped)):
        answer = server.client.post("/predict", content=damaged)
        assert answer.status_code in (200, 422)
        if answer.status_code == 422:
            assert "cannot be used" in answer.json()["detail"]
    assert server.client.get("/health").status_code == 200


def test_wrong_requests_are_refused_in_a_sentence(server, clip):
    post = server.client.post
    cases = [
        (post("/predict", json={"audio": "%%%"}), 422, "base64"),
        (post("/predict", json={"sound": "AAAA"}), 422, "base64"),
        (post("/predict", content=b"{", headers={"content-type": "application/json"}), 422, "base64"),
        (
            post("/predict", content=b"x", headers={"content-type": "text/html"}),
            415,
            "text/html is not taken",
        ),
        (post("/predict", files={"sound": ("a.wav", b"x")}), 422, "'audio'"),
        (post("/predict", files=[("audio", ("a", b"x")), ("audio", ("b", b"x"))]), 422, "Too many files"),
        (post("/predict", content=b"x", headers={"content-type": "multipart/form-data"}), 422, "form"),
        (post("/predict?windows=perhaps", content=clip.read_bytes()), 422, "windows"),
        (post("/predict/link", json={"url": "http://example.org/a.wav"}), 403, "--links"),
        (post("/predict", content=b"\0" * (2 * 2**20 + 1)), 413, "2 MB"),
        (post("/predict", content=iter([b"\0" * 2**20] * 3)), 413, "2 MB"),
        (post("/predict/batch", files=[("audio", (str(i), b"\0" * 2**20)) for i in range(3)]), 413, "2 MB"),
        (server.client.get("/static/..%2f..%2fpredictor.py"), 404, ""),
        (server.client.get("/static/nothing.js"), 404, "no such page"),
        (server.client.get("/predict"), 405, ""),
    ]
    for answer, status, part in cases:
        assert answer.status_code == status, (answer.request.url, answer.text)
        assert part in answer.json()["detail"]


def raw(server: Server, *parts: bytes) -> bytes:
    """Bytes over a bare socket, and all that comes back before the connection ends."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            for part in parts:
                connection.sendall(part)
        received = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received


def test_huge_header_ends_the_connection(server):
    answer = raw(server, b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 5_000_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 4") or answer == b""
    assert server.client.get("/health").status_code == 200


def test_slow_body_is_given_up(server):
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n"
    begun = time.perf_counter()
    answer = raw(server, head, b"RIFF")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"over 2 s" in answer
    assert 1.5 < time.perf_counter() - begun < 8


def test_connection_that_sends_nothing_is_closed(server):
    begun = time.perf_counter()
    assert raw(server, b"GET /hea") == b""
    assert 8 < time.perf_counter() - begun < 18


def test_client_that_leaves_early_harms_nobody(server, clip):
    host, port = server.url.removeprefix("http://").split(":")
    for _ in range(5):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\nRIFF"
            )
    assert server.client.post("/predict", content=clip.read_bytes()).status_code == 200


def test_killed_decoder_is_replaced(server, clip):
    workers = [p for p in psutil.Process(server.process.pid).children() if "decode_worker" in p.cmdline()[-1]]
    assert workers
    for worker in workers:
        worker.kill()
    statuses = [server.client.post("/predict", content=clip.read_bytes()).status_code for _ in range(6)]
    assert statuses[-1] == 200
    assert all(status in (200, 422) for status in statuses)


def test_pages_of_the_model(server):
    about = server.client.get("/model").json()
    assert about["classes"] == ["high", "low"]
    assert about["runtime"] == "onnx"
    assert about["metrics"]["accuracy"] == {"value": 0.9, "low": 0.8, "high": 1.0}
    assert about["limits"] == {"bytes": 2 * 2**20, "seconds": 20.0}
    assert server.client.get("/model/confusion").json()["matrix"] == [[7, 1], [0, 8]]
    assert "<h1>tones</h1>" in server.client.get("/model/card").json()["html"]
    assert server.client.get("/ready").json()["status"] == "ready"
    page = server.client.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert server.client.get("/static/app.js").headers["content-type"].startswith("text/javascript")


def test_openapi_describes_what_is_taken(server):
    paths = server.client.get("/openapi.json").json()["paths"]
    assert {"/predict", "/predict/batch", "/predict/link", "/health", "/ready", "/model", "/metrics"} <= set(
        paths
    )
    taken = paths["/predict"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "application/json", "audio/*"} <= set(taken)


def test_metrics_count_answers(server, clip):
    def counted() -> float:
        text = server.client.get("/metrics").text
        row = next(
            line for line in text.splitlines() if line.startswith('tunebench_answers_total{label="high"}')
        )
        return float(row.split()[-1])

    server.client.post("/predict", content=clip.read_bytes())
    before = counted()
    server.client.post("/predict", content=clip.read_bytes())
    assert counted() == before + 1
    text = server.client.get("/metrics").text
    assert 'tunebench_model_info{name="tones",runtime="onnx"' in text
    assert 'tunebench_requests_total{route="/predict",status="200"}' in text


def test_drift_is_seen_and_told(onnx_bundle, clip, tmp_path):
    """All it hears is one high tone: the classes differ from the reference, where half were low."""
    with Server(str(onnx_bundle), home=tmp_path) as server:
        assert server.client.get("/drift").json()["enough"] is False
        content = encoded(music(10.0, 8_000, 1_300.0), 8_000, "WAV")
        until = time.monotonic() + 20
        while not (told := server.client.get("/drift").json())["enough"] and time.monotonic() < until:
            server.client.post("/predict", content=content)  # not every one is noted, nor at once
        assert told["enough"] is True
        rows = {row["name"]: row for row in told["statistics"]}
        assert rows["class"]["drifted"] is True
        assert "class" in told["summary"]
        assert 'tunebench_drifted{statistic="class"} 1.0' in server.client.get("/metrics").text


def test_token(onnx_bundle, clip, tmp_path):
    secret = "s3cret-of-this-test"
    with Server(str(onnx_bundle), home=tmp_path, environment={"TUNEBENCH_TOKEN": secret}) as server:
        client = server.client
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code == 200
        refused = client.post("/predict", content=clip.read_bytes())
        assert refused.status_code == 401
        assert "Bearer" in refused.headers["www-authenticate"]
        assert client.get("/model", headers={"authorization": "Bearer wrong"}).status_code == 401
        bearing = {"authorization": f"Bearer {secret}"}
        assert client.post("/predict", content=clip.read_bytes(), headers=bearing).status_code == 200
        server.end()
        assert secret not in server.said


def test_full_queue_answers_429_and_goes_on(onnx_bundle, tmp_path):
    content = encoded(music(600.0, 8_000, 500.0), 8_000, "FLAC")
    with Server(str(onnx_bundle), "--queue", "2", home=tmp_path) as server:
        statuses: list[int] = []

        def post() -> None:
            try:
                answer = httpx.post(f"{server.url}/predict", content=content, timeout=60)
            except httpx.WriteError:  # it was answered, and the connection ended, before all was sent
                statuses.append(429)
                return
            statuses.append(answer.status_code if answer.headers.get("retry-after", "1") == "1" else 0)

        threads = [threading.Thread(target=post) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(statuses) == 12
        assert set(statuses) == {200, 429}
        assert httpx.post(f"{server.url}/predict", content=content, timeout=60).status_code == 200


def test_sigterm_under_load_answers_all_that_was_accepted(onnx_bundle, clip, tmp_path):
    content = clip.read_bytes()
    with Server(str(onnx_bundle), home=tmp_path) as server:
        answered, failed = [], []

        def load() -> None:
            with httpx.Client(base_url=server.url, timeout=30) as client:
                while True:
                    try:
                        answered.append(client.post("/predict", content=content).status_code)
                    except httpx.TransportError as error:
                        failed.append(error)
                        return

        threads = [threading.Thread(target=load) for _ in range(16)]
        for thread in threads:
            thread.start()
        time.sleep(2)
        assert server.end(signal.SIGTERM) == 0
        for thread in threads:
            thread.join()
        assert set(answered) == {200}
        assert f"{len(answered)} of {len(answered)} accepted requests were answered" in server.said


def test_sigkill_and_restart_answers_soon_and_leaves_no_upload(onnx_bundle, clip, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with Server(str(onnx_bundle), home=tmp_path) as server:
        assert server.client.post("/predict", content=clip.read_bytes()).status_code == 200
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.end(signal.SIGKILL)
        psutil.wait_procs(children, timeout=10)
        assert not any(child.is_running() for child in children)
    assert len(list((tmp_path / "temporary").glob("tunebench-serve-*"))) == 1
    begun = time.perf_counter()
    with Server(str(onnx_bundle), home=tmp_path) as server:
        assert server.client.post("/predict", content=clip.read_bytes()).status_code == 200
        assert time.perf_counter() - begun < 10
        server.end()
    assert list((tmp_path / "temporary").glob("tunebench-serve-*")) == []


def test_model_is_swapped_under_load_and_back(onnx_bundle, clip, tmp_path):
    """The folder that is served is replaced: no request fails, and each answer names its model."""
    served, other = tmp_path / "served", tmp_path / "other"
    shutil.copytree(onnx_bundle, served)
    shutil.copytree(onnx_bundle, other)
    described = json.loads((other / "tunebench.json").read_text())
    described["classes"] = ["High", "Low"]
    (other / "tunebench.json").write_text(json.dumps(described))
    link = tmp_path / "winner"
    link.symlink_to(served)
    content = clip.read_bytes()
    with Server(str(link), "--poll", "0.2", home=tmp_path) as server:
        first = server.client.get("/ready").json()["version"]

        def swap(to: Path) -> dict[str, set[str]]:
            """The labels by version that were heard until the other model answers."""
            (tmp_path / "new").symlink_to(to)
            (tmp_path / "new").rename(link)
            heard: dict[str, set[str]] = {}
            until = time.perf_counter() + 20
            before = server.client.get("/ready").json()["version"]
            while time.perf_counter() < until and set(heard) <= {before}:
                answer = server.client.post("/predict", content=content)
                assert answer.status_code == 200
                said = answer.json()
                heard.setdefault(said["model"]["version"], set()).add(said["label"])
            return heard

        there = swap(other)
        assert there[first] <= {"high"}
        assert {"High"} in there.values()
        threads = psutil.Process(server.process.pid).num_threads()
        back = swap(served)
        assert (
            psutil.Process(server.process.pid).num_threads() <= threads
        )  # nothing of the other model is left
        assert back[first] == {"high"}
        assert "tunebench_model_swaps_total 2.0" in server.client.get("/metrics").text


def test_broken_model_does_not_take_its_place(onnx_bundle, clip, tmp_path):
    served = tmp_path / "served"
    shutil.copytree(onnx_bundle, served)
    with Server(str(served), "--poll", "0.2", home=tmp_path) as server:
        version = server.client.get("/ready").json()["version"]
        (served / "model.onnx").write_bytes(b"not one")
        described = json.loads((served / "tunebench.json").read_text())
        (served / "tunebench.json").write_text(json.dumps(described | {"versions": {"tunebench": "9"}}))
        time.sleep(2)
        answer = server.client.post("/predict", content=clip.read_bytes())
        assert answer.status_code == 200
        assert answer.json()["model"]["version"] == version


def test_files_of_two_models_are_not_served_together(onnx_bundle, clip, tmp_path):
    """A bundle copied file by file into the place of another: neither half of it ever answers."""
    served = tmp_path / "served"
    shutil.copytree(onnx_bundle, served)
    with np.load(onnx_bundle / "example.npz") as stored:
        of_another = {name: stored[name] for name in stored.files}
    of_another["probabilities"] = of_another["probabilities"][:, ::-1]
    with Server(str(served), "--poll", "0.2", home=tmp_path) as server:
        version = server.client.get("/ready").json()["version"]
        np.savez(served / "example.npz", **of_another)
        described = json.loads((served / "tunebench.json").read_text())
        (served / "tunebench.json").write_text(json.dumps(described | {"classes": ["High", "Low"]}))
        time.sleep(1)
        assert server.client.post("/predict", content=clip.read_bytes()).json()["label"] == "high"
        assert server.client.get("/ready").json()["version"] == version
        shutil.copy(onnx_bundle / "example.npz", served / "example.npz")  # the description stays as it is
        until = time.monotonic() + 20
        while server.client.get("/ready").json()["version"] == version and time.monotonic() < until:
            time.sleep(0.05)
        assert server.client.post("/predict", content=clip.read_bytes()).json()["label"] == "High"
        server.end()
        assert "files are not of one model" in server.said
        assert "the model is now version" in server.said


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("localhost", 200), ("127.0.0.1:1", 200), ("[::1]:8000", 200), ("LOCALHOST", 200),
        ("songs.example.org", 421), ("", 421), ("[::1", 421), ("localhost.example.org:8000", 421),
    ],
)  # fmt: skip
def test_other_names_are_not_answered_on_loopback(server, given, status):
    """A page of another site whose name was made to point here would give its own name."""
    answer = server.client.get("/health", headers={"host": given})
    assert answer.status_code == status
    if status == 421:
        assert "--allow-host" in answer.json()["detail"]


def test_loads_no_tensorflow_and_binds_to_loopback(server):
    process = psutil.Process(server.process.pid)
    assert not [m.path for m in process.memory_maps() if "tensorflow" in m.path]
    listening = [c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]


def test_card_holds_no_markup_of_the_bundle(onnx_bundle, tmp_path):
    evil = tmp_path / "evil"
    shutil.copytree(onnx_bundle, evil)
    (evil / "README.md").write_text(
        "# <script>alert(1)</script>\n\n[a](javascript:alert(1)) <img src=x onerror=y>"
    )
    with Server(str(evil), home=tmp_path) as server:
        html = server.client.get("/model/card").json()["html"]
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nothing"], "no search named"),
        (["{bundle}", "--form", "savedmodel"], "holds no savedmodel (it holds: onnx)"),
        (["{bundle}", "--token-file", "nowhere"], "cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(onnx_bundle, tmp_path, arguments, part):
    given = [argument.format(bundle=onnx_bundle) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "tunebench", "serve", *given, "--port", "0"],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert part in " ".join(done.stderr.split()).lower()
