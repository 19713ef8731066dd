"""Hyperparameter search for audio classifiers, music genre first.

All that the command line does, from Python:

    import tunebench

    experiment = tunebench.load_experiment("search_spaces/demo.yaml")
    summary = tunebench.run_search(experiment)
    predictor = tunebench.Predictor.load(tunebench.find_bundle(experiment.name))
    print(predictor.predict("song.flac").label)

A name is imported when it is first used, so that `import tunebench` takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunebench.app.cluster import cluster_collection
    from tunebench.app.compare import compare_searches
    from tunebench.app.corpus import audit_data, prepare_data
    from tunebench.app.features import write_features
    from tunebench.app.leaderboard import leaderboard, trial_rows
    from tunebench.app.load import load_experiment
    from tunebench.app.models import find_bundle
    from tunebench.app.options import Options as SearchOptions
    from tunebench.app.plan import make_plan
    from tunebench.app.registry import promote_model, registered_model, registered_models, rollback_model
    from tunebench.app.report import write_report
    from tunebench.app.search import search as run_search
    from tunebench.audio.demo import write as write_demo_corpus
    from tunebench.errors import TunebenchError
    from tunebench.export.formats import export as export_model
    from tunebench.serving.predictor import Predictor
    from tunebench.space import Experiment
    from tunebench.space.schema import json_schema

__version__ = "0.1.0"

_PLACES = {
    "Experiment": "tunebench.space:Experiment",
    "Predictor": "tunebench.serving.predictor:Predictor",
    "SearchOptions": "tunebench.app.options:Options",
    "TunebenchError": "tunebench.errors:TunebenchError",
    "audit_data": "tunebench.app.corpus:audit_data",
    "cluster_collection": "tunebench.app.cluster:cluster_collection",
    "compare_searches": "tunebench.app.compare:compare_searches",
    "export_model": "tunebench.export.formats:export",
    "find_bundle": "tunebench.app.models:find_bundle",
    "json_schema": "tunebench.space.schema:json_schema",
    "leaderboard": "tunebench.app.leaderboard:leaderboard",
    "load_experiment": "tunebench.app.load:load_experiment",
    "make_plan": "tunebench.app.plan:make_plan",
    "prepare_data": "tunebench.app.corpus:prepare_data",
    "promote_model": "tunebench.app.registry:promote_model",
    "registered_model": "tunebench.app.registry:registered_model",
    "registered_models": "tunebench.app.registry:registered_models",
    "rollback_model": "tunebench.app.registry:rollback_model",
    "run_search": "tunebench.app.search:search",
    "trial_rows": "tunebench.app.leaderboard:trial_rows",
    "write_demo_corpus": "tunebench.audio.demo:write",
    "write_features": "tunebench.app.features:write_features",
    "write_report": "tunebench.app.report:write_report",
}

__all__ = [
    "Experiment",
    "Predictor",
    "SearchOptions",
    "TunebenchError",
    "__version__",
    "audit_data",
    "cluster_collection",
    "compare_searches",
    "export_model",
    "find_bundle",
    "json_schema",
    "leaderboard",
    "load_experiment",
    "make_plan",
    "prepare_data",
    "promote_model",
    "registered_model",
    "registered_models",
    "rollback_model",
    "run_search",
    "trial_rows",
    "write_demo_corpus",
    "write_features",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'tunebench' has no attribute '{name}'")
    module, _, attribute = _PLACES[name].partition(":")
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
