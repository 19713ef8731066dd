"""The page that a search leaves behind, and winners side by side."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.conftest import Search

from tunebench.evaluation.predictions import from_csv

pytestmark = pytest.mark.slow


class Addresses(HTMLParser):
    """All that a page refers to, and its headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag == "img":
            assert dict(attrs).get("alt"), "a picture without words"


@pytest.fixture(scope="module")
def page(finished: Search) -> str:
    return (finished.program.folder("tiny") / "report.html").read_text()


def test_it_needs_nothing_beside_itself(page: str) -> None:
    addresses = Addresses(page)
    assert addresses.found
    assert all(address.startswith("data:") for address in addresses.found)
    assert not re.search(r"url\(|@import|<script|<link", page)


def test_it_says_what_the_summary_says(page: str, finished: Search) -> None:
    summary = json.loads((finished.program.folder("tiny") / "summary.json").read_text())
    accuracy = summary["winner"]["test"]["track"]["accuracy"]
    for figure in (accuracy["value"], accuracy["low"], accuracy["high"]):
        assert f"{100 * figure:.1f}%" in page
    for words in (
        summary["winner"]["configuration"], "No group was found on two sides", "Leaderboard",
        "To run it again",
        summary["versions"]["tensorflow"], "spectrogram:", *summary["data"]["classes"],
    ):  # fmt: skip
        assert words in page
    assert all(row["path"] in page for row in summary["data"]["quarantined"])


def test_predictions_agree_with_the_summary(finished: Search, page: str) -> None:
    folder = finished.program.folder("tiny")
    summary = json.loads((folder / "summary.json").read_text())
    predictions = from_csv((folder / "predictions.csv").read_text(), "predictions.csv")
    tests = predictions.on("test")
    hits = [predictions.predicted(track) == track.label for track in tests]
    assert sum(hits) / len(hits) == pytest.approx(summary["winner"]["test"]["track"]["accuracy"]["value"])
    assert predictions.on("validation")
    for track in predictions.worst_mistakes("test", 8):
        assert track.path in page


def test_mistakes_can_be_heard_and_no_name_is_markup(finished: Search, tmp_path: Path) -> None:
    """Two planted mistakes: of a track that is there, and of one with a hostile name that is not."""
    shutil.copytree(finished.program.home, tmp_path / "home")
    program = type(finished.program)(tmp_path / "home")
    file = program.folder("tiny") / "predictions.csv"
    predictions = from_csv(file.read_text(), "predictions.csv")
    there = predictions.on("test")[0]
    other = next(name for name in predictions.classes if name != predictions.predicted(there))
    planted = (
        replace(there, label=other),
        replace(there, path="<script>&.wav", label=other),
    )
    file.write_text(replace(predictions, tracks=planted).to_csv())
    written = program.run("report", "tiny")
    assert written.returncode == 0, written.stderr
    page = (program.folder("tiny") / "report.html").read_text()
    assert page.count("<audio") == 1
    assert "&lt;script&gt;&amp;.wav" in page
    assert "<script" not in page


def test_it_can_be_written_anew_and_without_the_audio(finished: Search, tmp_path: Path) -> None:
    shutil.copytree(finished.program.home, tmp_path / "home")
    program = type(finished.program)(tmp_path / "home")
    report = program.folder("tiny") / "report.html"
    report.unlink()
    space = program.folder("tiny") / "space.yaml"
    space.write_text(space.read_text().replace(str(finished.corpus), str(tmp_path / "gone")))
    written = program.run("report", "tiny")
    assert written.returncode == 0, written.stderr
    assert written.stdout.strip().endswith("report.html")
    assert "no sound" in written.stderr
    assert "<audio" not in report.read_text()
    assert "Leaderboard" in report.read_text()


def test_a_search_without_a_result_has_no_report(finished: Search, tmp_path: Path) -> None:
    program = type(finished.program)(tmp_path)
    shutil.copytree(finished.program.folder("tiny"), program.folder("tiny"))
    (program.folder("tiny") / "summary.json").unlink()
    refused = program.run("report", "tiny")
    assert refused.returncode == 2
    assert "search 'tiny' has no result yet" in refused.stderr
    assert program.run("report", "nothing").returncode == 2


def test_a_search_compared_with_itself(finished: Search) -> None:
    told = finished.program.run("compare", "tiny", "tiny")
    assert told.returncode == 0, told.stderr
    assert "+0.000 [+0.000, +0.000]" in told.stdout
    found = json.loads(finished.program.run("compare", "tiny", "tiny", "--json").stdout)
    assert found["figures"]["p_value"] == 1.0
    refused = finished.program.run("compare", "tiny", "huge")
    assert refused.returncode == 2
    assert "There are: tiny" in refused.stderr


def test_the_winner_under_several_splits(finished: Search, tmp_path: Path) -> None:
    program = type(finished.program)(tmp_path)
    shutil.copytree(finished.program.home, tmp_path, dirs_exist_ok=True)
    told = program.run("compare", "tiny", "--protocols", "--json")
    assert told.returncode == 0, told.stderr
    results = json.loads(told.stdout.splitlines()[-1])
    assert [(r["split_by"], r["leakage"]) for r in results] == [
        ("group", "none"), ("track", "group"), ("segment", "segment"),
    ]  # fmt: skip
    assert all(0 <= r["track"]["low"] <= r["track"]["value"] <= r["track"]["high"] <= 1 for r in results)
    assert json.loads((program.folder("tiny") / "protocols.json").read_text()) == results
    for arguments in (("tiny",), ("tiny", "tiny", "--protocols"), ("tiny", "--protocols", "--folds")):
        refused = program.run("compare", *arguments)
        assert refused.returncode == 2
        assert "write two names" in refused.stderr


def test_the_winner_on_each_fold(finished: Search, tmp_path: Path) -> None:
    program = type(finished.program)(tmp_path)
    shutil.copytree(finished.program.home, tmp_path, dirs_exist_ok=True)
    refused = program.run("compare", "tiny", "--folds")
    assert refused.returncode == 2
    assert "the corpus has 0 folds, and at least 3 are needed" in refused.stderr
    space = program.folder("tiny") / "space.yaml"
    space.write_text(space.read_text().replace("folds: null", "folds: 4"))
    told = program.run("compare", "tiny", "--folds", "--json")
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout.splitlines()[-1])
    assert (result["folds"], result["leakage"]) == ([1, 2, 3, 4], ["none"] * 4)
    counted = sum(result["track_accuracy"]) / 4
    assert result["track"]["value"] == pytest.approx(counted, abs=0.03)  # folds are nearly of one size
    assert result["track"]["low"] <= result["track"]["value"] <= result["track"]["high"]
    assert json.loads((program.folder("tiny") / "folds.json").read_text()) == result
