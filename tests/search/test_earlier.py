"""Earlier searches as observations: out of a journal and a table, into another space, into a journal."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from tests.search import simulated
from tests.search.test_loop import drive

from tunebench.catalog.spec import Signal
from tunebench.errors import InputError
from tunebench.search.earlier import EarlierSearch, Trained, observe, of_journal, of_table
from tunebench.search.journal import Journal, read
from tunebench.search.observations import Observation, best_first, from_plain, to_plain
from tunebench.search.table import rows, to_csv

SIGNAL = Signal(16000, 16000)


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    return drive(
        folder, Journal(folder / "journal.jsonl"), fails=lambda request: request.configuration == "c0001"
    ), list(read(folder / "journal.jsonl"))


def table(loop) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(rows(loop.records)))))


def test_a_journal_gives_every_configuration_with_its_curve(loop):
    found = of_journal(loop[1], "val_accuracy")
    configurations = {r.request.configuration: r.request for r in loop[0].records.trials.values()}
    assert len(found) == len(configurations) - 1  # one failed
    for trained in found:
        assert sorted(trained.curve) == list(range(1, trained.epochs + 1))
        assert trained.curve[1] == simulated.score(trained.values, 1)
    assert {trained.epochs for trained in found} == {1, 3, 9}
    assert all(not trained.curve for trained in of_journal(loop[1], "val_loss"))


def test_a_table_gives_the_same_configurations_and_their_best_scores(tmp_path, loop):
    space = simulated.experiment(tmp_path).space
    journaled, tabled = (
        observe([EarlierSearch("first", "val_accuracy", "", found)], space, SIGNAL, "val_accuracy")
        for found in (
            of_journal(loop[1], "val_accuracy"),
            of_table(table(loop[0]), "val_accuracy", scored_by="val_accuracy"),
        )
    )
    assert journaled[1] == tabled[1] == [len(journaled[0])]
    for one, other in zip(
        *(sorted(seen, key=lambda o: str(o.values)) for seen, _ in (journaled, tabled)), strict=True
    ):
        assert one.values == other.values
        assert [type(v) for v in one.values.values()] == [type(v) for v in other.values.values()]
        assert (one.score("max"), one.epochs) == (other.score("max"), other.epochs)


def test_a_table_of_another_objective_gives_last_epochs(loop):
    held = [{**row, "val_loss": "0.5"} for row in table(loop[0])]
    found = of_table(held, "val_loss", scored_by="val_accuracy")
    assert all(set(trained.curve.values()) == {0.5} and trained.epochs in trained.curve for trained in found)
    assert not any(
        trained.curve for trained in of_table(table(loop[0]), "val_loss", scored_by="val_accuracy")
    )


def test_what_stopped_early_counts_as_trained_to_the_end(loop):
    stopped = [
        {**row, "status": "stopped"} if row["configuration"] == "c0000" else row for row in table(loop[0])
    ]
    trained = of_table(stopped, "val_accuracy", scored_by="val_accuracy")[0]
    assert trained.epochs == 9


def test_only_what_lies_in_the_space_counts(tmp_path, loop):
    narrow = simulated.SPACE.replace("[1e-4, 1e-2]", "[1e-3, 1e-2]")
    space = simulated.experiment(tmp_path, text=narrow).space
    trained = of_journal(loop[1], "val_accuracy")
    found, usable = observe([EarlierSearch("first", "", "", trained)], space, SIGNAL, "val_accuracy")
    inside = [t.values for t in trained if t.values["learning_rate"] >= 1e-3]
    assert [seen.values for seen in found] == inside
    assert usable == [len(inside)]
    assert 0 < len(inside) < len(trained)


def test_a_parameter_that_an_earlier_search_did_not_know_had_its_default(tmp_path, loop):
    space = simulated.experiment(tmp_path).space
    trained = of_journal(loop[1], "val_accuracy")
    for old in trained:
        old.values = {path: value for path, value in old.values.items() if path != "label_smoothing"}
    found, _ = observe([EarlierSearch("first", "", "", trained)], space, SIGNAL, "val_accuracy")
    assert all(seen.values["label_smoothing"] == 0.0 for seen in found)
    trained[0].values = {**trained[0].values, "pitch_shift": 3}
    assert observe([EarlierSearch("first", "", "", trained)], space, SIGNAL, "val_accuracy")[1] == [
        len(found) - 1
    ]


def test_one_that_stands_in_two_searches_counts_once(tmp_path, loop):
    space = simulated.experiment(tmp_path).space
    trained = of_journal(loop[1], "val_accuracy")
    longer = [Trained(trained[0].values, {**trained[0].curve, 27: 0.99}, 27)]
    searches = [EarlierSearch("a", "", "", trained), EarlierSearch("b", "", "", longer)]
    found, usable = observe(searches, space, SIGNAL, "val_accuracy")
    assert usable == [len(trained), 1]
    assert len(found) == len(trained)
    assert [seen.epochs for seen in found if seen.source == 1] == [27]


def test_nothing_usable_is_an_error_that_says_why(tmp_path, loop):
    other = simulated.SPACE.replace("backbone:", "image_size: 64\n  backbone:")
    space = simulated.experiment(tmp_path, text=other).space
    trained = of_journal(loop[1], "val_accuracy")
    with pytest.raises(InputError) as error:
        observe([EarlierSearch("first", "", "", trained)], space, SIGNAL, "val_accuracy")
    assert str(error.value).startswith(
        f"search.warm_start: none of the {len(trained)} configurations of first can be used here:\n"
        f"  {len(trained)} times: image_size 96 is not in the space\n"
    )
    with pytest.raises(InputError, match="times: val_loss is not known of it"):
        observe([EarlierSearch("first", "", "", of_journal(loop[1], "val_loss"))], space, SIGNAL, "val_loss")
    with pytest.raises(InputError, match=r"search\.warm_start: first holds no result yet"):
        observe([EarlierSearch("first", "", "", [])], space, SIGNAL, "val_accuracy")


def test_what_cannot_be_built_on_these_segments_is_dropped(tmp_path, loop):
    space = simulated.experiment(tmp_path).space
    trained = of_journal(loop[1], "val_accuracy")
    with pytest.raises(InputError, match=r"times: (mel|stft): "):
        observe([EarlierSearch("first", "", "", trained)], space, Signal(16000, 100), "val_accuracy")


def test_scores_that_are_no_numbers_are_left_out():
    trained = Trained({})
    for epoch, score in enumerate((math.nan, math.inf, None, 0.5)):
        trained.note(epoch, score)
    assert trained.curve == {3: 0.5}


def test_observations_come_back_out_of_a_journal():
    seen = [Observation({"a": 1e-3, "b": None, "c": "x"}, {1: 0.1, 9: 0.7}, 9, comparable=True, source=2)]
    assert from_plain(json.loads(json.dumps(to_plain(seen)))) == seen


def test_the_best_of_a_loss_is_the_lowest():
    seen = [Observation({"n": n}, {1: n / 10}, 1, comparable=False) for n in (3, 1, 2)]
    assert [values["n"] for values in best_first(seen, "min")] == [1, 2, 3]
    assert [values["n"] for values in best_first(seen, "max")] == [3, 2, 1]
