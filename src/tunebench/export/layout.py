"""What a bundle's folder holds, read without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebench.catalog.spec import Scalar, Source
from tunebench.errors import InputError

FORMAT = 2
DESCRIPTION, KERAS, SAVEDMODEL, EXAMPLE = "tunebench.json", "model.keras", "savedmodel", "example.npz"
CARD, REFERENCE = "README.md", "reference"
_EARLIER = (1, "bundle.json")
"""The format before, which held less, and what its description was called."""
ESTIMATOR, FRONTEND = "estimator.skops", "frontend"
WAVEFORM, FEATURES, PROBABILITIES, IMAGE = "waveform", "features", "probabilities", "image"
"""Names of the inputs and outputs of models, and of the arrays in the example."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A classifier from waveform to probabilities, as exported to `folder`.

    Its models take `waveform` float32 `(batch, segment_samples)` in [-1, 1] at `sample_rate_hz` and give
    `probabilities` float32 `(batch, classes)`. Where `input` is "features", they take the segment's summary
    features instead, and where it is "table", a row of a table with `columns`. Their logits are divided by
    `temperature`, which an estimator's file cannot hold, so that whoever reads it has to.

    `parity` holds the tolerance and the largest differences between the trained and the reloaded models;
    `info` is whatever the writer had to say.
    """

    folder: Path
    classes: tuple[str, ...]
    sample_rate_hz: int
    segment_samples: int
    hop_samples: int
    values: Mapping[str, Scalar]
    structure: Mapping[str, Any]
    parity: Mapping[str, Any]
    versions: Mapping[str, str]
    info: Mapping[str, Any]
    input: Source = "waveform"
    columns: tuple[str, ...] = ()
    temperature: float = 1.0

    @property
    def keras(self) -> Path:
        """The Keras file."""
        return self.folder / KERAS

    @property
    def savedmodel(self) -> Path:
        """The SavedModel's folder."""
        return self.folder / SAVEDMODEL

    @property
    def example(self) -> Path:
        """Waveforms and the probabilities that the trained model gave for them."""
        return self.folder / EXAMPLE

    def described(self) -> dict[str, Any]:
        """The content of `tunebench.json`."""
        return {
            "format": FORMAT,
            "classes": list(self.classes),
            "sample_rate_hz": self.sample_rate_hz,
            "segment_samples": self.segment_samples,
            "hop_samples": self.hop_samples,
            "values": dict(self.values),
            "structure": dict(self.structure),
            "parity": dict(self.parity),
            "versions": dict(self.versions),
            "info": dict(self.info),
            "input": self.input,
            "columns": list(self.columns),
            "temperature": self.temperature,
        }


def description(folder: Path) -> Path | None:
    """The file that describes the bundle in `folder`; None where the folder is no bundle."""
    return next((file for name in (DESCRIPTION, _EARLIER[1]) if (file := folder / name).is_file()), None)


def read(folder: Path) -> Bundle:
    """Read a bundle's description.

    Raises:
        InputError: the folder is no bundle, or one of another format.
    """
    file = description(folder) or folder / DESCRIPTION
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = content.pop("format")
        if found in (FORMAT, _EARLIER[0]):
            lists = {key: tuple(content.get(key, ())) for key in ("classes", "columns")}
            return Bundle(folder=folder, **content | lists)
    except FileNotFoundError:
        raise InputError(_no_bundle(folder)) from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: not a bundle's description ({type(error).__name__}: {error}). "
            "Export the model again: `tunebench export NAME --format savedmodel --out DIR`."
        ) from error
    raise InputError(
        f"{file}: a bundle of format {found!r}; this version of tunebench reads format {FORMAT}. "
        "Read it with the version that wrote it (see `versions` there), or export the model again."
    )


def _no_bundle(folder: Path) -> str:
    rule = "A bundle is the folder `experiments/<name>/winner` that a finished search leaves behind"
    if not folder.is_dir():
        return f"{folder}: no such folder. {rule}; write its path."
    held = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(held[:5]) + (", ..." if len(held) > 5 else "") if held else "nothing"
    return f"{folder}: not a bundle, it has no {DESCRIPTION} (received a folder with {shown}). {rule}."
