"""Reference clips: a few WAV files and the trained model's answers, for whoever moves the model elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from tunebench.export.examples import Examples
from tunebench.export.layout import EXAMPLE, PROBABILITIES, REFERENCE, Bundle

CLIPS = 4
EXPECTED = "expected.json"


def write_reference(folder: Path, bundle: Bundle, clips: Examples) -> None:
    """Write `reference/clip-N.wav` and `reference/expected.json`, of a bundle that begins with audio.

    The clips are the first examples, which `write_models` has put into the example file of `folder`.
    """
    if clips.waveforms is None:
        return
    (folder / REFERENCE).mkdir()
    with np.load(folder / EXAMPLE, allow_pickle=False) as stored:
        said = stored[PROBABILITIES]
    expected = {}
    for number, waveform in enumerate(clips.waveforms[:CLIPS]):
        name = f"clip-{number + 1}.wav"
        soundfile.write(folder / REFERENCE / name, waveform, bundle.sample_rate_hz, subtype="PCM_16")
        expected[name] = {c: float(p) for c, p in zip(bundle.classes, said[number], strict=True)}
    text = json.dumps(expected, indent=2) + "\n"
    (folder / REFERENCE / EXPECTED).write_text(text, encoding="utf-8")
