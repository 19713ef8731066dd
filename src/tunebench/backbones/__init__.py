"""Nets from image to class scores: a backbone of the catalog's table and the head."""

from tunebench.backbones.classifier_net import ClassifierNet, build

__all__ = ["ClassifierNet", "build"]
