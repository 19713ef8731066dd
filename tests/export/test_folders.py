from __future__ import annotations

import pytest

from tunebench.errors import StorageError
from tunebench.export.folders import written_whole


def test_appears_at_the_end(tmp_path):
    target = tmp_path / "deep" / "winner"
    with written_whole(target) as folder:
        (folder / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_failure_keeps_what_was_there(tmp_path):
    target = tmp_path / "winner"
    target.mkdir()
    (target / "file").write_text("old")

    def fail_halfway():
        with written_whole(target) as folder:
            (folder / "file").write_text("new")
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert (target / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_replaces_and_clears_away_a_killed_attempt(tmp_path):
    target = tmp_path / "winner"
    target.mkdir()
    (target / "stale").touch()
    (tmp_path / ".winner.partial").mkdir()
    (tmp_path / ".winner.partial" / "half").touch()
    with written_whole(target) as folder:
        (folder / "file").touch()
    assert [path.name for path in target.iterdir()] == ["file"]
    assert list(tmp_path.iterdir()) == [target]


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match=r"winner: cannot be written.*name a folder"),
        written_whole(tmp_path / "file" / "winner"),
    ):
        pass
