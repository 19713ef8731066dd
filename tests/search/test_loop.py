import json
import random
import zlib

import pytest
from tests.search import simulated

from tunebench.catalog.spec import Signal
from tunebench.errors import InputError, SearchError
from tunebench.search.journal import Journal, read
from tunebench.search.loop import MAX_LOST, Loop
from tunebench.search.oracle import KerasTunerOracle
from tunebench.search.protocols import Listener, Lost
from tunebench.search.records import rebuild
from tunebench.search.table import UNSTABLE, rows, to_csv
from tunebench.trial import TrialRequest

SIGNAL = Signal(16000, 16000)


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


class KilledJournal(Journal):
    """Dies instead of writing its `after`-th event, which may be torn."""

    def __init__(self, path, after: int, *, torn: bool = False) -> None:
        super().__init__(path)
        self._left, self._torn = after, torn

    def append(self, event, **fields):
        if self._left == 0:
            if self._torn:
                with self.path.open("ab") as file:
                    file.write(json.dumps({"event": event, **fields}).encode()[:17])
            raise Killed
        self._left -= 1
        super().append(event, **fields)


def drive(
    tmp_path, journal, *, slots=1, fails=lambda request: False, listeners=(), executor=None, most=None,
    keep=lambda configurations: None, enough=lambda records: None, earlier=(), **search,
) -> Loop:  # fmt: skip
    experiment = simulated.experiment(tmp_path, **{"max_epochs": 9, "seed": 1, **search})
    loop = Loop(
        executor=executor or simulated.SimulatedExecutor(slots, fails),
        journal=journal,
        events=list(read(journal.path)),
        listeners=listeners,
        seed=experiment.search.seed,
        objective=experiment.search.objective,
    )
    try:
        oracle = KerasTunerOracle(experiment.space, experiment.search, SIGNAL, earlier=earlier)
        loop.search(oracle, max_trials=most, enough=enough, keep=keep)
    finally:
        journal.close()
    return loop


def stable(loop: Loop) -> list[dict]:
    return [{k: v for k, v in row.items() if k not in UNSTABLE} for row in rows(loop.records)]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_killed_at_any_event_gives_the_same_table(tmp_path, sampler):
    """Every 7th event of the journal in turn, with and without a torn last line."""
    whole = drive(tmp_path, Journal(tmp_path / "whole.jsonl"), sampler=sampler)
    events = sum(1 for _ in read(tmp_path / "whole.jsonl"))
    for after in range(0, events, 7):
        path = tmp_path / f"killed-{after}.jsonl"
        with pytest.raises(Killed):
            drive(tmp_path, KilledJournal(path, after, torn=after % 2 == 0), sampler=sampler)
        resumed = drive(tmp_path, Journal(path), sampler=sampler)
        assert stable(resumed) == stable(whole), after


def test_an_interrupted_trial_is_a_further_attempt_from_where_its_rung_began(tmp_path):
    path = tmp_path / "journal.jsonl"
    with pytest.raises(Killed):
        drive(tmp_path, KilledJournal(path, 3))  # ask, start, epoch of the first trial
    loop = drive(tmp_path, Journal(path))
    first = loop.records.trials["0000"]
    assert first.attempts == 2
    assert [record.attempts for record in loop.records.trials.values()].count(2) == 1


def test_no_trial_is_begun_once_it_is_enough(tmp_path):
    path = tmp_path / "journal.jsonl"
    loop = drive(
        tmp_path, Journal(path), enough=lambda records: "enough" if len(records.trials) == 6 else None
    )
    assert loop.enough == "enough"
    assert not loop.cut
    assert len(loop.records.trials) == 6
    assert all(record.result for record in loop.records.trials.values())


class FatalExecutor(simulated.SimulatedExecutor):
    """One trial takes the process with it."""

    def wait(self, on_epoch):
        if self._queue[0].trial == "0002":
            raise Killed
        return super().wait(on_epoch)


def test_a_trial_that_kills_its_process_has_failed_after_five_attempts(tmp_path):
    path = tmp_path / "journal.jsonl"
    for _ in range(MAX_LOST):
        with pytest.raises(Killed):
            drive(tmp_path, Journal(path), executor=FatalExecutor())
    loop = drive(tmp_path, Journal(path), executor=FatalExecutor())
    fatal = loop.records.trials.pop("0002")
    assert (fatal.attempts, fatal.result.status) == (MAX_LOST, "failed")
    assert f"{MAX_LOST} attempts lost: the process that ran it died" in fatal.result.message
    assert {record.result.status for record in loop.records.trials.values()} == {"completed"}


class LosingExecutor(simulated.SimulatedExecutor):
    """Workers that die in one trial, under a driver that lives on."""

    isolated = True

    def wait(self, on_epoch):
        if self._queue[0].trial == "0002":
            return Lost(self._queue.pop(0).trial, "worker 0: was ended by SIGKILL")
        return super().wait(on_epoch)


def test_a_trial_whose_workers_die_is_given_up(tmp_path):
    lost = []

    class Heard(Listener):
        def on_lost(self, request, reason) -> None:
            lost.append((request.trial, reason))

    journal = Journal(tmp_path / "journal.jsonl")
    loop = drive(tmp_path, journal, executor=LosingExecutor(), listeners=[Heard()])
    assert lost == [("0002", "worker 0: was ended by SIGKILL")] * MAX_LOST
    assert loop.records.trials["0002"].result.message.endswith("lost: worker 0: was ended by SIGKILL")
    assert all(record.result for record in loop.records.trials.values())


def test_a_driver_that_dies_blames_no_trial_of_a_worker(tmp_path):
    class Isolated(FatalExecutor):
        isolated = True

    path = tmp_path / "journal.jsonl"
    for _ in range(MAX_LOST + 2):
        with pytest.raises(Killed):
            drive(tmp_path, Journal(path), executor=Isolated())
    assert drive(tmp_path, Journal(path)).records.trials["0002"].result.status == "completed"


def test_stopping_on_purpose_blames_no_trial(tmp_path):
    path = tmp_path / "journal.jsonl"
    for _ in range(MAX_LOST + 1):
        with pytest.raises(Killed):
            drive(tmp_path, Journal(path), executor=FatalExecutor())
        journal = Journal(path)
        journal.append("end", status="interrupted")
        journal.close()
    loop = drive(tmp_path, Journal(path))
    assert loop.records.trials["0002"].attempts == MAX_LOST + 2
    assert loop.records.trials["0002"].result.status == "completed"


def test_a_search_cut_short_goes_on_as_if_it_had_not_been(tmp_path):
    whole = drive(tmp_path, Journal(tmp_path / "whole.jsonl"))
    assert not whole.cut
    path = tmp_path / "cut.jsonl"
    cut = drive(tmp_path, Journal(path), most=5)
    assert cut.cut
    assert len(cut.records.trials) == 5
    assert stable(drive(tmp_path, Journal(path))) == stable(whole)
    exact = drive(tmp_path, Journal(tmp_path / "exact.jsonl"), most=len(whole.records.trials))
    assert not exact.cut


def test_fewer_trials_than_there_are_end_the_search_too(tmp_path):
    path = tmp_path / "cut.jsonl"
    drive(tmp_path, Journal(path), most=8)
    again = drive(tmp_path, Journal(path), most=5)
    assert again.cut
    assert len(again.records.trials) == 8


def test_a_search_is_not_cut_or_enough_where_nothing_was_left_to_begin(tmp_path):
    whole = drive(tmp_path, Journal(tmp_path / "whole.jsonl"))
    count = len(whole.records.trials)
    last = drive(
        tmp_path,
        Journal(tmp_path / "again.jsonl"),
        most=count,
        enough=lambda records: "enough" if len(records.trials) >= count else None,
    )
    assert not last.cut
    assert last.enough is None


FEW = simulated.FEW + "search: {algorithm: random, max_trials: 100, max_epochs: 3, seed: 1}\n"


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_parallel_workers_on_a_space_that_is_used_up_can_be_resumed(tmp_path, sampler, monkeypatch):
    """What a draw in vain does to the random state must be done again on replay."""
    monkeypatch.setattr(simulated, "SPACE", FEW)

    def shuffled(number):
        return simulated.SimulatedExecutor(3, shuffle=random.Random(number))

    path = tmp_path / "whole.jsonl"
    drive(tmp_path, Journal(path), executor=shuffled(0), sampler=sampler)
    events = path.read_bytes().splitlines(keepends=True)
    for after in range(5, len(events), 11):
        part = tmp_path / f"part-{after}.jsonl"
        part.write_bytes(b"".join(events[:after]))
        resumed = drive(tmp_path, Journal(part), executor=shuffled(after), sampler=sampler)
        assert all(record.result for record in resumed.records.trials.values())
    if sampler == "random":
        alone = drive(tmp_path, Journal(tmp_path / "alone.jsonl"), sampler=sampler)
        assert stable(alone) == stable(drive(tmp_path, Journal(path), sampler=sampler))


class CheckpointedExecutor(simulated.SimulatedExecutor):
    """Knows whose checkpoints there are, and needs that of a trial that goes on."""

    def __init__(self, slots, fails) -> None:
        super().__init__(slots, fails)
        self.held: set[str] = set()
        self.most = 0

    def wait(self, on_epoch):
        request = self._queue[0]
        assert request.epochs_from == 0 or request.checkpoint in self.held
        self.held.add(request.checkpoint)
        self.most = max(self.most, len(self.held))
        return super().wait(on_epoch)


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("share", [0, 5, 2])
def test_checkpoints_that_nobody_goes_on_from_are_let_go(tmp_path, slots, share):
    """With none, a fifth and half of the trials failing, one at a time and four at once."""
    executor = CheckpointedExecutor(slots, lambda request: share > 0 and int(request.trial[:4]) % share == 1)
    drive(
        tmp_path,
        Journal(tmp_path / "journal.jsonl"),
        executor=executor,
        keep=executor.held.intersection_update,
    )
    assert not executor.held
    if share == 0 and slots == 1:
        assert executor.most == 9  # the first round of the widest of three brackets; 17 in all


@pytest.mark.parametrize("algorithm", ["hyperband", "random", "grid"])
@pytest.mark.parametrize("failing", [False, True])
def test_the_table_does_not_depend_on_how_many_work_and_who_ends_first(tmp_path, algorithm, failing):
    """One trial at a time, and 3 and 8 at once that end in any order."""

    def fails(request):
        return failing and zlib.crc32(f"{request.configuration} {request.rung}".encode()) % 4 == 0

    search = {"algorithm": algorithm, "max_trials": 24} if algorithm != "hyperband" else {"max_epochs": 27}
    alone = drive(tmp_path, Journal(tmp_path / "alone.jsonl"), fails=fails, **search)
    assert len(alone.records.trials) >= 24
    for number, slots in enumerate((3, 8, 8)):
        executor = simulated.SimulatedExecutor(slots, fails, random.Random(number))
        together = drive(tmp_path, Journal(tmp_path / f"{number}.jsonl"), executor=executor, **search)
        assert stable(together) == stable(alone)


@pytest.mark.parametrize("slots", [1, 3])
def test_checkpoints_that_a_search_cut_short_goes_on_from_stay(tmp_path, slots):
    """Cut after each number of trials in turn, by --max-trials and by the file, the last proposal dropped."""
    for most in range(1, 23):
        for limit in ({"most": most}, {"enough": lambda r, n=most: "enough" if len(r.trials) >= n else None}):
            path = tmp_path / f"{most}-{len(limit)}-{next(iter(limit))}.jsonl"
            executor = CheckpointedExecutor(slots, lambda request: False)
            keep = executor.held.intersection_update
            cut = drive(tmp_path, Journal(path), executor=executor, keep=keep, **limit)
            executor.held &= cut.continuable
            drive(tmp_path, Journal(path), executor=executor, keep=executor.held.intersection_update)


def test_checkpoints_of_interrupted_trials_stay(tmp_path):
    """Four were open when the search was killed; one at a time is run after."""
    path = tmp_path / "journal.jsonl"
    executor = CheckpointedExecutor(4, lambda request: False)

    def keep(configurations):
        executor.held.intersection_update(configurations)

    with pytest.raises(Killed):
        drive(tmp_path, KilledJournal(path, 90), executor=executor, keep=keep, max_epochs=27)
    executor.slots, executor._queue = 1, []
    loop = drive(tmp_path, Journal(path), executor=executor, keep=keep, max_epochs=27)
    assert all(record.result for record in loop.records.trials.values())


def test_parallel_trials_that_were_open_are_run_again(tmp_path):
    path = tmp_path / "journal.jsonl"
    with pytest.raises(Killed):
        drive(tmp_path, KilledJournal(path, 25), slots=3)
    before = {name: r.attempts for name, r in rebuild(read(path)).trials.items() if r.result is None}
    assert len(before) > 1
    loop = drive(tmp_path, Journal(path), slots=3)
    assert all(record.result for record in loop.records.trials.values())
    assert all(loop.records.trials[name].attempts == attempts + 1 for name, attempts in before.items())


def test_a_changed_space_is_refused_on_replay(tmp_path):
    path = tmp_path / "journal.jsonl"
    with pytest.raises(Killed):
        drive(tmp_path, KilledJournal(path, 9))
    with pytest.raises(InputError, match="--fresh"):
        drive(tmp_path, Journal(path), seed=2)


def test_a_search_in_which_nothing_works_ends_with_the_reason(tmp_path):
    with pytest.raises(SearchError, match="first 8 trials all failed, the last with: planned"):
        drive(tmp_path, Journal(tmp_path / "journal.jsonl"), fails=lambda request: True)


def test_failures_among_successes_do_not_end_a_search(tmp_path):
    loop = drive(
        tmp_path, Journal(tmp_path / "journal.jsonl"), fails=lambda request: int(request.trial[:4]) % 4 == 1
    )
    assert sum(row["status"] == "failed" for row in rows(loop.records)) > 3


def test_listeners_hear_each_epoch_once(tmp_path):
    class Heard(Listener):
        def __init__(self) -> None:
            self.epochs = []

        def on_epoch(self, request: TrialRequest, record) -> None:
            self.epochs.append((request.configuration, record.epoch))

    heard = Heard()
    drive(tmp_path, Journal(tmp_path / "journal.jsonl"), listeners=[heard])
    assert len(heard.epochs) == len(set(heard.epochs)) == 75


def test_only_one_process_holds_a_journal(tmp_path):
    held = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(InputError, match="another tunebench process is running this search"):
        Journal(tmp_path / "journal.jsonl")
    held.close()
    Journal(tmp_path / "journal.jsonl").close()


def test_columns_of_trials_csv(tmp_path):
    loop = drive(tmp_path, Journal(tmp_path / "journal.jsonl"))
    header = to_csv(rows(loop.records)).splitlines()[0].split(",")
    assert header[:10] == [
        "trial", "configuration", "bracket", "rung", "status", "epochs_from", "epochs_to", "attempt", "score",
        "best_epoch",
    ]  # fmt: skip
    assert "p.spectrogram.mel.n_fft" in header
    assert header[-5:] == ["worker", "host", "started_at", "run_id", "message"]
