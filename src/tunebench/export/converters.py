"""From a bundle's Keras model and SavedModel to ONNX and LiteRT.

That a converter returns proves nothing: `formats.export` loads what it wrote in its own runtime.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tunebench.errors import InputError, SearchError
from tunebench.export.forms import WINDOWS
from tunebench.export.layout import FEATURES, IMAGE, PROBABILITIES, SAVEDMODEL, Bundle
from tunebench.export.serving_model import images_of, load_keras, save_savedmodel
from tunebench.frontends.dft import without_fft
from tunebench.frontends.frontend import Frontend
from tunebench.quiet import held_back

OPSET = 17
_FLOAT_PARTS = ("/frontend", PROBABILITIES)
"""What stays float32 in an integer model, by a part of its tensors' names: the front-end and the softmax."""

Converter = Callable[[Bundle, Path, NDArray[np.float32]], None]


def to_onnx(bundle: Bundle, path: Path, calibration: NDArray[np.float32]) -> None:
    """Write an ONNX model: `waveform` to `probabilities`, and to `image`, what the net receives.

    ONNX has no Fourier transform that tf2onnx could write: the spectrum is computed by matrix products.
    """
    del calibration
    import tf2onnx

    model = load_keras(bundle.keras)
    given = model.inputs[0]
    signature = [tf.TensorSpec((None, given.shape[1]), tf.float32, name=given.name)]
    images = None if given.name == FEATURES else images_of(model)

    def ask(inputs: tf.Tensor) -> dict[str, Any]:
        said: dict[str, Any] = {PROBABILITIES: model(inputs, training=False)}
        return said if images is None else said | {IMAGE: tf.identity(images(inputs))}

    with without_fft(), _quiet("tf2onnx"):
        step = tf.function(ask, input_signature=signature)
        tf2onnx.convert.from_function(step, input_signature=signature, opset=OPSET, output_path=str(path))


def to_litert(bundle: Bundle, path: Path, calibration: NDArray[np.float32]) -> None:
    """Write a LiteRT model in float32, of built-in operations alone."""
    del calibration
    with _converter(bundle) as converter:
        path.write_bytes(converter.convert())


def to_litert_float16(bundle: Bundle, path: Path, calibration: NDArray[np.float32]) -> None:
    """Write a LiteRT model whose weights are float16; it computes in float32."""
    del calibration
    with _converter(bundle) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        path.write_bytes(converter.convert())


def to_litert_int8(bundle: Bundle, path: Path, calibration: NDArray[np.float32]) -> None:
    """Write a LiteRT model whose net computes in int8; front-end and softmax stay float32.

    Args:
        bundle: of a net.
        path: of the file.
        calibration: inputs from the training side, `(n, samples)`: they set the ranges of the activations.
    """
    if not len(calibration):
        raise InputError(
            f"{bundle.folder}: an int8 model is calibrated on the training side, and its data is not to be "
            "found. Name the search itself, on the machine that has its data: "
            "`tunebench export NAME --format litert-int8`."
        )

    def inputs() -> Iterator[list[NDArray[np.float32]]]:
        return ([one[None]] for one in calibration)

    from ai_edge_litert.interpreter import Interpreter

    with _converter(bundle) as converter, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated.*")  # the debugger's own use
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = inputs
        with held_back():
            everything = Interpreter(model_content=converter.convert())
        names = [str(tensor["name"]) for tensor in everything.get_tensor_details()]
        kept = [name for name in names if any(part in name for part in _FLOAT_PARTS)]
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=kept)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=inputs, debug_options=options
        )
        path.write_bytes(debugger.get_nondebug_quantized_model())


@contextmanager
def _converter(bundle: Bundle) -> Iterator[Any]:
    """Of a SavedModel traced for it, without the Fourier transform where LiteRT lacks it."""
    signature = "serving_default" if bundle.input == FEATURES else WINDOWS
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / SAVEDMODEL
        model = load_keras(bundle.keras)
        n_fft = next((layer.n_fft for layer in model.layers if isinstance(layer, Frontend)), None)
        has_fft = n_fft is not None and not n_fft & (n_fft - 1)  # LiteRT's is for powers of two
        with nullcontext() if has_fft else without_fft():
            save_savedmodel(model, source, bundle)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(source), signature_keys=[signature])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        yield converter


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


CONVERTERS: Mapping[str, Converter] = {
    "onnx": to_onnx,
    "litert": to_litert,
    "litert-float16": to_litert_float16,
    "litert-int8": to_litert_int8,
}
"""By the name of the form."""


def convert(bundle: Bundle, form: str, path: Path, calibration: NDArray[np.float32]) -> None:
    """Write one form of a bundle's net.

    Raises:
        InputError: the model is no net, or int8 is asked for without calibration data.
        SearchError: the converter does not know an operation of it.
    """
    if not bundle.keras.exists():
        raise InputError(
            f"{bundle.folder}: {form} is converted from a net's model.keras, and this bundle does not hold "
            "one. Export from the search itself, or write --format skops of an estimator."
        )
    try:
        CONVERTERS[form](bundle, path, calibration)
    except InputError:
        raise
    except Exception as error:  # the converters raise whatever they meet
        said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise SearchError(
            f"{bundle.folder}: cannot be converted to {form} ({said[:300]}). Export another --format: "
            "savedmodel runs wherever TensorFlow does."
        ) from error
