"""SavedModels that do more than compute are not loaded, wherever in them that stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from tunebench.errors import InputError
from tunebench.export.graph_check import check_graph


class Net(tf.Module):
    """Doubles, and on the way does `more`."""

    def __init__(self, more: Callable[[tf.Tensor], tf.Tensor] = tf.identity) -> None:
        self.weight = tf.Variable(2.0)
        self._more = more

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def ask(self, values: tf.Tensor) -> tf.Tensor:
        return self.inner(values)

    @tf.function
    def inner(self, values: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda value: self._more(value) * self.weight, values)


def saved(folder: Path, net: tf.Module) -> Path:
    tf.saved_model.save(net, str(folder), signatures=net.ask)
    return folder


def test_what_computes_is_let_pass(tmp_path: Path) -> None:
    check_graph(saved(tmp_path, Net()))


def writes(value: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.io.write_file("/tmp/evil", "x")]):
        return tf.identity(value)


def reads(value: tf.Tensor) -> tf.Tensor:
    return value + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)


def lists(value: tf.Tensor) -> tf.Tensor:
    return value + tf.cast(tf.size(tf.io.matching_files("/etc/*")), tf.float32)


def runs_python(value: tf.Tensor) -> tf.Tensor:
    return tf.py_function(lambda given: given, [value], tf.float32)


def saves(value: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.SaveV2(
        prefix="/tmp/evil", tensor_names=["a"], shape_and_slices=[""], tensors=[value]
    )]):  # fmt: skip
        return tf.identity(value)


def prints(value: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.print(value, output_stream="file:///tmp/evil")]):
        return tf.identity(value)


def debugs(value: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.DebugIdentity(input=value, debug_urls=["file:///tmp/evil"])


def maps_a_file(value: tf.Tensor) -> tf.Tensor:
    return value + tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[], memory_region_name="/etc/passwd")


@pytest.mark.parametrize(
    ("does", "operation"),
    [
        (writes, "WriteFile"), (reads, "ReadFile"), (lists, "MatchingFiles"), (runs_python, "EagerPyFunc"),
        (saves, "SaveV2"), (prints, "PrintV2"), (debugs, "DebugIdentity"), (maps_a_file, "ImmutableConst"),
    ],
)  # fmt: skip
def test_what_reaches_outside_is_named(
    tmp_path: Path, does: Callable[[tf.Tensor], tf.Tensor], operation: str
) -> None:
    with pytest.raises(InputError, match=operation):
        check_graph(saved(tmp_path, Net(does)))


def test_its_saver_cannot_be_called_by_others(tmp_path: Path) -> None:
    """The graph's own saving function, named as an initialiser, would write wherever its constant says."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = saved(tmp_path, Net()) / "saved_model.pb"
    content = saved_model_pb2.SavedModel()
    content.ParseFromString(file.read_bytes())
    graph = content.meta_graphs[0]
    graph.signature_def["__saved_model_init_op"].outputs[
        "__saved_model_init_op"
    ].name = graph.saver_def.save_tensor_name
    file.write_bytes(content.SerializeToString())
    with pytest.raises(InputError, match="SaveV2"):
        check_graph(tmp_path)


def test_what_is_no_savedmodel_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"not one")
    with pytest.raises(ValueError, match="pars"):
        check_graph(tmp_path)
