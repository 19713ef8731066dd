"""The discrete Fourier transform without an FFT operation, for runtimes that have none.

A transform of `n = rows * columns` points is two of `columns` and of `rows` points with a rotation between
them (Cooley and Tukey, 1965): two matrix products that cost a few per cent of the one of `n` by `n`, and
matrices of a few kilobytes in the exported file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_WITHOUT_FFT: ContextVar[bool] = ContextVar("without_fft", default=False)


@contextmanager
def without_fft() -> Iterator[None]:
    """What is traced inside computes its spectra by matrix products."""
    token = _WITHOUT_FFT.set(True)
    try:
        yield
    finally:
        _WITHOUT_FFT.reset(token)


def power(frames: tf.Tensor, n_fft: int) -> tf.Tensor:
    """Squared magnitudes of the lower half of the spectrum: `(..., n_fft)` -> `(..., 1 + n_fft // 2)`.

    Of the frames' shape only the first dimension may be unknown.
    """
    if _WITHOUT_FFT.get():
        real, imaginary = _by_products(frames, n_fft)
    else:
        spectrum = tf.signal.rfft(frames)
        real, imaginary = tf.math.real(spectrum), tf.math.imag(spectrum)
    return tf.square(real) + tf.square(imaginary)


def _by_products(frames: tf.Tensor, n_fft: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Real and imaginary part of the lower half of the spectrum, each `(..., 1 + n_fft // 2)`.

    With sample `columns * i + j` and bin `p + rows * q`: transform over `i`, rotate by `j * p`, transform
    over `j`. Only the `q` of the lower half are computed.
    """
    rows = _near_square_root(n_fft)
    columns, bins = n_fft // rows, 1 + n_fft // 2
    kept = -(-bins // rows)
    over_rows = _turns(np.outer(np.arange(rows), np.arange(rows)) / rows)  # (i, p)
    rotation = _turns(np.outer(np.arange(rows), np.arange(columns)) / n_fft)  # (p, j)
    over_columns = _turns(np.outer(np.arange(columns), np.arange(kept)) / columns)  # (j, q)

    def constant(values: NDArray[np.float64]) -> tf.Tensor:
        return tf.constant(values, frames.dtype)

    flat = tf.reshape(frames, [-1, rows, columns])
    # (n, j, i) by (i, 2p): real parts, then imaginary ones
    first = tf.tensordot(
        tf.transpose(flat, [0, 2, 1]), constant(np.hstack([over_rows.real, over_rows.imag])), 1
    )
    real, imaginary = (tf.transpose(part, [0, 2, 1]) for part in tf.split(first, 2, axis=-1))  # (n, p, j)
    cosine, sine = constant(rotation.real), constant(rotation.imag)
    rotated = tf.concat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], axis=-1)
    both = np.block([[over_columns.real, over_columns.imag], [-over_columns.imag, over_columns.real]])
    second = tf.tensordot(rotated, constant(both), 1)  # (n, p, 2q)
    shape = [-1, *frames.shape[1:-1], rows * kept]
    lower_half: Any = (..., slice(bins))
    real, imaginary = (
        tf.reshape(tf.transpose(part, [0, 2, 1]), shape)[lower_half] for part in tf.split(second, 2, axis=-1)
    )
    return real, imaginary


def _turns(turns: NDArray[np.float64]) -> NDArray[np.complex128]:
    """`exp(-2 pi i turns)`; whole turns are taken off first, which a product of large indices needs."""
    return np.exp(-2j * np.pi * (turns % 1.0))


def _near_square_root(number: int) -> int:
    """The largest divisor that is not above the square root."""
    return next(d for d in range(int(number**0.5), 0, -1) if number % d == 0)
