"""One database for all tests of this folder: the first use of a new one takes seconds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from tests.tracking.project import Project

_COUNTER = itertools.count()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("my project")  # with a space, as users' folders have


@pytest.fixture
def project(home: Path) -> Project:
    return Project(home, f"search-{next(_COUNTER)}")
