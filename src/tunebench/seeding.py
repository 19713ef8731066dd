"""One root seed, and named child seeds that do not depend on the order of use."""

from __future__ import annotations

import hashlib

import numpy as np


def child_seed(root: int, *names: object) -> int:
    """Derive a seed in `[1, 2**31 - 1)` from a root seed and a path of names.

    The result is never 0, which Keras Tuner takes for "no seed".
    """
    text = "/".join([str(root), *map(str, names)])
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") % (2**31 - 2) + 1


def child_rng(root: int, *names: object) -> np.random.Generator:
    """A NumPy generator seeded by `child_seed(root, *names)`."""
    return np.random.default_rng(child_seed(root, *names))
