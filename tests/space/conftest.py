# ruff: noqa: E501 - the file of the README, as it stands there
"""A whole file, and a way to load texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tunebench.space import Experiment, load

EXAMPLE = """\
name: esc10-quick
data:
  root: data/esc10          # one folder per class
  group: {pattern: '^.*/[0-9]+-(?P<group>[0-9]+)-'}
  sample_rate: 16000        # Hz
  segment: {seconds: 5.0, hop: 5.0}
  split: {by: group, validation: 0.2, test: 0.2, seed: 7}
space:
  spectrogram:
    choice:
      mel:        {n_fft: {choice: [1024, 2048]}, hop_length: {choice: [256, 512]}, n_mels: {int: [48, 128], step: 16}}
      stft:       {n_fft: {choice: [512, 1024, 2048]}, hop_length: {choice: [256, 512]}}
      multi_stft: {first_window: {choice: [512, 1024]}, last_window: {choice: [2048, 4096]}}
      mfcc:       {n_mfcc: {int: [13, 40]}, n_mels: 64, n_fft: 2048, hop_length: 512}
  backbone:
    choice:
      cnn: {}
      mobilenetv2: {weights: {choice: [random, imagenet]}, trainable: {choice: [all, top]}}
  learning_rate: {log_float: [1e-5, 1e-2]}
  dropout: {float: [0.0, 0.5]}
  dense_units: {choice: [64, 128, 256]}
training:
  batch_size: 32
  early_stopping: {patience: 6}
  reduce_lr_on_plateau: {patience: 3, factor: 0.5}
search:
  algorithm: hyperband
  max_epochs: 27
  factor: 3
  objective: val_accuracy
  seed: 7
winner: {finalists: 3, repeats: 3}
"""

SHORT = """\
name: short
data: {root: audio, split: {by: track}}
space: {spectrogram: mel, backbone: cnn}
"""


@pytest.fixture(scope="session")
def example() -> str:
    return EXAMPLE


@pytest.fixture(scope="session")
def short() -> str:
    return SHORT


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., Experiment]:
    """Load a text as `space.yaml` in an empty folder, with overrides."""

    def read(text: str, *overrides: str, data_root: Path | None = None) -> Experiment:
        path = tmp_path / "space.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, overrides, data_root)

    return read
