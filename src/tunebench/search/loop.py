"""The loop: ask, journal, dispatch, journal, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from tunebench.errors import InputError, SearchError
from tunebench.search.journal import Journal
from tunebench.search.protocols import Executor, Listener, Lost, Oracle, Proposal
from tunebench.search.records import Records, TrialRecord, request_fields
from tunebench.seeding import child_seed
from tunebench.trial import EpochRecord, Status, TrialRequest, TrialResult

MAX_FAILURES_AT_START = 8
"""A search whose first trials all fail has nothing to find."""

MAX_LOST = 5
"""A trial in whose attempts the process died so often, without a further epoch, has failed."""


class Loop:
    """Drives one search to its end, from wherever its journal says it is.

    Where `should_stop` says so, it raises KeyboardInterrupt once the epoch that ended is in the journal.
    """

    def __init__(
        self,
        *,
        executor: Executor,
        journal: Journal,
        events: Sequence[Mapping[str, Any]],
        listeners: Sequence[Listener],
        seed: int,
        objective: str,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.records = Records()
        self.listener_s = 0.0
        """Seconds spent in listeners."""
        self.cut = False
        """Whether `max_trials` ended the search before its oracle did."""
        self.enough: str | None = None
        """Why the search ended before its oracle did, if `search.max_hours` or `search.target` said so."""
        self.continuable: set[str] = set()
        """Configurations that a search which ended before its oracle may still train further."""
        self._running: set[str] = set()
        self._works = False
        self._objective = objective
        self._events, self._should_stop = events, should_stop
        self._executor, self._journal, self._listeners, self._seed = executor, journal, listeners, seed

    def search(
        self,
        oracle: Oracle,
        *,
        max_trials: int | None = None,
        enough: Callable[[Records], str | None] = lambda records: None,
        keep: Callable[[Collection[str]], None] = lambda configurations: None,
    ) -> None:
        """Replay the journal into the oracle, then run what it asks for, at most `max_trials` in all.

        Once `enough` gives a reason, no trial is begun. `keep` is told, as trials end, which configurations
        may still be trained further.

        Raises:
            SearchError: the first trials all failed.
            InputError: the journal is not of this search.
        """
        for event in self._events:
            self._replay(oracle, event)
        if self.records.trials:
            self._tell_listeners(lambda listener: listener.on_resume(self.records))

        def ask() -> TrialRequest | None:
            if self.cut or self.enough:
                return None
            proposal = oracle.ask()
            if proposal is None:
                self._append("idle")
                return None
            self.cut = max_trials is not None and len(self.records.trials) >= max_trials
            self.enough = enough(self.records)
            if self.cut or self.enough:
                self._running.add(proposal.configuration)  # it goes on another time
                return None
            return self._request(proposal)

        def tell(result: TrialResult) -> None:
            oracle.tell(result, self._curve(result.trial))
            self._check_failures()
            keep(oracle.continuable() | self._running)

        interrupted = self._open(self.records.trials)
        self._running.update(request.configuration for request in interrupted)
        self._drive(interrupted, ask, tell)
        self.continuable = oracle.continuable() | self._running

    def repeats(self, requests: Sequence[TrialRequest]) -> None:
        """Run those of the given requests that the journal does not hold the result of."""
        held = self.records.repeats
        ended = {name for name, record in held.items() if record.result is not None}
        todo = iter([request for request in requests if request.trial not in ended])
        self._drive([], lambda: next(todo, None), lambda result: None)

    def release(self) -> None:
        """Let go of the workers: nothing more will be trained."""
        self._executor.close()

    def _drive(
        self,
        interrupted: Sequence[TrialRequest],
        ask: Callable[[], TrialRequest | None],
        tell: Callable[[TrialResult], None],
    ) -> None:
        queue, running = list(interrupted), 0
        while True:
            while running < self._executor.slots:
                request = queue.pop(0) if queue else ask()
                if request is None:
                    break
                if self._lost(request):
                    tell(self._give_up(request))
                    continue
                self._dispatch(request)
                running += 1
            if running == 0:
                return
            result = self._executor.wait(self._on_epoch)
            running -= 1
            if isinstance(result, Lost):
                queue.insert(0, self._note_lost(result))
            else:
                self._finish(result)
                tell(result)
            if self._should_stop():
                raise KeyboardInterrupt

    def _dispatch(self, request: TrialRequest) -> None:
        self._running.add(request.configuration)
        if request.trial not in self.records.of(request):
            self._append("ask", request=request_fields(request))
        attempt = self.records.of(request)[request.trial].attempts + 1
        self._append("start", trial=request.trial, attempt=attempt, isolated=self._executor.isolated)
        request = replace(request, attempt=attempt)
        self._tell_listeners(lambda listener: listener.on_start(request))
        self._executor.submit(request)

    def _note_lost(self, lost: Lost) -> TrialRequest:
        request = self.records.find(lost.trial).request
        self._append("lost", trial=lost.trial, reason=lost.reason)
        self._tell_listeners(lambda listener: listener.on_lost(request, lost.reason))
        return request

    def _lost(self, request: TrialRequest) -> bool:
        held = self.records.of(request).get(request.trial)
        return held is not None and held.lost >= MAX_LOST

    def _give_up(self, request: TrialRequest) -> TrialResult:
        reason = self.records.find(request.trial).lost_reason or "the process that ran it died"
        result = TrialResult(
            request.trial, Status.FAILED, request.epochs_from, message=f"{MAX_LOST} attempts lost: {reason}"
        )
        self._finish(result)
        return result

    def _on_epoch(self, trial: str, record: EpochRecord) -> None:
        held = self.records.find(trial)
        if record.epoch in held.epochs:  # an interrupted attempt had told it already
            return
        self._append("epoch", trial=trial, epoch=record.epoch, metrics=dict(record.metrics))
        self._tell_listeners(lambda listener: listener.on_epoch(held.request, record))
        if self._should_stop():
            raise KeyboardInterrupt

    def _finish(self, result: TrialResult) -> None:
        self._running.discard(self.records.find(result.trial).request.configuration)
        self._append("result", result=asdict(result))
        request = self.records.find(result.trial).request
        self._tell_listeners(lambda listener: listener.on_result(request, result))

    def _tell_listeners(self, tell: Callable[[Listener], None]) -> None:
        begun = time.perf_counter()
        for listener in self._listeners:
            tell(listener)
        self.listener_s += time.perf_counter() - begun

    def _append(self, event: str, **fields: Any) -> None:
        self._journal.append(event, **fields)
        self.records.apply({"event": event, **fields})

    def _replay(self, oracle: Oracle, event: Mapping[str, Any]) -> None:
        self.records.apply(event)
        if event["event"] == "ask" and event["request"]["kind"] == "trial":
            proposal = oracle.ask()
            request = None if proposal is None else request_fields(self._request(proposal))
            held = event["request"]
            if request != held:
                raise InputError(
                    f"{self._journal.path}: trial {held['trial']} was asked for as {held['values']}, "
                    f"and is now {request and request['values']}. The file, the data or a version "
                    "changed since: run with --fresh to start over, or use another --name."
                )
        elif event["event"] == "idle":
            oracle.ask()  # it draws in vain, which moves its random state
        elif event["event"] == "result" and event["result"]["trial"] in self.records.trials:
            result = self.records.trials[event["result"]["trial"]].result
            assert result is not None
            oracle.tell(result, self._curve(result.trial))

    def _curve(self, trial: str) -> dict[int, float]:
        epochs = self.records.trials[trial].epochs
        return {epoch: record.metrics[self._objective] for epoch, record in epochs.items()}

    def _request(self, proposal: Proposal) -> TrialRequest:
        return TrialRequest(
            trial=proposal.trial,
            configuration=proposal.configuration,
            values=proposal.values,
            epochs_from=proposal.epochs_from,
            epochs_to=proposal.epochs_to,
            seed=child_seed(self._seed, "configuration", proposal.configuration),
            checkpoint=proposal.configuration,
            bracket=proposal.bracket,
            rung=proposal.rung,
        )

    def _open(self, table: Mapping[str, TrialRecord]) -> list[TrialRequest]:
        return [record.request for record in table.values() if record.result is None]

    def _check_failures(self) -> None:
        if self._works:
            return
        results = [record.result for record in self.records.trials.values() if record.result]
        self._works = any(result.status is not Status.FAILED for result in results)
        if len(results) >= MAX_FAILURES_AT_START and not self._works:
            raise SearchError(
                f"the first {len(results)} trials all failed, the last with: {results[-1].message}"
            )
