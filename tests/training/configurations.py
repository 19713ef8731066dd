"""One small configuration for each front-end, on half a second at 8 kHz."""

from __future__ import annotations

from tunebench.trial import TrialRequest

_COMMON = {
    "backbone": "cnn", "backbone.cnn.filters": 4, "backbone.cnn.blocks": 2, "image_size": 16,
    "dense_units": 8, "learning_rate": 3e-3, "dropout": 0.3,
}  # fmt: skip
FRONTENDS = {
    "mel": {"n_fft": 512, "hop_length": 128, "n_mels": 24},
    "stft": {"n_fft": 256, "hop_length": 128},
    "multi_stft": {"first_window": 128, "last_window": 512, "hop_length": 128},
    "mfcc": {"n_mfcc": 13, "n_mels": 24, "n_fft": 512, "hop_length": 128},
    "waveform": {"decimation": 4},
}
ON_WAVEFORMS = {"backbone": "cnn1d", "backbone.cnn1d.filters": 4, "backbone.cnn1d.layers": 2}
AUGMENTED = {
    "augmentation.pitch_shift": 1, "augmentation.time_stretch": 0.05,
    "augmentation.gain_db": 6.0, "augmentation.polarity": 0.5, "augmentation.time_shift": 0.1,
    "augmentation.noise_snr_db": 20.0, "augmentation.frequency_mask": 0.2, "augmentation.time_mask": 0.2,
    "augmentation.mixup": 0.3,
}  # fmt: skip
"""Every augmentation of the catalog at once."""


def values(frontend: str = "mel", **changed: object) -> dict:
    params = {f"spectrogram.{frontend}.{name}": value for name, value in FRONTENDS[frontend].items()}
    suited = ON_WAVEFORMS if frontend == "waveform" else {}
    return {"spectrogram": frontend, **params, **_COMMON, **suited, **changed}


def request(values: dict, *, epochs: tuple[int, int] = (0, 3), seed: int = 11, **more) -> TrialRequest:
    first, last = epochs
    return TrialRequest("0000", "c0", values, first, last, seed, checkpoint="c0", **more)
