"""Compiled classifiers and front-ends, kept for the next trial that needs the same one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tunebench.catalog.feasibility import Values, branch, general
from tunebench.catalog.spec import Signal
from tunebench.catalog.structure import Structure
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import FrontendStep, compile_frontend, frontend_layer


class LeastRecentlyUsed:
    """Keeps the last `limit` items used; `get` makes what is missing."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[object, Any] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def get(self, key: object, make: Callable[[], Any]) -> Any:
        """The item of `key`, made if it is not kept; the one unused for longest goes first."""
        if key not in self._items:
            while len(self._items) >= self._limit:
                self._items.popitem(last=False)
            self._items[key] = make()
        self._items.move_to_end(key)
        return self._items[key]


class Pool:
    """Classifiers by structure alone, front-ends by their parameters."""

    def __init__(self, *, classifiers: int = 6, frontends: int = 24) -> None:
        self._classifiers = LeastRecentlyUsed(classifiers)
        self._frontends = LeastRecentlyUsed(frontends)

    def classifier(self, structure: Structure) -> Classifier:
        """The compiled classifier of a structure."""
        return self._classifiers.get(structure, lambda: Classifier(structure))

    def frontend(self, values: Values, signal: Signal, structure: Structure) -> FrontendStep:
        """The compiled front-end of a configuration."""
        name, params = branch(values, "spectrogram")
        image = (structure.image_side, structure.channels, general(values)["normalisation"])
        key = (name, tuple(sorted(params.items())), signal, *image)
        return self._frontends.get(
            key, lambda: compile_frontend(frontend_layer(values, signal, structure), signal.samples)
        )
