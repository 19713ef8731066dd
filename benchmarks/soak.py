"""Half an hour of mixed load, valid and hostile, on one service: every answer checked, memory watched.

    python benchmarks/soak.py BUNDLE --minutes 30 --record

Valid clips are the bundle's reference clips, whole, cut short and joined, in four encodings and three ways of
sending; their answers must be those of `Predictor` for the same file, to 1e-4. Hostile are damaged files,
random bytes, bombs, wrong types, bodies that break off, and silent connections; each must be refused in a
sentence, or be answered where enough of it is audio.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import httpx
import numpy as np
import psutil
import soundfile

from tunebench.serving.predictor import Predictor

RESULTS = Path(__file__).parent / "results" / "soak.md"
VALID_CLIENTS, HOSTILE_CLIENTS = 3, 2
TOLERANCE = 1e-4

Case = tuple[bytes, np.ndarray]
"""A file, and the probabilities that it must get."""


def encoded(samples: np.ndarray, rate_hz: int, format: str) -> bytes:
    """A file in memory."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=format)
    return file.getvalue()


def valid_cases(bundle: Path) -> list[Case]:
    """Files with the answers of the bundle itself, asked in this process."""
    predictor = Predictor.load(bundle)
    clips = [soundfile.read(path, dtype="int16") for path in sorted((bundle / "reference").glob("*.wav"))]
    rate_hz = clips[0][1]
    whole = [samples for samples, _ in clips]
    sounds = [*whole, whole[0][: len(whole[0]) // 3], np.concatenate(whole), np.concatenate(whole * 3)]
    cases: list[Case] = []
    for samples in sounds:
        for format in ("WAV", "FLAC", "OGG", "MP3"):
            content = encoded(samples, rate_hz, format)
            with tempfile.NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                cases.append((content, predictor.predict(Path(file.name)).probabilities))
    return cases


@cache
def bomb() -> bytes:
    """An hour in a small file."""
    return encoded(np.r_[np.full(800, 9_000, np.int16), np.zeros(3_600 * 8_000, np.int16)], 8_000, "FLAC")


def hostile_bodies(good: bytes, rng: random.Random) -> list[bytes]:
    """Content that is no recording, or one no longer."""
    flipped = bytearray(good)
    for _ in range(200):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return [
        b"", b"RIFF", rng.randbytes(rng.randrange(1, 100_000)), good[: rng.randrange(1, len(good))],
        bytes(flipped), bomb(), b"#EXTM3U\nfile:///etc/passwd\n", b"PK\x03\x04" + good,
        encoded(np.zeros(80_000, np.int16), 8_000, "WAV"), b"\0" * (5 * 2**20),
    ]  # fmt: skip


class Soak:
    """The counts of all clients."""

    def __init__(self, url: str, classes: tuple[str, ...], until: float) -> None:
        self.url, self.classes, self.until = url, classes, until
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def note(self, what: str, wrong: str = "") -> None:
        """Count an answer; keep what was wrong with it."""
        with self._lock:
            self.counts[what] += 1
            if wrong:
                self.wrong.append(wrong)

    def valid(self, cases: list[Case], seed: int) -> None:
        """A client that sends recordings, and checks every answer."""
        rng = random.Random(seed)
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while time.time() < self.until:
                content, expected = rng.choice(cases)
                ways: list[Callable[[], httpx.Response]] = [
                    lambda content=content: client.post("/predict", content=content),
                    lambda content=content: client.post("/predict", files={"audio": ("../x", content)}),
                    lambda content=content: client.post(
                        "/predict", json={"audio": base64.b64encode(content).decode()}
                    ),
                ]
                answer = rng.choice(ways)()
                if answer.status_code != 200:
                    self.note("valid: refused", f"{answer.status_code}: {answer.text[:200]}")
                    continue
                said = answer.json()["probabilities"]
                differs = max(abs(said[name] - p) for name, p in zip(self.classes, expected, strict=True))
                self.note("valid: answered", f"off by {differs:.2g}" if differs > TOLERANCE else "")

    def hostile(self, good: bytes, seed: int) -> None:
        """A client that means no good."""
        rng = random.Random(seed)
        while time.time() < self.until:
            body = rng.choice(hostile_bodies(good, rng))
            kind = rng.choice(
                ["audio/wav", "", "application/json", "multipart/form-data; boundary=x", "text/html"]
            )
            if rng.random() < 0.1:
                self.break_off(rng)
                continue
            with httpx.Client(base_url=self.url, timeout=60) as client:
                try:
                    answer = client.post("/predict", content=body, headers={"content-type": kind})
                except httpx.TransportError as error:  # the service may hang up on what is too large
                    self.note(f"hostile: {type(error).__name__}")
                    continue
            is_told = answer.status_code == 200 or isinstance(answer.json().get("detail"), str)
            is_fine = answer.status_code in (200, 400, 413, 415, 422, 429) and is_told
            self.note(f"hostile: {answer.status_code}", "" if is_fine else f"{kind}: {answer.text[:200]}")

    def break_off(self, rng: random.Random) -> None:
        """A request that ends in the middle, or one that never begins."""
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            if rng.random() < 0.5:
                connection.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 9999\r\n\r\nRIFF")
            time.sleep(rng.random())
        self.note("hostile: broke off")


def main() -> None:
    """Run it, print the table, and write it with `--record`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/soak.md")
    options = parser.parse_args()
    cases = valid_cases(options.bundle)
    described = json.loads((options.bundle / "tunebench.json").read_text())
    command = [
        sys.executable,
        "-m",
        "tunebench",
        "serve",
        str(options.bundle),
        "--port",
        "0",
        "--max-mb",
        "4",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = next(line.split()[0] for line in server.stdout if line.startswith("http"))
        process = psutil.Process(server.pid)
        soak = Soak(url, tuple(described["classes"]), time.time() + 60 * options.minutes)
        threads = [
            threading.Thread(target=soak.valid, args=(cases, seed)) for seed in range(VALID_CLIENTS)
        ] + [
            threading.Thread(target=soak.hostile, args=(cases[0][0], 100 + seed))
            for seed in range(HOSTILE_CLIENTS)
        ]
        for thread in threads:
            thread.start()
        memory: list[tuple[float, int, int]] = []
        begun = time.time()
        while any(thread.is_alive() for thread in threads):
            time.sleep(10)
            children = sum(child.memory_info().rss for child in process.children(recursive=True))
            memory.append((time.time() - begun, process.memory_info().rss, children))
            print(f"{memory[-1][0]:6.0f} s  {memory[-1][1] / 2**20:.0f} MB  {dict(soak.counts)}", flush=True)
        alive = server.poll() is None
        server.terminate()
        last = server.stdout.read().strip()
    settled = [row for row in memory if row[0] > 60] or memory
    own, children = ([row[at] / 2**20 for row in settled] for at in (1, 2))
    tenth = max(1, len(own) // 10)
    lines = [
        "# Half an hour of mixed load", "",
        f"{options.minutes:g} minutes, {VALID_CLIENTS} clients that send recordings and {HOSTILE_CLIENTS} "
        f"that mean no good, on 2 cores beside other work, {date.today()}. Made by "
        "`python benchmarks/soak.py BUNDLE --record`.", "",
        "| | |", "|---|---|",
        f"| the service lived to the end | {'yes' if alive else 'NO'} |",
        f"| answers that were wrong | {len(soak.wrong)} |",
        *(f"| {what} | {count} |" for what, count in sorted(soak.counts.items())),
        f"| memory of the service, first and last tenth after a minute | {np.mean(own[:tenth]):.0f} MB, "
        f"{np.mean(own[-tenth:]):.0f} MB |",
        f"| memory of its decoders, the same | {np.mean(children[:tenth]):.0f} MB, "
        f"{np.mean(children[-tenth:]):.0f} MB |",
        f"| its last line | {last.splitlines()[-1] if last else ''} |",
    ]  # fmt: skip
    text = "\n".join(lines) + "\n"
    print(text, *soak.wrong[:20], sep="\n")
    if options.record:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
