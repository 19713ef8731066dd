"""The journal where the disk fills up in the middle of a line."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tunebench.errors import InputError, StorageError
from tunebench.search.journal import Journal, read


def test_what_did_not_fit_leaves_no_trace(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("ask", trial="0000")
    before = (tmp_path / "journal.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(StorageError, match=r"journal.jsonl: cannot be written \(File too large\)"):
            journal.append("result", trial="0000", message="x" * 99)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.close()  # with room again, nothing may come after
    assert (tmp_path / "journal.jsonl").read_bytes() == before
    assert [event["event"] for event in read(tmp_path / "journal.jsonl")] == ["ask"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "search"}\nhello\n{"event": "ask"}\n')
    with pytest.raises(InputError, match=r"journal.jsonl:2: this line is damaged .* --fresh"):
        list(read(path))


def test_a_torn_last_line_is_passed_over_and_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "search"}\n{"event": "as')
    assert [event["event"] for event in read(path)] == ["search"]
    Journal(path).close()
    assert path.read_text() == '{"event": "search"}\n'


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(InputError, match="another tunebench process is running this search"):
        Journal(tmp_path / "journal.jsonl")
    journal.close()
    Journal(tmp_path / "journal.jsonl").close()
