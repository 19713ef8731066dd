"""Reading the searches that an MLflow experiment holds."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_PARENT_RUN_ID

from tunebench import paths
from tunebench.errors import InputError
from tunebench.search.earlier import EarlierSearch, Trained
from tunebench.space.adopt import typed
from tunebench.space.sections import MLFLOW
from tunebench.space.suggest import nearest
from tunebench.tracking import store
from tunebench.trial import Status


def read_searches(earlier: str, uri: str, objective: str) -> list[EarlierSearch]:
    """The searches of `mlflow:NAME` in the store at `uri`, with the history of one metric.

    Raises:
        InputError: there is no such experiment, or the store cannot be read.
    """
    name = earlier.removeprefix(MLFLOW)
    try:
        client = store.connect(uri)
        held = client.get_experiment_by_name(name)
        if held is None or held.lifecycle_stage == "deleted":
            raise _unknown(client, earlier, name, uri)
        runs = _all_runs(client, held.experiment_id)
        parents = [run for run in runs if run.data.tags.get("kind") == "search"]
        return [_search(client, earlier, parent, runs, objective) for parent in parents] or [
            EarlierSearch(earlier, "", "", [])
        ]
    except MlflowException as error:
        raise InputError(
            f"search.warm_start: {earlier}: {paths.shown(uri)} cannot be read: {error.message}"
        ) from error


def _unknown(client: MlflowClient, earlier: str, name: str, uri: str) -> InputError:
    known = [experiment.name for experiment in client.search_experiments()]
    close = nearest(name, known)
    there = f"did you mean {MLFLOW}{close}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}."
    return InputError(
        f"search.warm_start: {earlier}: no experiment of this name in {paths.shown(uri)}; {there}"
    )


def _all_runs(client: MlflowClient, experiment_id: str) -> list[Run]:
    found: list[Run] = []
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _search(
    client: MlflowClient, earlier: str, parent: Run, runs: Sequence[Run], objective: str
) -> EarlierSearch:
    params = parent.data.params
    children = [
        run
        for run in runs
        if run.data.tags.get(MLFLOW_PARENT_RUN_ID) == parent.info.run_id
        and run.data.tags.get("kind") == "trial"
        and "score" in run.data.metrics
    ]
    children.sort(key=lambda run: run.info.run_name or "")
    trained = [_trained(client, run, objective, int(params["max_epochs"])) for run in children]
    return EarlierSearch(earlier, params["objective"], _data(client, parent.info.run_id), trained)


def _trained(client: MlflowClient, run: Run, objective: str, longest: int) -> Trained:
    scored = client.get_metric_history(run.info.run_id, "score")
    stopped = run.data.tags.get("status") == Status.STOPPED
    trained = Trained(
        typed(run.data.params), epochs=longest if stopped else max(point.step for point in scored)
    )
    for point in client.get_metric_history(run.info.run_id, objective):
        if point.step <= trained.epochs:
            trained.note(point.step, point.value)
    return trained


def _data(client: MlflowClient, run_id: str) -> str:
    """The digest of the training side, with which all three sides change."""
    inputs = client.get_run(run_id).inputs
    for held in inputs.dataset_inputs if inputs else ():
        if any(tag.key == MLFLOW_DATASET_CONTEXT and tag.value == "train" for tag in held.tags):
            return held.dataset.digest
    return ""
