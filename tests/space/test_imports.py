"""Reading a file costs no TensorFlow."""

from __future__ import annotations

import subprocess
import sys


def test_space_imports_nothing_heavy() -> None:
    code = "import sys, tunebench.space.schema, tunebench.space.keras_tuner; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert "tunebench.space.experiment" in loaded
    assert not loaded & {"tensorflow", "keras", "keras_tuner", "mlflow", "librosa", "sklearn", "scipy"}
