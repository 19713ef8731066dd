"""The page of a corpus, from the command line on a corpus with planted faults and hostile names."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.audio.sounds import write
from tests.program import Program

from tunebench.evaluation.exploration import telling

SPACE = """\
name: shown
data: {root: corpus, sample_rate: 8000, split: {by: track, validation: 0.25, test: 0}}
space: {spectrogram: mel, backbone: cnn}
"""


class Parser(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, str, str]:
    """The program, what it said, and the page."""
    home: Path = tmp_path_factory.mktemp("explore")
    rng = np.random.default_rng(1)
    for label in ("low", "high"):
        for number in range(4):
            write(
                home / "corpus" / label / f"{number}.wav",
                0.1 * rng.standard_normal(8_000).astype("f4"),
                8_000,
            )
    loud = np.clip(8 * rng.standard_normal(8_000), -1, 32767 / 32768).astype("f4")
    write(home / "corpus" / "low" / "<b>&loud.wav", loud, 8_000)
    (home / "corpus" / "low" / "torn.wav").write_bytes(b"RIFF")
    (home / "space.yaml").write_text(SPACE)
    program = Program(home)
    done = program.run("data", "explore", "space.yaml", "--out", "page.html")
    assert done.returncode == 0, done.stderr
    return program, done.stdout, (home / "page.html").read_text()


def test_it_needs_nothing_beside_itself(written: tuple[Program, str, str]) -> None:
    _, said, page = written
    assert said.strip() == "page.html"
    parser = Parser()
    parser.feed(page)
    assert parser.references
    assert all(reference.startswith("data:") for reference in parser.references)
    assert parser.tags.count("audio") == 4
    assert "script" not in parser.tags
    assert not re.search(r"url\(|@import", page)


def test_what_is_wrong_stands_on_it_and_no_name_is_markup(written: tuple[Program, str, str]) -> None:
    _, _, page = written
    assert "low/&lt;b&gt;&amp;loud.wav" in page
    assert "<b>&" not in page
    assert "1 clipped" in page
    assert "low/torn.wav" in page


def test_check_says_it_too(written: tuple[Program, str, str]) -> None:
    parts = ("--set", "data.segment={seconds: 0.25}", "--set", "data.split.by=segment")
    changed = (*parts, "--report", "audit.html")
    done = written[0].run("data", "check", "space.yaml", *changed)
    assert done.returncode == 0, done.stderr
    assert (written[0].home / "audit.html").exists()
    assert "leakage: segment" in done.stdout
    assert "on two sides of the split: high/" in done.stdout
    assert "listen to 1 that are clipped: low/<b>&loud.wav" in done.stdout


def test_another_suffix_is_refused(written: tuple[Program, str, str]) -> None:
    done = written[0].run("data", "explore", "space.yaml", "--out", "page.pdf")
    assert done.returncode == 2
    assert "write --out page.html" in done.stderr


def test_the_features_that_tell_classes_apart_come_first() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    values = rng.standard_normal((60, 4))
    values[:, 2] += 3 * labels
    values[:, 0] += 0.5 * labels
    values[:, 3] = 7.0
    ranked = telling(values, labels)
    assert [column for column, _ in ranked][:2] == [2, 0]
    assert len(ranked) == 3
