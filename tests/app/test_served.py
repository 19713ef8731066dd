"""A registered model behind HTTP: the service follows the alias, there and back."""

from __future__ import annotations

import time

import pytest
from tests.conftest import Search
from tests.serving.server import Server

pytestmark = pytest.mark.slow

MOVE = """
import sys
from mlflow import MlflowClient
client = MlflowClient("sqlite:///mlruns/mlflow.db")
if sys.argv[1] == "new":
    first = client.get_model_version("tiny", "1")
    made = client.create_model_version("tiny", first.source, run_id=first.run_id, model_id=first.model_id)
    client.set_registered_model_alias("tiny", "champion", made.version)
else:
    client.set_registered_model_alias("tiny", "champion", "1")
    client.delete_model_version("tiny", "2")  # other tests share this store
"""


def move(search: Search, to: str) -> None:
    done = search.program.script(MOVE.replace("sys.argv[1]", repr(to)))
    assert done.returncode == 0, done.stderr


def test_the_service_follows_the_alias_and_answers_all_the_time(finished: Search) -> None:
    clip = next(finished.corpus.rglob("*.wav")).read_bytes()
    home = finished.program.home
    with Server("models:/tiny@champion", "--poll", "0.5", home=home) as server:

        def heard_until(version: str) -> set[str]:
            versions: set[str] = set()
            until = time.monotonic() + 60
            while version not in versions and time.monotonic() < until:
                answer = server.client.post("/predict", content=clip)
                assert answer.status_code == 200, answer.text
                versions.add(answer.json()["model"]["version"])
            return versions

        assert heard_until("1") == {"1"}
        move(finished, "new")
        try:
            assert heard_until("2") == {"1", "2"}
        finally:
            move(finished, "back")
        assert heard_until("1") == {"1", "2"}
        assert server.end() == 0
        assert "of" in server.said.splitlines()[-1]
