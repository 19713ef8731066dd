# ruff: noqa: E501 - one case a line
"""Each rule that a configuration can break, and the edge on which it still holds."""

from __future__ import annotations

import numpy as np
import pytest

from tunebench.catalog.feasibility import input_shape, reasons
from tunebench.catalog.frontends import multi_stft_windows
from tunebench.catalog.mel_scale import count_empty_filters, mel_filter_bank
from tunebench.catalog.spec import Signal

SIGNAL = Signal(16_000, 80_000)


def check(
    spectrogram: str, signal: Signal = SIGNAL, backbone: str = "cnn", image_size: int = 96, **params: object
) -> list[str]:
    values = {"spectrogram": spectrogram, "backbone": backbone, "image_size": image_size}
    return reasons(
        {**values, **{f"spectrogram.{spectrogram}.{name}": value for name, value in params.items()}}, signal
    )


@pytest.mark.parametrize(
    ("spectrogram", "good", "bad", "rule"),
    [
        ("stft", {"n_fft": 512, "hop_length": 512}, {"n_fft": 512, "hop_length": 513}, "hop_length 513 is larger than n_fft 512"),
        ("stft", {"n_fft": 65536, "hop_length": 9999}, {"n_fft": 65536, "hop_length": 12000}, "hop_length 12000 leaves 7 frames"),
        ("mel", {"fmax": 8000.0}, {"fmax": 8000.5}, "fmax 8000.5 Hz is above half the sample rate, 8000 Hz"),
        ("mel", {"fmin": 10.0, "fmax": 4000.0}, {"fmin": 4000.0, "fmax": 4000.0}, "fmin 4000 Hz is not below fmax 4000 Hz"),
        ("mel", {"n_fft": 2048}, {"n_fft": 512, "n_mels": 256}, "24 of 256 mel bands are empty at n_fft 512"),
        ("mfcc", {"n_mfcc": 64, "n_mels": 64}, {"n_mfcc": 65, "n_mels": 64}, "n_mfcc 65 is larger than n_mels 64"),
        ("mfcc", {}, {"hop_length": 2049}, "hop_length 2049 is larger than n_fft 2048"),
        ("multi_stft", {"first_window": 512}, {"first_window": 2048}, "first_window 2048 is not below last_window 2048"),
        ("multi_stft", {"hop_length": 512}, {"hop_length": 513}, "hop_length 513 is larger than first_window 512"),
    ],
)  # fmt: skip
def test_front_end_rules(spectrogram: str, good: dict, bad: dict, rule: str) -> None:
    assert check(spectrogram, **good) == []
    found = check(spectrogram, **bad)
    assert len(found) == 1
    assert found[0].startswith(f"{spectrogram}: ")
    assert rule in found[0]


@pytest.mark.parametrize(
    ("spectrogram", "params"), [("stft", {"n_fft": 2048}), ("multi_stft", {"last_window": 2048})]
)
def test_window_within_the_segment(spectrogram: str, params: dict) -> None:
    assert check(spectrogram, Signal(16_000, 2048), hop_length=256, first_window=512, **params) == []
    assert (
        "is longer than a segment of 2047 samples"
        in check(spectrogram, Signal(16_000, 2047), hop_length=256, **params)[0]
    )


@pytest.mark.parametrize(
    ("backbone", "side"), [("cnn", 16), ("resnet50", 32), ("mobilenetv2", 32), ("xception", 71)]
)
def test_smallest_image(backbone: str, side: int) -> None:
    assert check("mel", backbone=backbone, image_size=side) == []
    assert check("mel", backbone=backbone, image_size=side - 1) == [
        f"{backbone}: an image of {side - 1} x {side - 1} is below its smallest side, {side}"
    ]


@pytest.mark.parametrize(
    ("spectrogram", "backbone", "said"),
    [("mel", "cnn1d", "cnn1d: takes a sequence, and mel makes an image"),
     ("waveform", "cnn", "cnn: takes an image, and waveform makes a sequence"),
     ("waveform", "cnn1d", None), ("waveform", "dense", None), ("mel", "dense", None)],
)  # fmt: skip
def test_a_backbone_takes_inputs_of_its_ranks(spectrogram: str, backbone: str, said: str | None) -> None:
    assert check(spectrogram, backbone=backbone) == ([said] if said else [])


@pytest.mark.parametrize("backbone", ["random_forest", "dense"])
@pytest.mark.parametrize("spectrogram", ["features", "waveform", "mel"])
def test_dense_nets_and_estimators_take_anything(spectrogram: str, backbone: str) -> None:
    assert check(spectrogram, backbone=backbone) == []


def test_vectors_are_neither_image_nor_sequence() -> None:
    assert check("features", backbone="cnn") == ["cnn: takes an image, and features makes a vector"]
    assert check("features", backbone="cnn1d") == ["cnn1d: takes a sequence, and features makes a vector"]


def test_audio_and_tables_are_two_things() -> None:
    table = Signal(16_000, 1, columns=57)
    assert check("table", table, "dense") == []
    assert "data.table has none; write spectrogram: table" in check("mel", table, "dense")[0]
    assert "data.table has none" in check("features", table, "dense")[0]
    assert "write spectrogram: features" in check("table", SIGNAL, "dense")[0]


@pytest.mark.parametrize(
    ("spectrogram", "backbone", "augmentation", "said"),
    [("features", "dense", "gain_db", "features: are computed once, out of reach of gain_db"),
     ("features", "dense", "time_mask", "features: are computed once, out of reach of time_mask"),
     ("features", "dense", "mixup", None), ("mel", "dense", "gain_db", None),
     ("mel", "svm", "mixup", "svm: is fitted once, without augmentation (mixup)")],
)  # fmt: skip
def test_augmentations_within_reach(
    spectrogram: str, backbone: str, augmentation: str, said: str | None
) -> None:
    values = {"spectrogram": spectrogram, "backbone": backbone, f"augmentation.{augmentation}": 0.5}
    assert reasons(values, SIGNAL) == ([said] if said else [])


def test_a_decimated_waveform_must_still_be_a_sound() -> None:
    assert check("waveform", Signal(16_000, 64_000), "dense", decimation=1000) == []
    assert check("waveform", Signal(16_000, 63_000), "dense", decimation=1000) == [
        "waveform: decimation 1000 leaves 63 samples of a segment of 63000; at least 64 are needed"
    ]


def test_the_image_that_a_net_receives() -> None:
    values = {"spectrogram": "mel", "backbone": "cnn", "spectrogram.mel.n_mels": 40}
    assert input_shape(values, SIGNAL) == (96, 96, 1)
    assert input_shape({**values, "image_size": "natural"}, SIGNAL) == (40, 157, 1)
    assert input_shape({**values, "image_size": 100, "image_width": 160}, SIGNAL) == (100, 160, 1)
    assert input_shape({**values, "colours": "sox"}, SIGNAL) == (96, 96, 3)
    assert input_shape({**values, "backbone": "xception"}, SIGNAL) == (96, 96, 3)
    assert input_shape({**values, "spectrogram": "waveform"}, SIGNAL) == (20_000, 1)


def test_colours_are_drawn_of_one_channel() -> None:
    values = {"spectrogram": "multi_stft", "backbone": "cnn", "colours": "sox"}
    assert reasons(values, SIGNAL) == ["multi_stft: has 3 channels, and colours are drawn of one"]


def test_all_reasons_are_given() -> None:
    assert len(check("mfcc", backbone="xception", image_size=32, n_fft=256, hop_length=1024, n_mfcc=200)) == 4


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("n_fft", [256, 512, 1024, 2048])
@pytest.mark.parametrize("n_mels", [16, 40, 128, 256])
@pytest.mark.parametrize(("fmin_hz", "fmax_hz"), [(0.0, 8000.0), (20.0, 7600.0), (125.0, 4000.0)])
def test_empty_filters_are_those_of_the_bank(
    scale: str, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float
) -> None:
    given = {
        "sample_rate_hz": 16_000,
        "n_fft": n_fft,
        "n_mels": n_mels,
        "fmin_hz": fmin_hz,
        "fmax_hz": fmax_hz,
    }
    bank = mel_filter_bank(**given, scale=scale)
    assert count_empty_filters(**given, scale=scale) == int(np.sum(bank.max(axis=0) == 0.0))


@pytest.mark.parametrize(
    ("scale", "n_mels", "empty"), [("htk", 128, 3), ("htk", 256, 36), ("slaney", 256, 39)]
)
def test_empty_filters_as_librosa_counts_them(scale: str, n_mels: int, empty: int) -> None:
    found = count_empty_filters(
        sample_rate_hz=22_050, n_fft=512, n_mels=n_mels, fmin_hz=0.0, fmax_hz=11_025.0, scale=scale
    )
    assert found == empty


def test_windows_of_multi_stft() -> None:
    assert multi_stft_windows(512, 2048) == (512, 1024, 2048)
    assert multi_stft_windows(500, 3000) == (500, 1224, 3000)
