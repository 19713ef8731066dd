"""Compiled classifiers and front-ends, kept for the next trial that needs the same one."""

from __future__ import annotations

import gc
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from tunebench.catalog.augmentations import in_steps
from tunebench.catalog.feasibility import branch, general, source_of
from tunebench.catalog.spec import Signal, Values
from tunebench.catalog.structure import Structure
from tunebench.frontends.vectors import Scaling
from tunebench.memory import give_back_memory
from tunebench.training.augmentation import Augmentation
from tunebench.training.classifier import Classifier
from tunebench.training.frontend import FrontendStep, compile_frontend, frontend_layer


class LeastRecentlyUsed:
    """Keeps what was used last, up to a sum of sizes; `get` makes what is missing."""

    def __init__(self, limit: float, size: Callable[[Any], float] = lambda item: 1) -> None:
        self._limit, self._size = limit, size
        self._items: OrderedDict[object, Any] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def get(self, key: object, make: Callable[[], Any]) -> Any:
        """The item of `key`, made if it is not kept; what was unused for longest goes first, `key` never."""
        if key not in self._items:
            self._items[key] = make()
            give_back_memory()
        self._items.move_to_end(key)
        while len(self._items) > 1 and sum(map(self._size, self._items.values())) > self._limit:
            self._items.popitem(last=False)
            gc.collect()  # layers and their functions hold one another
        return self._items[key]

    def clear(self) -> None:
        """Let go of everything."""
        self._items.clear()


def memory_for(*, processes: int) -> float:
    """Bytes for the pool of each of so many processes: together a quarter of the machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 4 / processes


class Pool:
    """Classifiers by structure alone, in `memory_bytes`; front-ends and augmentations by their own."""

    def __init__(self, *, memory_bytes: float | None = None, frontends: int = 16) -> None:
        if memory_bytes is None:
            memory_bytes = memory_for(processes=1)
        self._classifiers = LeastRecentlyUsed(memory_bytes, lambda classifier: classifier.memory_bytes)
        self._frontends = LeastRecentlyUsed(frontends)
        self._augmentations = LeastRecentlyUsed(frontends)

    def clear(self) -> None:
        """Let go of everything, as when a device runs out of memory."""
        self._classifiers.clear()
        self._frontends.clear()
        self._augmentations.clear()
        gc.collect()

    def classifier(self, structure: Structure) -> Classifier:
        """The compiled classifier of a structure."""
        return self._classifiers.get(structure, lambda: Classifier(structure))

    def augmentation(self, values: Values, signal: Signal, structure: Structure) -> Augmentation:
        """The compiled augmentations of a configuration, with its strengths."""
        asked = in_steps(values)
        key = (tuple(asked), signal, structure.input_shape, structure.classes)
        found = self._augmentations.get(key, lambda: Augmentation(list(asked), signal, structure))
        found.begin(asked)
        return found

    def frontend(
        self, values: Values, signal: Signal, structure: Structure, scaling: Scaling | None = None
    ) -> FrontendStep:
        """The compiled front-end of a configuration; that of feature vectors needs their `scaling`."""
        name, params = branch(values, "spectrogram")
        layout = general(values)
        image = (structure.input_shape, layout["normalisation"], layout["colours"])
        vectors = source_of(values) != "waveform"
        key = (name, tuple(sorted(params.items())), signal, *image, scaling if vectors else None)
        width = structure.input_shape[0] if vectors else signal.samples

        def make() -> FrontendStep:
            return compile_frontend(frontend_layer(values, signal, structure, scaling), width)

        return self._frontends.get(key, make)
