"""The table of front-ends: waveform in, image or sequence out; or features in, vector out.

Adding one: a row here, and the builder that it names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tunebench.catalog.features import FEATURES
from tunebench.catalog.mel_scale import count_empty_filters
from tunebench.catalog.spec import FrontendRow, Parameters, Signal, Spec

MIN_FRAMES = 8
"""Fewer frames than this are no picture of anything."""

MIN_SAMPLES = 64
"""Fewer samples than this are no sound."""

_N_FFT = Spec("n_fft", "int", 2048, "Length of the FFT.", "samples", 16, 65536)
_HOP_LENGTH = Spec("hop_length", "int", 512, "Step from one frame to the next.", "samples", 1, 65536)
_N_MFCC = Spec("n_mfcc", "int", 20, "Number of coefficients.", "", 1, 512)
_TOP_DB = Spec("top_db", "float", 80.0, "Range kept below the example's own maximum.", "dB", 1, 200)
_MEL = (
    Spec("n_mels", "int", 128, "Number of mel bands.", "", 1, 1024),
    Spec("fmin", "float", 0.0, "Lower edge of the lowest band.", "Hz", 0),
    Spec("fmax", "float", None, "Upper edge of the highest band; half the sample rate if null.", "Hz", 1),
    Spec("mel_scale", "str", "slaney", "Formula of the mel scale.", options=("slaney", "htk")),
    Spec("mel_norm", "str", "slaney", "Area of the filters.", options=("slaney", "none")),
)


def frames(signal: Signal, hop_length: int) -> int:
    """Number of centred frames: one at every hop, the first around sample 0."""
    return 1 + signal.samples // hop_length


def kept_samples(signal: Signal, decimation: int) -> int:
    """Number of samples after decimation, the first among them."""
    return -(-signal.samples // decimation)


def multi_stft_windows(first_window: int, last_window: int) -> tuple[int, int, int]:
    """The first window, the geometric mean rounded to an even number, and the last."""
    return first_window, 2 * round(math.sqrt(first_window * last_window) / 2), last_window


def fmax_hz(params: Parameters, signal: Signal) -> float:
    """The upper edge of the mel bands, `fmax` or the Nyquist frequency."""
    return signal.sample_rate_hz / 2 if params["fmax"] is None else float(params["fmax"])


def _check_frames(hop_length: int, signal: Signal) -> Iterator[str]:
    count = frames(signal, hop_length)
    if count < MIN_FRAMES:
        yield (
            f"hop_length {hop_length} leaves {count} frames in a segment of {signal.samples} samples; "
            f"at least {MIN_FRAMES} are needed"
        )


def _check_stft(params: Parameters, signal: Signal) -> Iterator[str]:
    n_fft, hop_length = params["n_fft"], params["hop_length"]
    if hop_length > n_fft:
        yield f"hop_length {hop_length} is larger than n_fft {n_fft}, so samples between frames are lost"
    if n_fft > signal.samples:
        yield f"n_fft {n_fft} is longer than a segment of {signal.samples} samples"
    yield from _check_frames(hop_length, signal)


def _check_mel(params: Parameters, signal: Signal) -> Iterator[str]:
    yield from _check_stft(params, signal)
    fmin, fmax, nyquist = params["fmin"], fmax_hz(params, signal), signal.sample_rate_hz / 2
    if fmax > nyquist:
        yield f"fmax {fmax:g} Hz is above half the sample rate, {nyquist:g} Hz"
    elif fmin >= fmax:
        yield f"fmin {fmin:g} Hz is not below fmax {fmax:g} Hz"
    else:
        empty = count_empty_filters(
            sample_rate_hz=signal.sample_rate_hz,
            n_fft=params["n_fft"],
            n_mels=params["n_mels"],
            fmin_hz=fmin,
            fmax_hz=fmax,
            scale=params["mel_scale"],
        )
        if empty:
            yield f"{empty} of {params['n_mels']} mel bands are empty at n_fft {params['n_fft']}"


def _check_mfcc(params: Parameters, signal: Signal) -> Iterator[str]:
    yield from _check_mel(params, signal)
    if params["n_mfcc"] > params["n_mels"]:
        yield f"n_mfcc {params['n_mfcc']} is larger than n_mels {params['n_mels']}"


def _check_multi_stft(params: Parameters, signal: Signal) -> Iterator[str]:
    first, last, hop_length = params["first_window"], params["last_window"], params["hop_length"]
    if first >= last:
        yield f"first_window {first} is not below last_window {last}"
    if hop_length > first:
        yield f"hop_length {hop_length} is larger than first_window {first}"
    if last > signal.samples:
        yield f"last_window {last} is longer than a segment of {signal.samples} samples"
    yield from _check_frames(hop_length, signal)


def _check_waveform(params: Parameters, signal: Signal) -> Iterator[str]:
    count = kept_samples(signal, params["decimation"])
    if count < MIN_SAMPLES:
        yield (
            f"decimation {params['decimation']} leaves {count} samples of a segment of {signal.samples}; "
            f"at least {MIN_SAMPLES} are needed"
        )


def _rows(*rows: FrontendRow) -> Mapping[str, FrontendRow]:
    return {row.name: row for row in rows}


FRONTENDS: Mapping[str, FrontendRow] = _rows(
    FrontendRow(
        "mel",
        "Log-mel spectrogram.",
        (_N_FFT, _HOP_LENGTH, *_MEL, _TOP_DB),
        _check_mel,
        lambda p, s: (p["n_mels"], frames(s, p["hop_length"]), 1),
        "tunebench.frontends.mel:build",
    ),
    FrontendRow(
        "stft",
        "Log-power short-time Fourier transform.",
        (_N_FFT, _HOP_LENGTH, _TOP_DB),
        _check_stft,
        lambda p, s: (1 + p["n_fft"] // 2, frames(s, p["hop_length"]), 1),
        "tunebench.frontends.stft:build",
    ),
    FrontendRow(
        "multi_stft",
        "Three STFTs from a short to a long window as three channels.",
        (
            Spec("first_window", "int", 512, "The shortest window.", "samples", 16, 65536),
            Spec("last_window", "int", 2048, "The longest window, and the FFT.", "samples", 16, 65536),
            _HOP_LENGTH,
            _TOP_DB,
        ),
        _check_multi_stft,
        lambda p, s: (1 + p["last_window"] // 2, frames(s, p["hop_length"]), 3),
        "tunebench.frontends.multi_stft:build",
    ),
    FrontendRow(
        "mfcc",
        "Mel-frequency cepstral coefficients.",
        (_N_MFCC, _N_FFT, _HOP_LENGTH, *_MEL, _TOP_DB),
        _check_mfcc,
        lambda p, s: (p["n_mfcc"], frames(s, p["hop_length"]), 1),
        "tunebench.frontends.mfcc:build",
    ),
    FrontendRow(
        "waveform",
        "The waveform itself, decimated.",
        (
            Spec(
                "decimation",
                "int",
                4,
                "One of so many samples is kept, after a low-pass filter.",
                "",
                1,
                1024,
            ),
        ),
        _check_waveform,
        lambda p, s: (kept_samples(s, p["decimation"]), 1),
        "tunebench.frontends.waveform:build",
    ),
    FrontendRow(
        "features",
        "57 summary features of the segment, by librosa, as in the public GTZAN feature tables.",
        (),
        lambda p, s: iter(()),
        lambda p, s: (len(FEATURES),),
        "tunebench.frontends.vectors:Standardise",
        source="features",
    ),
    FrontendRow(
        "table",
        "The columns of the feature table that the corpus came as (`data.table`).",
        (),
        lambda p, s: iter(()),
        lambda p, s: (s.columns,),
        "tunebench.frontends.vectors:Standardise",
        source="table",
    ),
)
