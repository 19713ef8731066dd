"""The estimators of the catalog's table, each made of its parameters and a seed."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.svm import SVC

from tunebench.catalog.spec import Parameters

_NEVER: Any = False  # where the type says a text
_MAX_ITER = 2000
"""Steps of the solver of logistic regression: enough that standardised columns converge."""


def dummy(params: Parameters, seed: int) -> BaseEstimator:
    """Answers without looking."""
    return DummyClassifier(strategy=params["strategy"], random_state=seed)


def nearest_centroid(params: Parameters, seed: int) -> BaseEstimator:
    """Nearest class mean."""
    return NearestCentroid(shrink_threshold=params["shrink_threshold"])


def k_neighbours(params: Parameters, seed: int) -> BaseEstimator:
    """Nearest neighbours."""
    return KNeighborsClassifier(
        params["n_neighbors"], weights=params["weights"], metric=params["metric"], algorithm="brute"
    )  # a tree pays in few dimensions alone


def naive_bayes(params: Parameters, seed: int) -> BaseEstimator:
    """Gaussian naive Bayes."""
    return GaussianNB(var_smoothing=params["var_smoothing"])


def random_forest(params: Parameters, seed: int) -> BaseEstimator:
    """Random forest."""
    columns: Any = None if params["max_features"] == "all" else params["max_features"]
    return RandomForestClassifier(
        params["n_estimators"], max_depth=params["max_depth"], max_features=columns,
        min_samples_leaf=params["min_samples_leaf"], random_state=seed,
    )  # fmt: skip


def svm(params: Parameters, seed: int) -> BaseEstimator:
    """Support vector machine, one class against the rest in its margins."""
    return SVC(
        kernel=params["kernel"], C=params["C"], gamma=params["gamma"], decision_function_shape="ovr",
        break_ties=True, random_state=seed,
    )  # fmt: skip


def logistic_regression(params: Parameters, seed: int) -> BaseEstimator:
    """Multinomial logistic regression."""
    return LogisticRegression(C=params["C"], max_iter=_MAX_ITER, random_state=seed)


def linear_discriminant(params: Parameters, seed: int) -> BaseEstimator:
    """Linear discriminant analysis."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=params["shrinkage"])


def gradient_boosting(params: Parameters, seed: int) -> BaseEstimator:
    """Gradient boosting on histograms, without its own early stopping, which would split the data again."""
    return HistGradientBoostingClassifier(
        learning_rate=params["learning_rate"], max_iter=params["max_iter"],
        max_leaf_nodes=params["max_leaf_nodes"], l2_regularization=params["l2_regularization"],
        early_stopping=_NEVER, random_state=seed,
    )  # fmt: skip
