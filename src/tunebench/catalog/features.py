"""The columns of a feature table, named and ordered as in the public GTZAN feature tables."""

from __future__ import annotations

N_MFCC = 20

FRAMEWISE = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
"""Of each stand the mean and the variance over all frames; of the last two, over all samples."""


def _mean_and_variance(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}_{moment}" for name in names for moment in ("mean", "var"))


FEATURES = (
    *_mean_and_variance(FRAMEWISE),
    "tempo",
    *_mean_and_variance(tuple(f"mfcc{number}" for number in range(1, N_MFCC + 1))),
)
"""The 57 figures, without `filename` and `length` before them and `label` after."""

FILENAME, LENGTH, LABEL = "filename", "length", "label"
