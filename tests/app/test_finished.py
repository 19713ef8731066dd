"""What a search leaves behind, and what the same command does then: design.md, section 4."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from tests.audio.sounds import hostile
from tests.conftest import Search

from tunebench.search.brackets import rungs
from tunebench.space import load

pytestmark = pytest.mark.slow

WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
sys.argv = ["tunebench", "search", {space!r}]
import tunebench.__main__
"""


def table(search: Search, name: str = "tiny") -> list[dict[str, str]]:
    with (search.program.folder(name) / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder(finished: Search) -> None:
    names = {path.name for path in finished.program.folder("tiny").iterdir()}
    assert names == {
        "space.yaml", "journal.jsonl", "trials.csv", "summary.json", "checkpoints", "winner", "figures",
        "study.db", "predictions.csv", "report.html",
    }  # fmt: skip
    winner = finished.program.folder("tiny") / "winner"
    assert {path.name for path in winner.iterdir()} == {
        "tunebench.json",
        "model.keras",
        "savedmodel",
        "example.npz",
        "reference",
        "README.md",
    }


def test_the_figures(finished: Search) -> None:
    """Importances and contours are not drawn after so few configurations."""
    names = {path.stem for path in (finished.program.folder("tiny") / "figures").iterdir()}
    drawn = {"calibration", "curves", "parameters", "confusion", "history", "slices", "parallel", "pareto"}
    assert drawn <= names <= drawn | {"importances", "contours"}


def test_the_home(finished: Search) -> None:
    home = finished.program.home
    assert {path.name for path in home.iterdir()} == {"experiments", "mlruns", ".tunebench", "tiny.yaml"}
    assert (home / "mlruns" / "mlflow.db").is_file()
    assert {path.name for path in (home / ".tunebench").iterdir()} == {"store", "test_reads.jsonl"}
    assert not list((home / "experiments").rglob(".*"))


def test_the_space_as_run_loads_again_as_the_same(finished: Search) -> None:
    as_run = load(finished.program.folder("tiny") / "space.yaml")
    asked = load(finished.space)
    assert as_run.digest() == asked.digest()
    assert as_run.data.root == asked.data.root


def test_the_checkpoints_are_the_finalists(finished: Search) -> None:
    kept = {path.name for path in (finished.program.folder("tiny") / "checkpoints").iterdir()}
    finalists = {row["configuration"] for row in finished.program.summary("tiny")["winner"]["finalists"]}
    assert {name.split("-")[0] for name in kept} == finalists
    assert all("-r" in name for name in kept)


def test_one_row_per_trial_of_every_rung(finished: Search) -> None:
    found = [(int(row["bracket"]), int(row["rung"]), int(row["epochs_to"])) for row in table(finished)]
    planned = [
        (rung.bracket, rung.rung, rung.epochs_to)
        for rung in rungs(max_epochs=4, factor=2)
        for _ in range(rung.size)
    ]
    assert found == planned
    assert {row["status"] for row in table(finished)} == {"completed"}


def test_the_columns(finished: Search) -> None:
    columns = list(table(finished)[0])
    fixed = [
        "trial", "configuration", "bracket", "rung", "status", "epochs_from", "epochs_to", "attempt", "score",
        "best_epoch",
    ]  # fmt: skip
    assert columns[: len(fixed)] == fixed
    metrics = {"loss", "accuracy", "learning_rate"} | {
        f"val_{track}{name}"
        for track in ("", "track_")
        for name in ("loss", "accuracy", "macro_precision", "macro_recall", "macro_f1")
    }
    after = columns[len(fixed) :]
    assert set(after[: len(metrics)]) == metrics
    after = after[len(metrics) :]
    parameters = [column for column in after if column.startswith("p.")]
    assert after[: len(parameters)] == parameters
    assert {"p.spectrogram.mel.n_fft", "p.backbone.cnn.filters", "p.learning_rate"} <= set(parameters)
    assert after[len(parameters) :] == [
        "structure", "micro_batched", "parameters", "size_mb", "latency_ms",
        "seconds_build", "seconds_train", "seconds_evaluate", "seconds_checkpoint",
        "worker", "host", "started_at", "run_id", "message",
    ]  # fmt: skip
    assert all(row["run_id"] for row in table(finished))


def test_the_summary(finished: Search) -> None:
    summary = finished.program.summary("tiny")
    assert list(summary) == ["name", "version", "status", "seed", "data", "search", "winner", "versions"]
    assert (summary["name"], summary["status"], summary["seed"]) == ("tiny", "completed", 7)
    data, search, winner = summary["data"], summary["search"], summary["winner"]
    keys = {"tracks", "segments", "classes", "split_by", "split_hash", "leakage", "quarantined"}
    assert keys <= data.keys()
    assert (data["split_by"], data["leakage"], data["classes"]) == (
        "group",
        "none",
        ["high", "low", "middle"],
    )
    rows = table(finished)
    assert search["trials"] == len(rows)
    assert search["configurations"] == len({row["configuration"] for row in rows})
    assert search["epochs"] == sum(int(row["epochs_to"]) - int(row["epochs_from"]) for row in rows)
    for row in search["pareto"]:
        assert row.keys() == {"configuration", "score", "latency_ms", "size_mb"}
    assert max(float(r["score"]) for r in rows) == max(row["score"] for row in search["pareto"])
    assert (search["algorithm"], search["failed"], search["structures"]) == ("hyperband", 0, 1)
    phases = search["phases"]
    names = ("prepare", "build", "train", "evaluate", "checkpoint", "tracking", "other")
    assert list(phases) == [f"{name}_s" for name in names]
    assert sum(phases.values()) == pytest.approx(search["wall_s"], abs=0.1)
    assert winner["validation"]["val_accuracy"].keys() == {"mean", "std", "repeats"}
    assert winner["validation"]["val_accuracy"]["repeats"] == 2
    for level in ("segment", "track"):
        for metric in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
            interval = winner["test"][level][metric]
            assert interval["low"] <= interval["value"] <= interval["high"]
    assert winner["model"] == "models:/tiny@champion"
    assert (winner["registry"]["version"], winner["registry"]["champion"]) == (1, 1)
    assert winner["bundle"] == "winner"


def test_the_winner_has_the_best_mean_of_the_finalists(finished: Search) -> None:
    winner = finished.program.summary("tiny")["winner"]
    assert len(winner["finalists"]) == 2
    best = max(winner["finalists"], key=lambda row: row["score"])
    assert winner["configuration"] == best["configuration"]
    assert winner["validation"]["val_accuracy"]["mean"] == best["score"]


def test_the_test_side_is_read_once_and_last(finished: Search) -> None:
    ledger = (finished.program.home / ".tunebench" / "test_reads.jsonl").read_text().splitlines()
    assert [json.loads(line)["search"] for line in ledger] == ["tiny"]
    assert json.loads(ledger[0])["split_hash"] == finished.program.summary("tiny")["data"]["split_hash"]
    assert finished.program.summary("tiny")["winner"]["test_reads"] == 1
    events = [event["event"] for event in finished.program.journal("tiny")]
    assert events.count("test") == 1
    assert "result" not in events[events.index("winner") :]
    assert events.index("winner") < events.index("test")


def test_hostile_files_are_quarantined_and_the_search_goes_on(finished: Search, tmp_path: Path) -> None:
    rows = finished.program.summary("tiny")["data"]["quarantined"]
    named = {Path(row["path"]).name for row in rows}
    assert named >= {path.name for path in hostile(tmp_path / "bad").values()}
    assert all(row["label"] == "middle" and row["reason"] for row in rows)
    assert finished.program.summary("tiny")["data"]["tracks"] >= 24 + 2
    assert "quarantined: middle/unreadable - text.wav: unreadable" in finished.ended.stdout


def test_the_result_in_the_terminal(finished: Search) -> None:
    said = finished.ended.stdout
    assert "leakage: none" in said
    assert "test [95% interval]" in said
    assert "per track" in said
    assert "tunebench predict tiny FILE" in said
    assert "registry: version 1 of tiny is the champion: there was no champion to compare it with" in said
    assert "LEAKY" not in said
    assert finished.ended.stderr == ""


def test_again_it_prints_the_result_at_once(finished: Search) -> None:
    before = finished.program.journal("tiny")
    again = finished.program.script(WITHOUT_TENSORFLOW.format(space=str(finished.space)))
    assert again.returncode == 0, again.stderr
    result = finished.ended.stdout[finished.ended.stdout.index("\ntiny: ") :]
    assert again.stdout.strip() == result.strip()
    assert finished.program.journal("tiny") == before


def test_the_result_needs_no_audio_any_more(finished: Search) -> None:
    again = finished.program.run("search", finished.space, "--data", "/nowhere")
    assert again.returncode == 0, again.stderr
    assert "winner" in again.stdout
    other = finished.program.run("search", finished.space, "--data", "/nowhere", "--set", "search.seed=8")
    assert other.returncode == 2
    assert "the YAML file changed" in other.stderr


def test_a_changed_file_is_refused(finished: Search) -> None:
    changed = finished.program.run("search", finished.space, "--set", "training.batch_size=4")
    assert changed.returncode == 2
    assert "begun with something else: the YAML file changed since" in changed.stderr
    assert "--fresh" in changed.stderr
    assert "--name" in changed.stderr


def test_changed_audio_is_refused(finished: Search, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(finished.corpus, corpus)
    moved = finished.program.run("search", finished.space, "--data", corpus)
    assert moved.returncode == 0, moved.stderr  # the same audio somewhere else
    shutil.copyfile(corpus / "low" / "low-0-0.wav", corpus / "low" / "low-0-1.wav")
    changed = finished.program.run("search", finished.space, "--data", corpus)
    assert changed.returncode == 2
    assert "the audio changed since" in changed.stderr
    (corpus / "low" / "low-0-1.wav").unlink()
    changed = finished.program.run("search", finished.space, "--data", corpus)
    assert "the audio, the split changed since" in changed.stderr


@pytest.fixture
def interrupted(finished: Search, tmp_path: Path) -> Search:
    """The finished search, as if it had been killed before its summary was written."""
    home = tmp_path / "project"
    shutil.copytree(finished.program.home, home, ignore=shutil.ignore_patterns("summary.json", "mlruns"))
    return Search(type(finished.program)(home), finished.space, finished.corpus, finished.ended)


def test_other_versions_are_refused_while_a_search_is_open(interrupted: Search, finished: Search) -> None:
    for search, code in ((interrupted, 2), (finished, 0)):
        copy = search.program.home.parent / f"versions-{code}"
        shutil.copytree(search.program.home, copy, ignore=shutil.ignore_patterns("mlruns"))
        journal = copy / "experiments" / "tiny" / "journal.jsonl"
        header, rest = journal.read_text().split("\n", 1)
        event = json.loads(header)
        event["identity"]["keras"] = "2.0.0"
        journal.write_text(f"{json.dumps(event)}\n{rest}")
        ended = type(search.program)(copy).run("search", search.space)
        assert ended.returncode == code, ended.stderr
        if code:
            assert "keras (2.0.0 then, " in ended.stderr


@pytest.mark.parametrize("command", ["trials", "json"])
def test_the_leaderboard(finished: Search, command: str) -> None:
    arguments = ["trials", "tiny", *(["--json"] if command == "json" else [])]
    ended = finished.program.run(*arguments)
    assert ended.returncode == 0, ended.stderr
    if command == "json":
        rows = [json.loads(line) for line in ended.stdout.splitlines()]
        assert [row["trial"] for row in rows] == [row["trial"] for row in table(finished)]
        assert [str(row["score"]) for row in rows] == [row["score"] for row in table(finished)]
        assert all(row["latency_ms"] > 0 for row in rows)
        front = {row["configuration"] for row in finished.program.summary("tiny")["search"]["pareto"]}
        assert {row["configuration"] for row in rows if row["pareto"]} == front
    else:
        assert "leakage: none" in ended.stdout
        winner = finished.program.summary("tiny")["winner"]["configuration"]
        assert f"{winner} *" in ended.stdout
        assert "◆ on the Pareto front" in ended.stdout


def test_a_plan_is_judged_by_it(finished: Search) -> None:
    ended = finished.program.run("plan", finished.space)
    assert ended.returncode == 0, ended.stderr
    assert "judged by tiny: about" in ended.stdout
    assert "1 of 1 structures, 100% of draws" in ended.stdout


def test_predictions(finished: Search) -> None:
    good = sorted((finished.corpus / "low").glob("low-0-*.wav"))
    bad = finished.corpus / "middle" / "unreadable - text.wav"
    ended = finished.program.run(
        "predict", "tiny", *good, bad, finished.corpus / "none.wav", "--json", "--windows"
    )
    assert ended.returncode == 2
    assert f"error: {bad}: unreadable:" in ended.stderr
    assert "none.wav" in ended.stderr
    assert "Traceback" not in ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["path"] for row in rows] == [str(path) for path in good]
    for row in rows:
        assert list(row["probabilities"]) == ["high", "low", "middle"]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["windows"][0]["start_s"] == 0
    rates = {path.stem: row for path, row in zip(good, rows, strict=True)}
    assert "low-0-192khz" in rates


def test_export(finished: Search, tmp_path: Path) -> None:
    out = tmp_path / "export"
    ended = finished.program.run("export", "tiny", "--format", "keras", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == str(out / "model.keras")
    for arguments, said in (
        (("--format", "pickle", "--out", tmp_path / "other"), "keras or mlflow"),
        (("--out", out), "exists and is not empty"),
    ):
        refused = finished.program.run("export", "tiny", *arguments)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_fresh_keeps_the_old_run_aside(interrupted: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebench.app.folder import search_folder

    monkeypatch.setenv("TUNEBENCH_HOME", str(interrupted.program.home))
    before = interrupted.program.journal("tiny")
    folder = search_folder("tiny")
    first = folder.set_aside()
    assert first is not None
    assert interrupted.program.journal(first.name) == before
    assert not folder.path.exists()
    assert folder.set_aside() is None
    shutil.copytree(first, folder.path)
    second = folder.set_aside()
    assert second not in (None, first)
