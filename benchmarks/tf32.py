"""What TensorFloat-32 does to the front-ends' matrix products on an NVIDIA GPU, through PyTorch's cuBLAS.

    python benchmarks/tf32.py prepare CLIPS tf32.npz            # where tunebench is installed
    python benchmarks/tf32.py measure tf32.npz                  # where PyTorch and a GPU are

TensorFlow multiplies float32 matrices in TF32 by default there, as PyTorch does when it is told to; both call
cuBLAS. `prepare` computes clips in float64 with the front-ends' own matrices and keeps them; `measure`
repeats the products in float32 with and without TF32, and prints the largest differences from float64.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ, SAMPLES, CLIPS = 16_000, 80_000, 16
N_FFT, HOP_LENGTH, N_MELS, N_MFCC, TOP_DB, SIZE = 2048, 512, 128, 40, 80.0, 96


def prepare(clips: Path, into: Path) -> None:
    """Clips, matrices, and what each product must give."""
    from tunebench.audio.decoder import decode
    from tunebench.catalog.mel_scale import mel_filter_bank
    from tunebench.frontends.mfcc import dct_matrix
    from tunebench.frontends.resize import triangle_weights

    files = sorted(path for path in clips.rglob("*") if path.suffix in (".wav", ".flac", ".ogg"))[:CLIPS]
    waveforms = np.stack([np.resize(decode(path, RATE_HZ), SAMPLES) for path in files]) / 32768.0
    padded = np.pad(waveforms, [(0, 0), (N_FFT // 2, N_FFT // 2)])
    starts = np.arange(1 + SAMPLES // HOP_LENGTH)[:, None] * HOP_LENGTH + np.arange(N_FFT)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(N_FFT) / N_FFT)
    power = np.abs(np.fft.rfft(padded[:, starts] * hann)) ** 2
    bank = mel_filter_bank(
        sample_rate_hz=RATE_HZ, n_fft=N_FFT, n_mels=N_MELS, fmin_hz=0.0, fmax_hz=RATE_HZ / 2
    )
    cosines, bins = dct_matrix(N_MELS, N_MFCC), triangle_weights(1 + N_FFT // 2, SIZE)
    levels_db = decibels(power @ bank)
    spectrum_db = decibels(power)
    np.savez_compressed(
        into, power=power.astype(np.float32), bank=bank, cosines=cosines, bins=bins,
        levels_db=levels_db, mfcc=levels_db @ cosines, spectrum_db=spectrum_db.astype(np.float32),
        resized=spectrum_db @ bins,
    )  # fmt: skip


def decibels(power: np.ndarray) -> np.ndarray:
    """`10 log10(power)` below the example's maximum, cut off at `TOP_DB`."""
    level = 10.0 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level - level.max((1, 2), keepdims=True), -TOP_DB)


def measure(prepared: Path) -> None:
    """Print a row for each product."""
    import torch

    stored = np.load(prepared)

    def held(name: str) -> Any:
        return torch.from_numpy(stored[name].astype(np.float32)).cuda()

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    print("| product | float32 | TF32 |", "|---|---|---|", sep="\n")
    found: dict[str, list[float]] = {}
    for is_quick in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = is_quick
        power = held("power") @ held("bank")
        level = 10.0 * torch.log10(torch.clamp(power, min=1e-10))
        level = torch.clamp(level - level.amax((1, 2), keepdim=True), min=-TOP_DB)
        rows = {
            "mel bands, dB": (level, "levels_db"),
            "MFCC": (level @ held("cosines"), "mfcc"),
            "resizing of an STFT, dB": (held("spectrum_db") @ held("bins"), "resized"),
        }
        for name, (values, exact) in rows.items():
            difference = np.abs(values.double().cpu().numpy() - stored[exact])
            found.setdefault(name, []).append(float(difference.max()))
            if name == "MFCC":
                found.setdefault("MFCC without order 0", []).append(float(difference[..., 1:].max()))
    for name, (exact, quick) in found.items():
        print(f"| {name} | {exact:.2g} | {quick:.2g} |")


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    preparing, measuring = commands.add_parser("prepare"), commands.add_parser("measure")
    preparing.add_argument("clips", type=Path, help="a folder of audio")
    preparing.add_argument("into", type=Path)
    measuring.add_argument("prepared", type=Path)
    options = parser.parse_args()
    if options.command == "prepare":
        prepare(options.clips, options.into)
    else:
        measure(options.prepared)


if __name__ == "__main__":
    main()
