"""Weights as a file, and what of a file a network takes."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import InitialWeights
from capforge_trainer.classification.network import Classifier
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_trainer.models.bodies import SmallBody
from capforge_trainer.weights import packed, read, started_from
from tests.unit.trainer.world import NAMESPACE

_KEY = f"{NAMESPACE}/given/{layout.WEIGHTS}"


def _network(classes: int = 2, width: int = 8) -> Classifier:
    return Classifier(SmallBody(width), classes, 0.0).eval()


def _crops() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8))


def _given(store: MemoryObjectStore, data: bytes, **changes: str) -> InitialWeights:
    store.put(_KEY, data)
    return InitialWeights(**{"key": _KEY, "sha256": sha256_hex(data), "origin": "version 1.3", **changes})


def test_a_network_answers_as_the_one_whose_weights_it_takes():
    first, second, store = _network(), _network(), MemoryObjectStore()
    tensors = read(store, NAMESPACE, _given(store, packed(first)))
    assert started_from(second, tensors, "version 1.3") == []
    assert torch.equal(first(_crops()), second(_crops()))


def test_a_class_more_changes_the_last_layer_alone():
    first, second = _network(2), _network(3)
    (warning,) = started_from(second, first.state_dict(), "version 1.3")
    assert warning == (
        "initial weights (version 1.3): 2 of 60 tensors begin anew: head.weight (3x128 here, 2x128 there), "
        "head.bias (3 here, 2 there)"
    ).replace("60", str(len(second.state_dict())))
    assert torch.equal(first.body(_image()), second.body(_image()))


def test_what_the_network_does_not_have_is_named():
    tensors = {**_network().state_dict(), "neck.weight": torch.zeros(3, 3)}
    (warning,) = started_from(_network(), tensors, "s3://weights")
    assert warning == "initial weights (s3://weights): 1 of its tensors are not part of this network: neck.weight"


def test_weights_of_another_architecture_are_refused():
    with pytest.raises(BadConfigurationError, match="none of its 1 tensors fits") as caught:
        started_from(_network(), {"encoder.weight": torch.zeros(3, 3)}, "s3://weights")
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION


def test_weights_of_half_precision_are_taken():
    halves = {name: one.half() if one.is_floating_point() else one for name, one in _network().state_dict().items()}
    network = _network()
    assert started_from(network, halves, "version 1.3") == []
    assert next(network.parameters()).dtype is torch.float32


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "no safetensors file, or damaged", id="empty"),
        pytest.param(b"PK\x03\x04 a pickled checkpoint", "no safetensors file, or damaged", id="another format"),
        pytest.param(packed(_network())[:-200], "no safetensors file, or damaged", id="cut off"),
        pytest.param(
            safetensors.torch.save({"head.weight": torch.tensor([[float("nan")]])}),
            "not all numbers of head.weight are finite",
            id="not a number",
        ),
    ],
)
def test_a_damaged_file_is_named(data: bytes, said: str):
    store = MemoryObjectStore()
    with pytest.raises(BadDataError, match=said) as caught:
        read(store, NAMESPACE, _given(store, data))
    assert "version 1.3" in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_DATA


def _file(header: bytes, body: bytes = bytes(4)) -> bytes:
    return len(header).to_bytes(8, "little") + header + body


def _tensor(name: str = "w", shape: str = "[1]", offsets: str = "[0,4]", dtype: str = "F32") -> bytes:
    text = f'{{"{name}": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}}}'
    return text.encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param((2**63).to_bytes(8, "little") + b"{}", id="a header of half of all bytes"),
        pytest.param(_file(b'{"a":' + b"[" * 100_000), id="depth"),
        pytest.param(_file(b"[]"), id="no names"),
        pytest.param(_file(_tensor(shape="[4294967296,4294967296]")), id="a size that overflows"),
        pytest.param(
            _file(_tensor(shape="[0,9223372036854775808]", offsets="[0,0]"), b""), id="an empty one that does"
        ),
        pytest.param(_file(_tensor(shape="[-1]")), id="a negative size"),
        pytest.param(_file(_tensor(shape=str([1] * 100))), id="a hundred dimensions"),
        pytest.param(_file(_tensor(offsets="[0,400]")), id="behind the end"),
        pytest.param(_file(_tensor(offsets="[4,0]")), id="backwards"),
        pytest.param(_file(_tensor(dtype="F6_E2M3", shape="[4]", offsets="[0,3]"), bytes(3)), id="a kind of number"),
        pytest.param(_file(b'{"\\ud800": {}}'), id="half a letter"),
    ],
)
def test_a_header_that_somebody_forged_is_damage(data: bytes):
    with pytest.raises(BadDataError, match="no safetensors file, or damaged") as caught:
        read(store := MemoryObjectStore(), NAMESPACE, _given(store, data))
    assert len(str(caught.value)) < 500


def test_a_name_of_a_stranger_is_shown_on_one_line_and_not_for_ever():
    name = "<script>\n" + "x" * 100_000
    tensors = {**_network().state_dict(), name: torch.zeros(3, 3)}
    (warning,) = started_from(_network(), tensors, "s3://weights")
    assert "<script>\\nxxx" in warning
    assert warning.isprintable()
    assert len(warning) < 300


def test_other_bytes_than_those_that_were_resolved_are_refused():
    store = MemoryObjectStore()
    with pytest.raises(BadDataError, match="do not have the digest"):
        read(store, NAMESPACE, _given(store, packed(_network()), sha256="0" * 64))


def test_a_file_that_is_not_there_is_named():
    store = MemoryObjectStore()
    given = _given(store, b"").model_copy(update={"key": f"{NAMESPACE}/nowhere"})
    with pytest.raises(BadConfigurationError, match=f"there is no file {NAMESPACE}/nowhere"):
        read(store, NAMESPACE, given)


def test_a_file_of_another_namespace_is_not_read():
    store = MemoryObjectStore()
    with pytest.raises(BadConfigurationError, match="not of namespace"):
        read(store, "team-b", _given(store, packed(_network())))


def _image() -> Tensor:
    return torch.zeros(1, 3, 32, 32)
