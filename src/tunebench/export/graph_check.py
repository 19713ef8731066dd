"""A SavedModel is a program of TensorFlow's: whether it computes, and does nothing else.

Its operations can read and write files and run Python, also while it is loaded. Here are those that a net and
its front-end need; saving its variables is among them, if nothing but a saver can ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunebench.errors import InputError

_WITH_STATE = frozenset(
    {
        "Assert", "AssignVariableOp", "DisableCopyOnRead", "If", "PartitionedCall", "ReadVariableOp",
        "StatefulPartitionedCall", "VarHandleOp", "VarIsInitializedOp", "While",
    }
)  # fmt: skip
"""Of the operations that TensorFlow says have state, those that touch nothing outside of the model."""

_REACHES_OUT = re.compile("File|Dataset|Proto|PyFunc")
"""In the names of operations that TensorFlow says have no state, though they read files or run Python."""

_OF_SAVERS = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"})


def check_graph(folder: Path) -> None:
    """Let pass a SavedModel that only computes.

    Raises:
        InputError: it holds operations that reach outside of it.
        OSError: it cannot be read.
        ValueError: it is none.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    content: Any = saved_model_pb2.SavedModel()
    try:
        content.ParseFromString((folder / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise ValueError(str(error)) from error
    found = sorted({name for graph in content.meta_graphs for name in _not_computing(graph)})
    if found:
        raise InputError(
            f"{folder}: holds operations that reach outside of the model ({', '.join(found)}), so it is not "
            "loaded. Take a model that tunebench exported, or ONNX, which cannot hold such operations."
        )


def _not_computing(graph: Any) -> Iterator[str]:
    """Names of operations that are not allowed where they stand."""
    saving = _functions_of_savers(graph)
    for function in graph.graph_def.library.function:
        allowed = _OF_SAVERS if function.signature.name in saving else frozenset[str]()
        yield from (node.op for node in function.node_def if not _computes(node.op, allowed))
    yield from (node.op for node in graph.graph_def.node if not _computes(node.op, frozenset()))


def _computes(operation: str, allowed: frozenset[str]) -> bool:
    from tensorflow.python.framework import op_def_registry

    if operation in _WITH_STATE or operation in allowed:
        return True
    known: Any = op_def_registry.get(operation)
    return known is not None and not known.is_stateful and not _REACHES_OUT.search(operation)


def _functions_of_savers(graph: Any) -> set[str]:
    """Functions that a saver calls and nobody else can: no node, function, signature or object."""
    savers = {
        graph.saver_def.save_tensor_name.partition(":")[0],
        graph.saver_def.restore_op_name.partition(":")[0],
    }
    called_by_savers: set[str] = set()
    called: set[str] = set(graph.object_graph_def.concrete_functions)
    for node in graph.graph_def.node:
        (called_by_savers if node.name in savers else called).update(_functions(node))
    for function in graph.graph_def.library.function:
        for node in function.node_def:
            called.update(_functions(node))
    used = {name.lstrip("^").partition(":")[0] for node in graph.graph_def.node for name in node.input}
    used |= {
        tensor.name.partition(":")[0]
        for signature in graph.signature_def.values()
        for tensor in (*signature.inputs.values(), *signature.outputs.values())
    }
    return set() if used & savers else called_by_savers - called


def _functions(node: Any) -> Iterator[str]:
    """Those that a node's attributes name."""
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)
