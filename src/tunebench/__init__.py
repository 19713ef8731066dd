"""Hyperparameter search for audio classifiers, music genre first."""

__version__ = "0.1.0"
