"""Versions, the alias, and the history of its moves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.tracking.project import Project, better, worse
from tests.tracking.registered import log_winner

from tunebench.app.registry import judge
from tunebench.errors import InputError
from tunebench.tracking import mlflow_listener, store
from tunebench.tracking.connection import Connection
from tunebench.tracking.registry import Registry
from tunebench.tracking.version import Move, champions

ROOT = Path(__file__).parents[2]


def registry_of(project: Project) -> Registry:
    return Registry(project.client, project.uri)


def moves(project: Project) -> list[tuple[int, int | None, str]]:
    return [(m.version, m.previous, m.kind) for m in registry_of(project).model(project.name).moves]


def test_only_a_better_winner_becomes_the_champion(project: Project) -> None:
    first = log_winner(project, "a", 70)
    assert (first.moved, first.champion, first.address) == (True, 1, f"models:/{project.name}@champion")
    assert first.reason == "there was no champion to compare it with"
    second = log_winner(project, "b", 72)
    assert (second.moved, second.champion, second.address) == (False, 1, f"models:/{project.name}/2")
    assert "does not lie above 0" in second.reason
    third = log_winner(project, "c", 95)
    assert (third.moved, third.champion, third.previous) == (True, 3, 1)
    assert third.verdict is not None

    model = registry_of(project).model(project.name)
    assert [version.number for version in model.versions] == [3, 2, 1]
    assert [version.decision for version in model.versions] == [third.reason, second.reason, first.reason]
    newest = model.versions[0]
    assert (newest.split_hash, newest.leakage, newest.test_reads) == ("5b1a", "none", 2)
    assert newest.test_side == project.info().digest("test")
    assert newest.test_accuracy == {"value": 0.75, "low": 0.6, "high": 0.9}
    assert moves(project) == [(1, None, "first"), (3, 1, "better")]


def test_a_winner_without_predictions_does_not_move_the_alias(project: Project) -> None:
    log_winner(project, "a", 10)
    outcome = log_winner(project, "b", None)
    assert not outcome.moved
    assert outcome.reason == "version 2 cannot be compared: it was registered without its predictions"


def test_predictions_that_are_gone_do_not_move_the_alias(project: Project) -> None:
    log_winner(project, "a", 10)
    for path in (project.artifacts / project.name).rglob("predictions.csv"):
        path.unlink()
    outcome = log_winner(project, "b", 99)
    assert not outcome.moved
    assert "version 1 cannot be compared: its predictions cannot be read from" in outcome.reason


def test_a_search_that_goes_on_is_judged_once_and_its_next_winner_anew(project: Project) -> None:
    log_winner(project, "a", 70)
    assert not log_winner(project, "b", 71).moved
    again = log_winner(project, "b", 71)
    assert (again.version, again.moved, again.champion) == (2, False, 1)
    assert "does not lie above 0" in again.reason
    assert log_winner(project, "b", 99, repeat="r1").champion == 3
    assert len(moves(project)) == 2


def test_a_process_that_dies_before_the_alias_is_set_registers_no_second_version(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "challenge", die)
        patch.setattr(mlflow_listener, "Connection", lambda **kwargs: Connection(**kwargs, pauses_s=()))
        with pytest.raises(AssertionError):  # no outcome
            log_winner(project, "a", 70)
    outcome = log_winner(project, "a", 70)
    assert (outcome.version, outcome.champion) == (1, 1)


def test_rollback_goes_back_step_by_step_and_then_refuses(project: Project) -> None:
    for number, right in enumerate((50, 70, 90)):
        log_winner(project, f"s{number}", right)
    registry = registry_of(project)
    assert [registry.rollback(project.name).version for _ in range(2)] == [2, 1]
    with pytest.raises(InputError, match=r"nothing to roll back to: it has version 1 .* promote .* --force"):
        registry.rollback(project.name)
    outcome = registry.challenge(project.name, None, judge)
    assert (outcome.version, outcome.moved, outcome.previous) == (3, True, 1)
    assert registry.rollback(project.name).version == 1  # not 2, which had been rolled back
    assert [move[2] for move in moves(project)] == [
        "first", "better", "better", "rollback", "rollback", "better", "rollback",
    ]  # fmt: skip


def test_force_moves_it_and_is_noted(project: Project) -> None:
    log_winner(project, "a", 90)
    log_winner(project, "b", 50)
    registry = registry_of(project)
    refused = registry.challenge(project.name, None, judge)
    assert (refused.version, refused.moved) == (2, False)
    forced = registry.challenge(project.name, 2, judge, force=True, because="a smaller net")
    assert (forced.moved, forced.champion) == (True, 2)
    model = registry.model(project.name)
    assert model.moves[-1].kind == "forced"
    assert model.moves[-1].reason.startswith("a smaller net; test accuracy per track 0.500")
    forced_tag = model.versions[0].forced
    assert forced_tag is not None
    assert f"by {model.moves[-1].by} at {model.moves[-1].at}: a smaller net" in forced_tag
    assert not registry.challenge(project.name, 2, better, force=True).moved  # it is the champion already


def test_an_alias_that_was_set_by_hand_is_rolled_back_too(project: Project) -> None:
    log_winner(project, "a", 50)
    log_winner(project, "b", 51)
    project.client.set_registered_model_alias(project.name, "champion", "2")
    registry = registry_of(project)
    assert registry.rollback(project.name).previous == 2
    project.client.delete_registered_model_alias(project.name, "champion")
    assert registry.challenge(project.name, 2, worse).reason == "there was no champion to compare it with"


def test_the_comparison_is_made_anew_where_the_champion_changed_meanwhile(project: Project) -> None:
    """As on a server, which knows no lock."""
    log_winner(project, "a", 50)
    log_winner(project, "b", 51)
    log_winner(project, "c", 52)
    seen: list[int] = []

    def meddling(challenger, champion):
        seen.append(champion.version.number)
        project.client.set_registered_model_alias(project.name, "champion", "2")
        return better(challenger, champion)

    assert registry_of(project).challenge(project.name, 3, meddling).previous == 2
    assert seen == [1, 2]


def test_what_is_not_there_is_named(project: Project) -> None:
    log_winner(project, "a", 50)
    registry = registry_of(project)
    assert project.name in registry.names()
    with pytest.raises(InputError, match=r"no version 7 .* its versions are: 1"):
        registry.challenge(project.name, 7, judge)
    with pytest.raises(InputError, match=rf"{project.name[1:]}: no registered model .* did you mean"):
        registry.model(project.name[1:])


def test_no_lock_beside_a_server() -> None:
    with store.locked("http://127.0.0.1:9", "registry.lock"), store.locked("postgresql://a", "registry.lock"):
        pass


def test_two_searches_that_end_at_once_leave_the_better_champion(project: Project) -> None:
    """Each is better than the champion of before; the second to come is compared with the first."""
    log_winner(project, "before", 20)
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'src')!r}]\n"
        "from pathlib import Path\n"
        "from tests.tracking.project import Project\n"
        "from tests.tracking.registered import log_winner\n"
        f"project = Project(Path({str(project.home)!r}), {project.name!r})\n"
        "log_winner(project, sys.argv[1], int(sys.argv[2]), wait_s=0.5)\n"
    )
    pipe = subprocess.PIPE
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, search, right],
            stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        )
        for search, right in (("a", "95"), ("b", "60"))
    ]  # fmt: skip
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 2  # type: ignore[union-attr]
    for racer in racers:
        racer.stdin.write("go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    ended = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], ended

    model = registry_of(project).model(project.name)
    assert len(model.versions) == 3
    decided = {version.number: version.decision for version in model.versions}
    assert all(decided.values())
    winner = next(version for version in model.versions if "per track 0.950" in (version.decision or ""))
    assert model.champion == winner.number
    noted = [(move.version, move.previous) for move in model.moves]
    assert noted[-1][0] == model.champion
    assert [previous for _, previous in noted] == [None, *(number for number, _ in noted[:-1])]
    assert len(noted) in (2, 3)  # the weaker one was first and champion for a moment, or was refused


def line(*steps: tuple[int, int | None, str]) -> list[Move]:
    return [Move("", version, previous, kind, "", "") for version, previous, kind in steps]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("history", "champion", "earlier"),
    [
        ([], None, []),
        ([], 1, []),
        ([(1, None, "first")], 1, []),
        ([(1, None, "first"), (2, 1, "better"), (3, 2, "better")], 3, [1, 2]),
        ([(1, None, "first"), (2, 1, "better"), (3, 2, "better"), (2, 3, "rollback")], 2, [1]),
        (
            [(1, None, "first"), (2, 1, "better"), (3, 2, "better"), (2, 3, "rollback"), (4, 2, "better")],
            4,
            [1, 2],
        ),
        ([(1, None, "first"), (2, 1, "forced"), (1, 2, "forced")], 1, [1, 2]),
        ([(1, None, "first")], 5, [1]),  # set by hand
        ([(1, None, "first"), (6, 5, "better")], 6, [1, 5]),
        ([(1, None, "first")], None, [1]),  # taken away by hand
        ([(3, 4, "rollback")], 3, []),
    ],
)
def test_the_line_of_champions(
    history: list[tuple[int, int | None, str]], champion: int | None, earlier: list[int]
) -> None:
    assert champions(line(*history), champion) == earlier
