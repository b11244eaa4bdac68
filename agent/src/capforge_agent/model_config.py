"""`config.pbtxt` from a model's interface; the same file serves on the CPU stand-in and on NVIDIA's image. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capforge_agent.failures import ModelFailedError, Reason
from capforge_agent.onnx_interface import Interface, Tensor


class Word(str):
    """An enum value: written without quotes."""

    __slots__ = ()


@dataclass(frozen=True)
class Serving:
    """How this pool runs each model."""

    gpu: bool = False
    instances: int = 1
    intra_op_threads: int = 0
    """0 leaves it to ONNX Runtime: all cores."""
    queue_delay_microseconds: int = 0


def config_text(interface: Interface, max_batch_size: int, serving: Serving) -> str:
    """Return the text of config.pbtxt; raises ModelFailedError (LoadFailed) if the model cannot be batched as asked."""
    return "\n".join(_lines(config_fields(interface, max_batch_size, serving))) + "\n"


def config_fields(interface: Interface, max_batch_size: int, serving: Serving) -> dict[str, Any]:
    """Return config.pbtxt as fields: a list repeats its field, a mapping is a message."""
    if max_batch_size > 1 and not interface.batched:
        raise ModelFailedError(
            Reason.LOAD_FAILED,
            f"maxBatchSize is {max_batch_size}, but not every tensor has a free first axis; allowed: 1",
        )
    size = max_batch_size if interface.batched else 0
    fields: dict[str, Any] = {
        "backend": "onnxruntime",
        "max_batch_size": size,
        "input": [_declared(tensor, size) for tensor in interface.inputs],
        "output": [_declared(tensor, size) for tensor in interface.outputs],
        "instance_group": [{"count": serving.instances, "kind": Word("KIND_GPU" if serving.gpu else "KIND_CPU")}],
        "parameters": _parameters(serving),
    }
    if size > 1:
        fields["dynamic_batching"] = {"max_queue_delay_microseconds": serving.queue_delay_microseconds}
    return fields


def _declared(tensor: Tensor, max_batch_size: int) -> dict[str, Any]:
    dims = list(tensor.shape[1:] if max_batch_size else tensor.shape)
    declared: dict[str, Any] = {"name": tensor.name, "data_type": Word(tensor.data_type), "dims": dims or [1]}
    if not dims:
        declared["reshape"] = {"shape": []}  # Triton has no tensors without axes beside the batch
    return declared


def _parameters(serving: Serving) -> list[dict[str, Any]]:
    if not serving.intra_op_threads:
        return []
    return [{"key": "intra_op_thread_count", "value": {"string_value": str(serving.intra_op_threads)}}]


def _lines(fields: Mapping[str, Any], indent: str = "") -> list[str]:
    written: list[str] = []
    for name, value in fields.items():
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if name in {"dims", "shape"}:  # short lists of numbers read best on one line
            written.append(f"{indent}{name}: [{', '.join(map(str, values))}]")
            continue
        for one in values:
            if isinstance(one, Mapping):
                written += [f"{indent}{name} {{", *_lines(one, indent + "  "), f"{indent}}}"]
            else:
                written.append(f"{indent}{name}: {_scalar(one)}")
    return written


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, (Word, int)) else json.dumps(value)
