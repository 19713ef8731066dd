"""A tiny corpus, a space that is searched in seconds, and one finished search of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.audio.sounds import hostile, lying_flac, tone, write
from tests.program import Program

RATE_HZ = 8_000
SPACE = """\
name: tiny
data:
  root: {root}
  group: {{pattern: '^(?P<group>.*)-'}}
  sample_rate: 8000
  segment: {{seconds: 0.6}}
  split: {{by: group, validation: 0.25, test: 0.25, seed: 7}}
space:
  spectrogram: {{choice: {{mel: {{n_fft: {{choice: [256, 512]}}, hop_length: 128, n_mels: 16}}}}}}
  backbone: {{choice: {{cnn: {{filters: 4, blocks: 2}}}}}}
  image_size: 16
  learning_rate: {{log_float: [1e-3, 1e-2]}}
  dropout: {{float: [0.0, 0.3]}}
  dense_units: 8
training: {{batch_size: 8}}
search: {{max_epochs: 4, factor: 2, seed: 7}}
winner: {{finalists: 2, repeats: 2}}
"""


def write_corpus(root: Path, *, artists: int = 4, tracks: int = 2) -> Path:
    """Three classes of tones in noise; a file is `<class>/<class>-<artist>-<track>.wav`, 1.2 s long."""
    for label, hz in (("high", 1_800.0), ("low", 200.0), ("middle", 700.0)):
        for artist in range(artists):
            for track in range(tracks):
                pitch = {"hz": hz * (1 + 0.1 * artist), "seed": round(hz) + 10 * artist + track}
                samples = tone(1.2, RATE_HZ, level=0.3, noise=0.2, **pitch)
                write(root / label / f"{label}-{artist}-{track}.wav", samples, RATE_HZ)
    return root


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 good files of three classes and four artists each. Read it only."""
    return write_corpus(tmp_path_factory.mktemp("tiny") / "corpus")


@pytest.fixture(scope="session")
def hostile_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus with every kind of bad file among the good, 8 channels and 192 kHz. Read it only."""
    root = write_corpus(tmp_path_factory.mktemp("hostile") / "corpus")
    hostile(root / "middle")
    lying_flac(root / "middle" / "middle-0-terabytes.flac", frames=2**36 - 1)
    write(root / "high" / "high-0-8channels.wav", tone(1.2, RATE_HZ, hz=1_800, channels=8), RATE_HZ)
    write(root / "low" / "low-0-192khz.wav", tone(1.2, 192_000, hz=200), 192_000)
    return root


@pytest.fixture
def write_space(tmp_path: Path, tiny_corpus: Path) -> Callable[..., Path]:
    """Write the tiny space with replacements `(old, new)` of its text; the file's path."""

    def make(*replacements: tuple[str, str], root: Path = tiny_corpus) -> Path:
        text = SPACE.format(root=root)
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "tiny.yaml"
        path.write_text(text)
        return path

    return make


@dataclass(frozen=True)
class Search:
    """A search that a process of its own ran to its end. Read its folders only."""

    program: Program
    space: Path
    corpus: Path
    ended: CompletedProcess[str]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, hostile_corpus: Path) -> Search:
    """The tiny search over the hostile corpus, undisturbed."""
    home = tmp_path_factory.mktemp("finished")
    space = home / "tiny.yaml"
    space.write_text(SPACE.format(root=hostile_corpus))
    program = Program(home)
    ended = program.run("search", space)
    assert ended.returncode == 0, ended.stderr
    return Search(program, space, hostile_corpus, ended)
