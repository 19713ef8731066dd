"""A SavedModel is a program of TensorFlow's: whether it computes, and does nothing else.

Its operations can read and write files and run Python, also while it is loaded. Here are those that nets and
their front-ends need, and no others: many that look harmless take an address or a file's name. Saving
variables is among them, if nothing but a saver can ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunebench.errors import InputError

_COMPUTES = frozenset(
    {
        "Abs", "Add", "AddN", "AddV2", "All", "Any", "ArgMax", "ArgMin", "Assert",
        "AssignVariableOp", "AvgPool", "BatchMatMul", "BatchMatMulV2", "BiasAdd", "BroadcastTo",
        "Cast", "Ceil", "ClipByValue", "Complex", "ComplexAbs", "Concat", "ConcatV2", "Conj",
        "Const", "Conv2D", "Cos", "Cumsum", "DecodeWav", "DepthwiseConv2dNative",
        "DisableCopyOnRead", "Einsum", "Elu", "EnsureShape", "Equal", "Erf", "Exp", "ExpandDims",
        "FFT", "Fill", "Floor", "FloorDiv", "FloorMod", "FusedBatchNormV3", "Gather", "GatherNd",
        "GatherV2", "Greater", "GreaterEqual", "IRFFT", "Identity", "IdentityN", "If", "Imag",
        "IsFinite", "IsInf", "IsNan", "LeakyRelu", "Less", "LessEqual", "Log", "Log1p",
        "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr", "MatMul", "Max", "MaxPool",
        "Maximum", "Mean", "Min", "Minimum", "MirrorPad", "Mul", "Neg", "NoOp", "NotEqual",
        "OneHot", "OnesLike", "Pack", "Pad", "PadV2", "PartitionedCall", "Placeholder",
        "PlaceholderWithDefault", "Pow", "PreventGradient", "Prod", "RFFT", "Range", "Rank",
        "ReadVariableOp", "Real", "RealDiv", "Reciprocal", "Relu", "Relu6", "Reshape",
        "ResizeBilinear", "ReverseV2", "RightShift", "Round", "Rsqrt", "Select", "SelectV2", "Selu",
        "Shape", "ShapeN", "Sigmoid", "Sign", "Sin", "Size", "Slice", "Softmax", "Softplus",
        "Softsign", "Split", "SplitV", "Sqrt", "Square", "SquaredDifference", "Squeeze",
        "StatefulPartitionedCall", "StatelessIf", "StatelessWhile", "StaticRegexFullMatch",
        "StopGradient", "StridedSlice", "StringJoin", "StringLength", "Sub", "Sum", "Tanh",
        "TensorListFromTensor", "TensorListGetItem", "TensorListReserve", "TensorListSetItem",
        "TensorListStack", "Tile", "TopKV2", "Transpose", "Unpack", "VarHandleOp",
        "VarIsInitializedOp", "Where", "While", "ZerosLike",
    }
)  # fmt: skip
"""What is computed with tensors, variables of the model, and strings that stay in it."""

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
            f"{folder}: holds operations that may reach outside of the model ({', '.join(found)}), and is "
            "not loaded. Take a model that tunebench exported, or ONNX; if this is one, report it."
        )


def _not_computing(graph: Any) -> Iterator[str]:
    """Names of operations that are not allowed where they stand."""
    saving = _functions_of_savers(graph)
    for function in graph.graph_def.library.function:
        allowed = _COMPUTES | _OF_SAVERS if function.signature.name in saving else _COMPUTES
        yield from (node.op for node in function.node_def if node.op not in allowed)
    yield from (node.op for node in graph.graph_def.node if node.op not in _COMPUTES)


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
