"""A model at work for many clients: decoding, answering, swapping, and remembering what it heard.

Nothing here knows HTTP; `serving.http` does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebench.cores import usable_cores
from tunebench.serving.decoding import DecoderPool
from tunebench.serving.limits import Limits
from tunebench.serving.loaded import Loaded, Locate, Located, load
from tunebench.serving.metrics import Metrics
from tunebench.serving.pictures import envelope, png
from tunebench.serving.predictor import UNSURE_BELOW, Prediction
from tunebench.serving.runner import Way
from tunebench.serving.windows import RecordingWindows

PICTURES = 64
"""Windows, at most, whose spectrogram an answer shows."""

_REMEMBERED = 16
"""Windows whose statistics are taken at a time."""

_AGAIN_S = 60.0
"""What could not be loaded is tried again after this."""


class Service:
    """Answers for recordings, with whatever model `locate` finds.

    Args:
        locate: finds the bundle; asked again by `refresh`.
        form: a name of `export.forms.FORMS`; None takes the one that starts quickest.
        limits: of one client.
        unsure_below: a confidence under it is called unsure.
        way: how requests are run; None measures at start.
        workers: decoding processes; None takes one a core.
    """

    def __init__(
        self,
        locate: Locate,
        *,
        form: str | None = None,
        limits: Limits | None = None,
        unsure_below: float = UNSURE_BELOW,
        way: Way | None = None,
        workers: int | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.unsure_below = unsure_below
        self.metrics = Metrics()
        self._locate, self._form, self._way = locate, form, way
        self._failed = "", 0.0
        """The stamp of what could not be loaded, and when it is tried again, though nothing has changed."""
        self._swapping, self._counting = threading.Lock(), threading.Lock()
        self.decoders = DecoderPool(workers or usable_cores())
        try:
            self.loaded = self._load(locate())
        except BaseException:
            self.decoders.close()
            raise

    def _load(self, located: Located) -> Loaded:
        return load(
            located, self.decoders, form=self._form, way=self._way, on_batch=self.metrics.batches.observe
        )

    def refresh(self) -> bool:
        """Change to the model that `locate` finds now, if it is another; requests at work end with their own.

        Returns:
            Whether it changed.

        Raises:
            InputError: what it found cannot be read; the present model stays.
        """
        with self._swapping:
            located = self._locate()
            now = time.monotonic()
            failed, again_at = self._failed
            if located.stamp == self.loaded.located.stamp or (located.stamp == failed and now < again_at):
                return False
            try:
                fresh = self._load(located)
            except Exception:
                self._failed = located.stamp, now + _AGAIN_S
                raise
            with self._counting:
                before, self.loaded = self.loaded, fresh
                is_idle = before.users == 0
            if is_idle:
                before.runner.close(wait=False)
        return True

    @contextmanager
    def using(self) -> Iterator[Loaded]:
        """The present model, kept alive until the request has ended, whatever takes its place."""
        with self._counting:
            loaded = self.loaded
            loaded.users += 1
        try:
            yield loaded
        finally:
            with self._counting:
                loaded.users -= 1
                is_last = loaded is not self.loaded and loaded.users == 0
            if is_last:
                loaded.runner.close(wait=False)  # nothing is asked of it any more

    def decode(
        self, path: Path, loaded: Loaded, check: Callable[[], None] = lambda: None
    ) -> NDArray[np.int16]:
        """A file as the model's corpus would hold it, `(samples,)`.

        Args:
            path: of the file.
            loaded: the model.
            check: is called once a decoder is free; what it raises is raised, and nothing is decoded.

        Raises:
            DataError: it is not audio that can be used, or beyond the limits.
        """
        return self.decoders.decode(
            path,
            loaded.bundle.sample_rate_hz,
            longest_s=self.limits.seconds,
            timeout_s=self.limits.decode_s,
            check=check,
        )

    def ask(self, samples: NDArray[np.int16], loaded: Loaded) -> Future[NDArray[np.float32]]:
        """The windows' probabilities `(windows, classes)`."""
        return loaded.runner.submit(RecordingWindows.of(samples, loaded.bundle), can_wait=True)

    def prediction(self, said: NDArray[np.float32], samples: NDArray[np.int16], loaded: Loaded) -> Prediction:
        """What a recording's windows say together."""
        return loaded.predictor.answer(said, RecordingWindows.of(samples, loaded.bundle).starts)

    def count(self, prediction: Prediction) -> None:
        """Note an answer in the metrics."""
        self.metrics.answers.labels(prediction.label).inc()
        if prediction.confidence < self.unsure_below:
            self.metrics.unsure.inc()

    def remember(self, prediction: Prediction, samples: NDArray[np.int16], loaded: Loaded) -> None:
        """Note what was heard and said in the model's rolling statistics."""
        at = 0
        for batch in RecordingWindows.of(samples, loaded.bundle).batches(_REMEMBERED):
            loaded.recent.add(batch, prediction.windows[at : at + len(batch)])
            at += len(batch)

    def describe(
        self,
        prediction: Prediction,
        samples: NDArray[np.int16],
        loaded: Loaded,
        *,
        windows: bool = False,
        spectrogram: bool = False,
    ) -> dict[str, Any]:
        """An answer as JSON can hold it."""
        bundle, classes = loaded.bundle, prediction.classes
        answer: dict[str, Any] = {
            "label": prediction.label,
            "confidence": prediction.confidence,
            "unsure": prediction.confidence < self.unsure_below,
            "duration_s": len(samples) / bundle.sample_rate_hz,
            "probabilities": dict(zip(classes, prediction.probabilities.tolist(), strict=True)),
            "model": {"name": self.name(loaded), "version": loaded.version},
        }
        if windows:
            answer["windows"] = [
                {"start_s": float(start_s), "probabilities": dict(zip(classes, row.tolist(), strict=True))}
                for start_s, row in zip(prediction.window_starts_s, prediction.windows, strict=True)
            ]
            answer["waveform"] = envelope(samples, bundle.sample_rate_hz)
        if spectrogram:
            answer["spectrograms"] = self._pictures(prediction, samples, loaded)
        return answer

    def _pictures(
        self, prediction: Prediction, samples: NDArray[np.int16], loaded: Loaded
    ) -> list[dict[str, Any]]:
        see = loaded.predictor.model.see
        if see is None:
            return []
        bundle, starts_s = loaded.bundle, prediction.window_starts_s[:PICTURES]
        starts = [round(start_s * bundle.sample_rate_hz) for start_s in starts_s]
        found: list[dict[str, Any]] = []
        for batch in RecordingWindows(samples, starts, bundle.segment_samples).batches(8):
            images = see(batch)
            if images.ndim != 4:  # the waveform itself is no picture
                return []
            found += [{"png": png(image)} for image in images]
        return [{"start_s": float(start_s), **one} for start_s, one in zip(starts_s, found, strict=True)]

    def name(self, loaded: Loaded) -> str:
        """What the model is called."""
        return str(loaded.bundle.info.get("name", loaded.bundle.folder.name))

    def about(self, *, links: bool) -> dict[str, Any]:
        """What a client may want to know before it asks."""
        loaded = self.loaded
        bundle = loaded.bundle
        test = (bundle.info.get("test") or {}).get("track", {})
        return {
            "name": self.name(loaded),
            "version": loaded.version,
            "runtime": loaded.form,
            "classes": list(bundle.classes),
            "sample_rate_hz": bundle.sample_rate_hz,
            "segment_s": bundle.segment_samples / bundle.sample_rate_hz,
            "hop_s": bundle.hop_samples / bundle.sample_rate_hz,
            "unsure_below": self.unsure_below,
            "limits": {"bytes": self.limits.bytes, "seconds": self.limits.seconds},
            "links": links,
            "spectrogram": loaded.predictor.model.see is not None,
            "metrics": test,
            "leakage": bundle.info.get("leakage", ""),
        }

    def close(self) -> None:
        """Answer what was asked, and end threads and processes."""
        self.loaded.runner.close()
        self.decoders.close()
