"""The power spectrum, and the log-power STFT made of it.

Framing is librosa's: `center=True, pad_mode="constant"`, periodic Hann windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.catalog.spec import Parameters, Signal
from tunebench.frontends.decibels import Decibels
from tunebench.frontends.dft import power
from tunebench.frontends.step import Spectrogram


def hann(length: int, n_fft: int) -> NDArray[np.float64]:
    """A periodic Hann window of `length` in the middle of `n_fft` zeros, as librosa places it."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    left = (n_fft - length) // 2
    return np.pad(window, (left, n_fft - length - left))


def frame(waveform: tf.Tensor, n_fft: int, hop_length: int) -> tf.Tensor:
    """Centred frames, zeros beyond the ends: `(batch, samples)` -> `(batch, frames, n_fft)`.

    Frames are gathered from blocks of one hop, which are long runs of memory. `tf.signal.frame`
    takes the greatest common divisor of hop and frame as its block: one sample where that is 1.
    """
    samples = int(waveform.shape[1])  # pyright: ignore[reportArgumentType]  (Waveform has checked it)
    frames = 1 + samples // hop_length
    blocks_per_frame = -(-n_fft // hop_length)
    blocks = frames + blocks_per_frame - 1
    left = n_fft // 2
    right = max(0, blocks * hop_length - samples - left)
    padded = tf.pad(waveform, [[0, 0], [left, right]])[:, : blocks * hop_length]
    grid = tf.reshape(padded, [-1, blocks, hop_length])
    members = np.arange(frames)[:, None] + np.arange(blocks_per_frame)
    gathered = tf.gather(grid, members, axis=1)  # (batch, frames, blocks_per_frame, hop_length)
    return tf.reshape(gathered, [-1, frames, blocks_per_frame * hop_length])[:, :, :n_fft]


class PowerSpectrum:
    """Squared magnitude of the short-time Fourier transform, one channel for each window length.

    `(batch, samples)` -> `(batch, windows, 1 + samples // hop_length, 1 + n_fft // 2)`.
    All windows share the frames' centres and the FFT; shorter ones stand in its middle.
    """

    def __init__(self, window_lengths: Sequence[int], n_fft: int, hop_length: int) -> None:
        self.n_fft = n_fft
        self.hop_length = hop_length
        self._windows = np.stack([hann(length, n_fft) for length in window_lengths])

    def __call__(self, waveform: tf.Tensor) -> tf.Tensor:
        """Frame, window, transform and square."""
        windows = tf.constant(self._windows[:, None, :], waveform.dtype)  # (windows, 1, n_fft)
        frames = frame(waveform, self.n_fft, self.hop_length)[:, None]  # (batch, 1, frames, n_fft)
        return power(frames * windows, self.n_fft)  # (batch, windows, frames, bins)


def build(params: Parameters, signal: Signal) -> Spectrogram:
    """The steps of the catalog row `stft`: dB below each example's own maximum."""
    del signal
    n_fft, hop_length, top_db = params["n_fft"], params["hop_length"], params["top_db"]
    return Spectrogram(
        (PowerSpectrum([n_fft], n_fft, hop_length), Decibels(top_db, relative=True)), (-top_db, 0.0)
    )
