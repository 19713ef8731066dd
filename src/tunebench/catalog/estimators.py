"""The table of classical models: scikit-learn's estimators, from any input to probabilities.

Adding one: a row here, and the builder that it names. They are fitted once on the share of the training data
that their epochs are of `search.max_epochs`; learning rate, dropout and the head are not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from tunebench.catalog.spec import IMAGE, SEQUENCE, VECTOR, BackboneRow, Spec


def _row(name: str, doc: str, *parameters: Spec) -> BackboneRow:
    builder = f"tunebench.estimators.classical:{name}"
    return BackboneRow(name, doc, parameters, builder, ranks=(IMAGE, SEQUENCE, VECTOR), estimator=True)


ESTIMATORS: Mapping[str, BackboneRow] = {
    row.name: row
    for row in (
        _row(
            "dummy",
            "Sees nothing of the audio: the baseline that everything else has to beat.",
            Spec("strategy", "str", "prior", "The shares of the classes, or one drawn by shares or evenly.",
                 options=("prior", "stratified", "uniform")),
        ),
        _row(
            "nearest_centroid",
            "The class whose mean is nearest.",
            Spec("shrink_threshold", "float", None, "Shrink the means toward that of all; null does not.",
                 "", 0, 100),
        ),
        _row(
            "k_neighbours",
            "The classes of the nearest training examples.",
            Spec("n_neighbors", "int", 5, "Number of neighbours.", "", 1, 1000),
            Spec("weights", "str", "uniform", "Whether near ones count more.",
                 options=("uniform", "distance")),
            Spec("metric", "str", "euclidean", "Distance.", options=("euclidean", "manhattan", "cosine")),
        ),
        _row(
            "naive_bayes",
            "A Gaussian a class and column (naive Bayes).",
            Spec("var_smoothing", "float", 1e-9, "Share of the largest variance added to all.",
                 "", 1e-12, 10),
        ),
        _row(
            "random_forest",
            "Random forest (Breiman 2001).",
            Spec("n_estimators", "int", 300, "Number of trees.", "", 1, 5000),
            Spec("max_depth", "int", None, "Deepest level of a tree; null has no limit.", "", 1, 1000),
            Spec("min_samples_leaf", "int", 1, "Fewest examples in a leaf.", "", 1, 1000),
            Spec("max_features", "str", "sqrt", "Columns looked at for a branch.",
                 options=("sqrt", "log2", "all")),
        ),
        _row(
            "svm",
            "Support vector machine; its probabilities are the softmax of its margins.",
            Spec("kernel", "str", "rbf", "Kernel.", options=("linear", "rbf", "poly", "sigmoid")),
            Spec("C", "float", 1.0, "Penalty of an error; large values fit more closely.", "", 1e-6, 1e6),
            Spec("gamma", "float", "scale", "Reach of an example; `scale` is 1 / (columns * variance).",
                 "", 1e-9, 1e6, options=("scale",)),
        ),
        _row(
            "logistic_regression",
            "Multinomial logistic regression.",
            Spec("C", "float", 1.0, "Inverse of the L2 penalty.", "", 1e-6, 1e6),
        ),
        _row(
            "linear_discriminant",
            "Linear discriminant analysis (Fisher 1936), its covariance shrunk.",
            Spec("shrinkage", "float", "auto", "Share of the shrinkage; `auto` is Ledoit and Wolf's.",
                 "", 0, 1, options=("auto",)),
        ),
        _row(
            "gradient_boosting",
            "Gradient boosting on histograms (Friedman 2001; Ke et al. 2017).",
            Spec("learning_rate", "float", 0.1, "Share of each tree that is added.", "", 1e-4, 1),
            Spec("max_iter", "int", 100, "Number of rounds.", "", 1, 5000),
            Spec("max_leaf_nodes", "int", 31, "Most leaves of a tree.", "", 2, 1024),
            Spec("l2_regularization", "float", 0.0, "L2 penalty on leaves.", "", 0, 1e6),
        ),
    )
}  # fmt: skip
