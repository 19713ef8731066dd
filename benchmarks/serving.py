"""The service under load: throughput and latency at 1, 8 and 64 clients, against two others on one model.

    python benchmarks/serving.py SEARCH CLIP --record

In one run: `tunebench serve` with each form, a plain FastAPI handler around `Predictor.predict` without
micro-batching, and `mlflow models serve`; and what decoding and the model alone allow, with no server and no
client. All servers are up, and take turns of two seconds in an order of chance: a machine's pace changes more
from minute to minute than they differ. Clients send one after another, each on a connection of its own that
stays open. The clip is sent as it is, to MLflow as base64 in JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

CLIENTS = (1, 8, 64)
FORMS = ("onnx", "litert", "savedmodel")
RESULTS = Path(__file__).parent / "results" / "serving.md"
PLAIN = """
import sys, tempfile, uvicorn
from pathlib import Path
from fastapi import Body, FastAPI
from tunebench.serving.predictor import Predictor
predictor, app = Predictor.load(Path(sys.argv[1]), form=sys.argv[3]), FastAPI()
@app.get("/health")
def health(): return {}
@app.post("/predict")
def predict(content: bytes = Body(media_type="audio/wav")):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        said = predictor.predict(Path(file.name))
    return dict(zip(said.classes, said.probabilities.tolist()))
uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""

BARE = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tunebench.serving.predictor import Predictor
predictor, clip = Predictor.load(Path(sys.argv[1]), form=sys.argv[2]), Path(sys.argv[3])
predictor.predict(clip)
until = time.perf_counter() + float(sys.argv[4])
def work(_):
    count = 0
    while time.perf_counter() < until:
        predictor.predict(clip)
        count += 1
    return count
with ThreadPoolExecutor(4) as threads:
    print(sum(threads.map(work, range(4))) / float(sys.argv[4]))
"""


@dataclass(frozen=True)
class Figures:
    """Of one server at one number of clients."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    failed: int


def request(path: str, body: bytes, kind: str) -> bytes:
    """One HTTP request as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def client(port: int, message: bytes, until: float, seconds: list[float], failed: list[int]) -> None:
    """Send, wait for the answer, send again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    while time.perf_counter() < until:
        begun = time.perf_counter()
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        (seconds if head.startswith(b"http/1.1 200") else failed).append(time.perf_counter() - begun)
    writer.close()


async def load(port: int, message: bytes, clients: int, duration_s: float) -> Figures:
    """So many clients for so long."""
    seconds: list[float] = []
    failed: list[int] = []
    begun = time.perf_counter()
    await asyncio.gather(
        *(client(port, message, begun + duration_s, seconds, failed) for _ in range(clients))
    )
    wall_s = time.perf_counter() - begun
    cut = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [0.0] * 99
    return Figures(len(seconds) / wall_s, *(1e3 * cut[at] for at in (49, 94, 98)), len(failed))


@contextlib.contextmanager
def running(command: list[str], port: int, health: str) -> Iterator[float]:
    """A server while it runs; gives the seconds until it answered."""
    begun = time.perf_counter()
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT": "300"}
    environment["PATH"] = (
        f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # mlflow looks for uvicorn there
    )
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    ) as process:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{health}", timeout=2).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError(f"it ended: {command}") from None
                time.sleep(0.05)
        try:
            yield time.perf_counter() - begun
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def servers(exported: Path) -> Iterator[tuple[str, list[str], str, str]]:
    """Name, command, address to ask and address of health, with PORT for the port."""
    for form in FORMS:
        ours = [sys.executable, "-m", "tunebench", "serve", str(exported / form), "--port", "PORT"]
        yield f"tunebench serve, {form}", ours, "/predict", "/ready"
        plain = [sys.executable, "-c", PLAIN, str(exported / form), "PORT", form]
        yield f"plain FastAPI handler, {form}", plain, "/predict", "/health"
    program, model = str(Path(sys.executable).with_name("mlflow")), str(exported / "mlflow")
    mlflow = [program, "models", "serve", "-m", model, "--env-manager", "local", "--port", "PORT"]
    yield "mlflow models serve", mlflow, "/invocations", "/health"


def ratio(ours: list[Figures], theirs: list[Figures]) -> str:
    """Median and quartiles of the rounds' ratios."""
    low, middle, high = statistics.quantiles(
        (one.rate / other.rate for one, other in zip(ours, theirs, strict=True)), n=4, method="inclusive"
    )
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def bare(exported: Path, form: str, clip: Path, duration_s: float) -> float:
    """Answers a second of `Predictor` in four threads of a process of its own."""
    command = [sys.executable, "-c", BARE, str(exported / form), form, str(clip), str(duration_s)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(said.split()[-1])


def main() -> None:
    """Print the table, and write it with `--record`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("search", help="whose winner is served")
    parser.add_argument("clip", type=Path, help="the file that clients send")
    parser.add_argument("--seconds", type=float, default=2.0, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=12, help="of each number of clients")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/serving.md")
    options = parser.parse_args()
    content = options.clip.read_bytes()
    encoded = {"dataframe_split": {"columns": ["audio"], "data": [[base64.b64encode(content).decode()]]}}
    lines = [
        "# The service under load",
        "",
        f"The winner of `{options.search}`, asked about a {options.clip.suffix[1:].upper()} file of "
        f"{len(content) / 1e3:.0f} kB; {os.cpu_count()} cores, which the clients share; "
        f"{options.rounds} rounds of {options.seconds:g} s for each figure, in which the servers take turns; "
        "medians of the rounds, and of their own ratios with quartiles, "
        f"{date.today()}. Made by `python benchmarks/serving.py {options.search} CLIP --record`.",
        "",
        "| server | ready after | clients | answers a second | p50 | p95 | p99 | failed | times plain "
        "| times MLflow |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for form in (*FORMS, "mlflow"):
            export = [sys.executable, "-m", "tunebench", "export", options.search, "--format", form]
            subprocess.run(
                [*export, "--out", f"{folder}/{form}"], check=True, stdout=subprocess.DEVNULL
            )  # fmt: skip
        alone = {form: bare(Path(folder), form, options.clip, 5 * options.seconds) for form in FORMS}
        ports: dict[str, int] = {}
        ready: dict[str, float] = {}
        messages: dict[str, bytes] = {}
        for name, command, path, health in servers(Path(folder)):
            port = ports[name] = free_port()
            is_mlflow = name.startswith("mlflow")
            messages[name] = (
                request(path, json.dumps(encoded).encode(), "application/json")
                if is_mlflow
                else request(path, content, "audio/wav")
            )
            placed = [part.replace("PORT", str(port)) for part in command]
            ready[name] = stack.enter_context(running(placed, port, health))
            asyncio.run(load(port, messages[name], 4, 2.0))
            print(name, f"ready after {ready[name]:.1f} s", flush=True)
        found: dict[tuple[str, int], list[Figures]] = {}
        for clients in CLIENTS:
            for _ in range(options.rounds):
                for name in random.sample(list(ports), len(ports)):
                    figures = asyncio.run(load(ports[name], messages[name], clients, options.seconds))
                    found.setdefault((name, clients), []).append(figures)
            for name in ports:
                rates = [figures.rate for figures in found[name, clients]]
                print(name, clients, f"{statistics.median(rates):.1f}", flush=True)
    for name in ports:
        for clients in CLIENTS:
            rows = found[name, clients]
            rate, p50, p95, p99 = (
                statistics.median(getattr(row, key) for row in rows)
                for key in ("rate", "p50_ms", "p95_ms", "p99_ms")
            )
            against = {
                "plain": name.replace("tunebench serve", "plain FastAPI handler"),
                "mlflow": "mlflow models serve",
            }
            times = [
                ratio(rows, found[other, clients]) if name.startswith("tunebench") else ""
                for other in against.values()
            ]
            lines.append(
                f"| {name} | {ready[name]:.1f} s | {clients} | {rate:.1f} | {p50:.0f} ms | {p95:.0f} ms "
                f"| {p99:.0f} ms | {sum(row.failed for row in rows)} | {times[0]} | {times[1]} |"
            )
    for form, rate in alone.items():
        lines.append(f"| no server, {form} | | | {rate:.1f} | | | | | | |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.record:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
