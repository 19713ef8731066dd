"""Results with and without a cost, in the journal and in the table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

from tunebench.search.records import rebuild, request_fields
from tunebench.search.table import rows, to_csv
from tunebench.trial import Cost, Status, TrialRequest, TrialResult

COST = Cost(parameters=1_000, size_mb=0.004, latency_ms=2.5)


def journal(*, cost: Cost | None) -> list[dict]:
    """A configuration of two trials, the first of which measured `cost`, as it is read back."""
    events = []
    for trial, (first, last), measured in (("0000", (0, 1), cost), ("0001", (1, 3), None)):
        asked = TrialRequest(trial, "c0", {"learning_rate": 0.1}, first, last, 1, "c0")
        result = TrialResult(trial, Status.COMPLETED, last, 0.5, 1, structure="cnn-1", cost=measured)
        events += [
            {"event": "ask", "request": request_fields(asked)},
            {"event": "start", "trial": trial, "attempt": 1},
            {"event": "result", "result": asdict(result)},
        ]
    return json.loads(json.dumps(events))


def test_a_cost_goes_through_the_journal() -> None:
    found = rebuild(journal(cost=COST))
    assert found.trials["0000"].result.cost == COST
    assert found.trials["0001"].result.cost is None
    assert found.costs() == {"c0": COST}


def test_journals_from_before_costs_were_measured() -> None:
    events = journal(cost=None)
    for event in events:
        event.get("result", {}).pop("cost", None)
    found = rebuild(events)
    assert found.costs() == {}
    assert [row["latency_ms"] for row in rows(found)] == [None, None]


def test_every_trial_of_a_configuration_shows_its_cost() -> None:
    table = list(csv.DictReader(io.StringIO(to_csv(rows(rebuild(journal(cost=COST)))))))
    assert [(r["parameters"], r["size_mb"], r["latency_ms"]) for r in table] == [("1000", "0.004", "2.5")] * 2
    columns = list(table[0])
    at = columns.index("structure")
    assert columns[at + 1 : at + 5] == ["micro_batched", "parameters", "size_mb", "latency_ms"]
