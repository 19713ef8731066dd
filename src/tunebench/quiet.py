"""C++ libraries announce themselves on standard error before they read any setting: held back here."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_back() -> Iterator[None]:
    """Keep back what is written to standard error inside; where that fails, it is shown.

    It comes from C++, so that the file descriptor is turned away and not `sys.stderr`: for all threads.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def import_tensorflow() -> None:
    """Import TensorFlow without its greeting."""
    if "tensorflow" not in sys.modules:
        with held_back():
            import tensorflow  # noqa: F401
