"""The forms that a model is exported in, and the runtime that answers with each.

Nothing here imports TensorFlow before a form that needs it is loaded: ONNX and LiteRT start without it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebench.errors import InputError
from tunebench.export.layout import ESTIMATOR, IMAGE, KERAS, PROBABILITIES, SAVEDMODEL, Bundle
from tunebench.quiet import held_back, import_tensorflow

Asked = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Inputs `(n, samples or columns)` to `(n, classes)`, or to images `(n, height, width, channels)`."""


class Model:
    """A loaded form. `ask` gives probabilities; `see` what the net receives, where the form can say."""

    def __init__(self, ask: Asked, see: Asked | None = None) -> None:
        self.ask, self.see = ask, see


@dataclass(frozen=True, slots=True)
class Form:
    """One row: what `--format` calls it, its file in a bundle, what loads it, and how far it may differ.

    `tolerance` is the largest difference of a probability that the form itself accounts for.
    """

    name: str
    file: str
    load: Callable[[Bundle, int | None], Model]
    tolerance: float = 0.0
    converted: bool = False
    """Whether it is made of the others where a bundle lacks it."""


def held(bundle: Bundle) -> list[Form]:
    """The forms that a bundle holds, the quickest to start first."""
    return [form for form in FORMS.values() if (bundle.folder / form.file).exists()]


def load(bundle: Bundle, *, form: str | None = None, threads: int | None = None) -> Model:
    """Load a bundle's model in its own runtime.

    Args:
        bundle: that holds it.
        form: a name of `FORMS`; None takes the one that starts quickest.
        threads: of the runtime; None leaves it its own choice.

    Raises:
        InputError: it holds no such form, or one that cannot be read.
    """
    there = held(bundle)
    chosen = next((row for row in there if form in (None, row.name)), None)
    if chosen is None:
        names = ", ".join(row.name for row in there) or "none"
        wanted = f"no {form}" if form else "no model that can be read"
        raise InputError(
            f"{bundle.folder}: holds {wanted} (it holds: {names}). "
            "Give the folder that the search wrote, or export the model with `tunebench export`."
        )
    try:
        return chosen.load(bundle, threads)
    except ImportError as error:
        raise InputError(
            f"{bundle.folder / chosen.file}: its runtime cannot be imported ({error}). Install it, or export "
            "another --format."
        ) from error


def _onnx(bundle: Bundle, threads: int | None) -> Model:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # its threads would spin on for what comes next, on cores that then lack for decoding
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if threads:
        options.intra_op_num_threads = threads
    path = bundle.folder / FORMS["onnx"].file
    try:
        session: Any = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own classes have no common parent but this
        raise _unreadable(path, error) from error
    (name,) = (given.name for given in session.get_inputs())
    outputs = {output.name for output in session.get_outputs()}

    def asker(output: str) -> Asked:
        return lambda inputs: session.run([output], {name: inputs})[0]

    return Model(asker(PROBABILITIES), asker(IMAGE) if IMAGE in outputs else None)


class _Interpreter:
    """A LiteRT interpreter, which serves one thread at a time and is laid out for one batch at a time."""

    def __init__(self, path: Path, threads: int | None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with held_back():
                self._interpreter = Interpreter(str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        (given,), (said,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._given, self._said = given["index"], said["index"]
        self._shape: tuple[int, ...] = ()
        self._lock = threading.Lock()

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            if inputs.shape != self._shape:
                self._interpreter.resize_tensor_input(self._given, inputs.shape)
                self._interpreter.allocate_tensors()
                self._shape = inputs.shape
            self._interpreter.set_tensor(self._given, inputs)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._said)


def _litert(name: str) -> Callable[[Bundle, int | None], Model]:
    return lambda bundle, threads: Model(_Interpreter(bundle.folder / FORMS[name].file, threads))


def _savedmodel(bundle: Bundle, threads: int | None) -> Model:
    # Sessions have threads of their own only if this was set when TensorFlow made its first device
    os.environ.setdefault("TF_OVERRIDE_GLOBAL_THREADPOOL", "1")
    import_tensorflow()
    from tunebench.export.graph_check import check_graph

    try:
        check_graph(bundle.savedmodel)
    except (OSError, ValueError) as error:
        raise _unreadable(bundle.savedmodel, error) from error
    if threads:
        return Model(_session(bundle, threads))
    import tensorflow as tf

    try:
        loaded: Any = tf.saved_model.load(str(bundle.savedmodel))
        signatures = loaded.signatures
        default = signatures[WINDOWS if WINDOWS in signatures else "serving_default"]
    except (OSError, tf.errors.OpError, KeyError) as error:
        raise _unreadable(bundle.savedmodel, error) from error

    def asker(signature: Any, output: str) -> Asked:
        (name,) = signature.structured_input_signature[1]
        # the model must outlive its signature, which does not hold the variables
        return lambda inputs, _owner=loaded: signature(**{name: tf.constant(inputs)})[output].numpy()

    see = asker(signatures[IMAGE], IMAGE) if IMAGE in signatures else None
    return Model(asker(default, PROBABILITIES), see)


def _session(bundle: Bundle, threads: int) -> Asked:
    """The SavedModel in a session of its own, as TensorFlow Serving runs it.

    A function of TensorFlow 2 shares one pool of threads with all others; a session has its own, if asked to.
    """
    import tensorflow as tf

    v1: Any = tf.compat.v1
    config = v1.ConfigProto(
        intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1, use_per_session_threads=True
    )
    config.gpu_options.allow_growth = True
    graph = tf.Graph()
    session = v1.Session(graph=graph, config=config)
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # it calls the loader deprecated, which is the only one for sessions
    try:
        with graph.as_default():
            signatures = v1.saved_model.load(session, ["serve"], str(bundle.savedmodel)).signature_def
        signature = signatures[WINDOWS if WINDOWS in signatures else "serving_default"]
        (given,) = signature.inputs.values()
        ask = session.make_callable(signature.outputs[PROBABILITIES].name, feed_list=[given.name])
    except (OSError, RuntimeError, tf.errors.OpError, KeyError, ValueError) as error:
        session.close()
        raise _unreadable(bundle.savedmodel, error) from error
    finally:
        logger.setLevel(level)
    return lambda inputs, _owner=session: ask(inputs)


def _keras(bundle: Bundle, threads: int | None) -> Model:
    import_tensorflow()
    import tensorflow as tf

    from tunebench.export.serving_model import load_keras

    model = load_keras(bundle.keras)
    # As a graph, like the trained model: eager kernels are not fused, and a deep net can tell (1e-4 was seen)
    signature = [tf.TensorSpec(model.inputs[0].shape, tf.float32)]
    step = tf.function(lambda inputs: model(inputs, training=False), input_signature=signature)
    return Model(lambda inputs: step(tf.constant(inputs)).numpy())


def _estimator(bundle: Bundle, threads: int | None) -> Model:
    from tunebench.export.estimator_files import load_estimator

    return Model(load_estimator(bundle.folder, len(bundle.classes), bundle.temperature))


def _unreadable(path: Path, error: Exception) -> InputError:
    said = " ".join(str(error).split())[:200]
    return InputError(
        f"{path}: no model that can be read ({said}). "
        "Give the folder that the search wrote, or export the model again with `tunebench export`."
    )


SHARED = frozenset({"skops", "keras"})
"""Forms whose runtime has one pool of threads for all that call it."""

WINDOWS = "windows"
"""The SavedModel's signature for windows of the length of training, which it can run many at a time."""

FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("onnx", "model.onnx", _onnx, tolerance=1e-4, converted=True),
        Form("litert", "model.tflite", _litert("litert"), tolerance=1e-4, converted=True),
        Form(
            "litert-float16",
            "model-float16.tflite",
            _litert("litert-float16"),
            tolerance=2e-2,
            converted=True,
        ),
        Form("litert-int8", "model-int8.tflite", _litert("litert-int8"), tolerance=2.5e-1, converted=True),
        Form("skops", ESTIMATOR, _estimator),
        Form("savedmodel", SAVEDMODEL, _savedmodel),
        Form("keras", KERAS, _keras),
    )
}
"""By name; the quickest to start first. An estimator may stand behind a front-end of TensorFlow."""
