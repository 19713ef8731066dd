"""Clips a second of the front-ends, beside tf.signal, librosa and Keras, run in turn.

    python benchmarks/frontends.py [--device gpu] [--record]

The log-mel candidates all compute the same thing from 5 s clips at 16 kHz (n_fft 2048, hop 512,
128 bands, dB per example); ours also converts from int16 and normalises. Every round times each
candidate once, so that a busy machine slows all of them alike; the figures are medians over the
rounds, and the ratios medians of the rounds' own ratios. `--record` writes
benchmarks/results/frontends.{md,json}; on a GPU, frontends-gpu.{md,json}.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import librosa
import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from tunebench.catalog.frontends import FRONTENDS
from tunebench.catalog.mel_scale import mel_filter_bank
from tunebench.catalog.spec import Signal
from tunebench.frontends import build

SIGNAL = Signal(sample_rate_hz=16000, samples=80000)
N_FFT, HOP_LENGTH, N_MELS, TOP_DB = 2048, 512, 128, 80.0
RESULTS = Path(__file__).parent / "results"
OURS, TF_SIGNAL, LIBROSA, KERAS = (
    "tunebench",
    "tf.signal.stft + mel product",
    "librosa",
    "keras MelSpectrogram",
)
TARGETS = {TF_SIGNAL: 0.9, LIBROSA: 1.8}

Candidate = Callable[[], Any]


def tf_signal_log_mel(waveform: tf.Tensor, bank: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(waveform, [[0, 0], [N_FFT // 2, N_FFT // 2]])
    power = tf.square(tf.abs(tf.signal.stft(padded, N_FFT, HOP_LENGTH, N_FFT)))
    level_db = 10.0 / np.log(10.0) * tf.math.log(tf.maximum(tf.tensordot(power, bank, 1), 1e-10))
    return tf.maximum(level_db - tf.reduce_max(level_db, axis=(1, 2), keepdims=True), -TOP_DB)


def librosa_log_mel(waveforms: np.ndarray) -> list[np.ndarray]:
    images = []
    with threadpool_limits(1):
        for waveform in waveforms:
            power = librosa.feature.melspectrogram(
                y=waveform,
                sr=SIGNAL.sample_rate_hz,
                n_fft=N_FFT,
                hop_length=HOP_LENGTH,
                n_mels=N_MELS,
                pad_mode="constant",
            )
            images.append(librosa.power_to_db(power, ref=np.max, top_db=TOP_DB))
    return images


def compiled(function: Callable[..., tf.Tensor], *arguments: tf.Tensor) -> Candidate:
    """A call of the traced function that returns when the device has finished."""
    traced = tf.function(function)

    def call() -> tf.Tensor:
        result = traced(*arguments)
        tf.test.experimental.sync_devices()
        return result

    return call


def log_mel_candidates(waveforms: np.ndarray) -> dict[str, Candidate]:
    scaled = (waveforms / 32768.0).astype(np.float32)
    bank = mel_filter_bank(
        sample_rate_hz=SIGNAL.sample_rate_hz,
        n_fft=N_FFT,
        n_mels=N_MELS,
        fmin_hz=0.0,
        fmax_hz=SIGNAL.sample_rate_hz / 2,
    ).astype(np.float32)
    stock = keras.layers.MelSpectrogram(
        fft_length=N_FFT,
        sequence_stride=HOP_LENGTH,
        sampling_rate=SIGNAL.sample_rate_hz,
        num_mel_bins=N_MELS,
    )
    ours = build("mel", {}, signal=SIGNAL, image_side=None, channels=None, normalisation="range")
    return {
        OURS: compiled(ours, tf.constant(waveforms)),
        TF_SIGNAL: compiled(tf_signal_log_mel, tf.constant(scaled), tf.constant(bank)),
        KERAS: compiled(stock, tf.constant(scaled)),
        LIBROSA: lambda: librosa_log_mel(scaled),
    }


def row_candidates(waveforms: np.ndarray) -> dict[str, Candidate]:
    """Every catalog row with its defaults, complete: normalised, 96 x 96, three channels."""
    inputs = tf.constant(waveforms)
    return {
        row: compiled(
            build(row, {}, signal=SIGNAL, image_side=96, channels=3, normalisation="standard"), inputs
        )
        for row, entry in FRONTENDS.items()
        if entry.source == "waveform"
    }


def check_same(candidates: Mapping[str, Candidate]) -> float:
    """The largest difference from librosa in dB: a candidate that computes something else is not compared."""
    reference = np.stack(candidates[LIBROSA]())
    ours_db = candidates[OURS]().numpy()[..., 0] * TOP_DB - TOP_DB
    tf_signal_db = candidates[TF_SIGNAL]().numpy().transpose(0, 2, 1)
    for level_db in (ours_db, tf_signal_db):
        np.testing.assert_allclose(level_db, reference, rtol=0, atol=0.05)
    return float(np.abs(ours_db - reference).max())


def measure(candidates: Mapping[str, Candidate], rounds: int) -> dict[str, list[float]]:
    """Seconds of each candidate in each round, after one call to warm up."""
    for call in candidates.values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def report(arguments: argparse.Namespace) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    waveforms = (3000.0 * generator.standard_normal((arguments.batch, SIGNAL.samples))).astype(np.int16)
    candidates = log_mel_candidates(waveforms)
    difference_db = check_same(candidates)
    seconds = measure(candidates, arguments.rounds)
    row_seconds = measure(row_candidates(waveforms), arguments.rounds)

    def clips_per_second(times_s: list[float]) -> float:
        return round(arguments.batch / statistics.median(times_s), 1)

    return {
        "date": date.today().isoformat(),
        "machine": processor(),
        "device": arguments.device,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "librosa", "numpy")},
        "batch": arguments.batch,
        "rounds": arguments.rounds,
        "largest_difference_from_librosa_db": difference_db,
        "log_mel_clips_per_second": {name: clips_per_second(times_s) for name, times_s in seconds.items()},
        "ratio_of_ours": {
            name: round(
                statistics.median(theirs / ours for theirs, ours in zip(times_s, seconds[OURS], strict=True)),
                2,
            )
            for name, times_s in seconds.items()
            if name != OURS
        },
        "complete_front_end_clips_per_second": {
            name: clips_per_second(times_s) for name, times_s in row_seconds.items()
        },
    }


def markdown(figures: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    ratios = figures["ratio_of_ours"]
    lines = [
        "# Front-ends: clips a second",
        "",
        f"{figures['date']}; {figures['machine']}; device {figures['device']}; "
        f"Python {figures['python']}, {versions}.",
        f"5 s clips at 16 kHz in batches of {figures['batch']}; medians over {figures['rounds']} interleaved "
        "rounds. Made by `python benchmarks/frontends.py --record`.",
        "",
        "## Log-mel, 2048/512/128",
        "",
        "| | clips a second | tunebench is faster by | goal |",
        "|---|---|---|---|",
    ]
    for name, rate in figures["log_mel_clips_per_second"].items():
        ratio = f"{ratios[name]:.2f}" if name in ratios else ""
        goal = f"at least {TARGETS[name]}" if name in TARGETS and figures["device"] == "cpu" else ""
        lines.append(f"| {name}{' (one thread)' if name == LIBROSA else ''} | {rate:g} | {ratio} | {goal} |")
    lines += [
        "",
        f"Largest difference from librosa: {figures['largest_difference_from_librosa_db']:.4f} dB.",
        "",
        "## Complete front-ends, catalog defaults, 96 x 96 x 3",
        "",
        "| front-end | clips a second |",
        "|---|---|",
        *(f"| {row} | {rate:g} |" for row, rate in figures["complete_front_end_clips_per_second"].items()),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--batch", type=int, default=32, help="clips a batch")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--record", action="store_true", help="write the figures to benchmarks/results")
    arguments = parser.parse_args()
    if arguments.device == "gpu" and not tf.config.list_physical_devices("GPU"):
        parser.error("TensorFlow sees no GPU here. Run with --device cpu.")
    with tf.device(f"/{arguments.device}:0"):
        figures = report(arguments)
    text = markdown(figures)
    print(text)
    if arguments.record:
        RESULTS.mkdir(exist_ok=True)
        stem = "frontends" if arguments.device == "cpu" else "frontends-gpu"
        (RESULTS / f"{stem}.md").write_text(text)
        (RESULTS / f"{stem}.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
