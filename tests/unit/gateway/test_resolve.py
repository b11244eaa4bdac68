"""Which version a request means."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import Endpoint, RoutedCapability, RoutedVersion, RoutingTable
from capforge_gateway.errors import ApiError
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.resolve import available, find_capability, find_version
from capforge_gateway.routing.routes import Capability, Routes, routes_from


def routed(number: str, *addresses: str, **fields: object) -> RoutedVersion:
    given = {
        "version": number, "model": f"cells--{number}", "run": "r", "run_digest": "d", "dataset_digests": [],
        "input_width": 320, "input_height": 320, "transforms_version": "1", "thresholds": {},
        "endpoints": [Endpoint(pod="p", address=address) for address in addresses], **fields,
    }  # fmt: skip
    return RoutedVersion.model_validate(given)


def table(*numbers: str, current: str | None = None, generation: int = 1, **fields: object) -> RoutingTable:
    one = {"namespace": "acme", "name": "cells", "type": CapabilityType.DETECTOR, "current": current, **fields}
    one.setdefault("versions", [routed(number, "10.0.0.1:8000") for number in numbers])
    return RoutingTable(generation=generation, capabilities=[RoutedCapability.model_validate(one)])


def capability(*numbers: str, current: str | None = None, **fields: Any) -> Capability:
    return routes_from(table(*numbers, current=current, **fields)).capabilities["acme", "cells"]


@pytest.mark.parametrize(("asked", "found"), [("v1", "1.9"), ("v1.9", "1.9"), ("v1.10", "1.10"), ("v1.3", "1.3")])
def test_a_version_that_is_loaded_is_found(asked: str, found: str) -> None:
    assert find_version(capability("1.3", "1.9", "1.10", current="1.9"), asked).version == found


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("v1.4", 410), ("v1.1", 410), ("v1.11", 404), ("v1.0", 404), ("v0", 404), ("v2", 404), ("v2.3", 404), ("v", 404),
        ("", 404), ("v1.", 404), ("v1.-1", 404), ("v1.03", 404), ("v1.3 ", 404), ("v1.3\n", 404), ("V1", 404),
        ("v1.9999999999", 404), ("v1.٣", 404),
    ],
)  # fmt: skip
def test_another_is_gone_if_it_existed_and_unknown_if_not(asked: str, status: int) -> None:
    with pytest.raises(ApiError) as refusal:
        find_version(capability("1.3", "1.9", "1.10", current="1.9"), asked)
    assert refusal.value.status == status
    assert refusal.value.details == {"available": ["v1.10", "v1.9", "v1.3"]}


def test_without_a_model_the_reason_comes_before_anything_else() -> None:
    for asked in ("v1", "v1.0", "v1.5"):
        with pytest.raises(ApiError) as refusal:
            find_version(capability(current=None, reason="waiting for data"), asked)
        assert (refusal.value.status, refusal.value.message) == (409, "waiting for data")


def test_a_loaded_version_answers_by_its_number_even_if_none_is_current() -> None:
    assert find_version(capability("1.3", reason="outputs were changed"), "v1.3").version == "1.3"


def test_while_the_current_version_is_loaded_the_caller_is_asked_to_wait() -> None:
    with pytest.raises(ApiError) as refusal:
        find_version(capability(current="1.1"), "v1")
    assert (refusal.value.status, refusal.value.retry_after_seconds) == (503, 1)


def test_an_unknown_capability_is_named() -> None:
    with pytest.raises(ApiError, match="`none` in namespace `acme`"):
        find_capability(routes_from(table()), "acme", "none")


def test_versions_are_ordered_as_numbers() -> None:
    assert available(capability("1.2", "1.10", "1.9", current="1.2")) == ["v1.10", "v1.9", "v1.2"]


def test_names_and_thresholds_come_by_position() -> None:
    outputs = [Output(position=2, name="c"), Output(position=0, name="a")]
    one = routed("1.1", thresholds={"a": 0.25, "c": 0.75})
    version = capability(current="1.1", versions=[one], outputs=outputs).versions["1.1"]
    assert version.names == ("a", "output-1", "c")
    assert version.thresholds.tolist() == [0.25, 0.5, 0.75]


def test_an_unknown_transforms_version_is_kept_apart() -> None:
    version = capability(current="1.1", versions=[routed("1.1", transforms_version="99")]).versions["1.1"]
    assert version.transforms is None


def test_the_board_takes_only_newer_tables_and_tells_its_listeners() -> None:
    board, seen = RouteBoard(), list[Routes]()
    board.listen(seen.append)
    assert not board.known
    assert board.offer(table("1.1", current="1.1", generation=0))
    assert board.offer(table("1.1", current="1.1", generation=3))
    assert not board.offer(table("1.2", current="1.2", generation=3))
    assert not board.offer(table("1.2", current="1.2", generation=2))
    assert [routes.generation for routes in seen] == [-1, 0, 3]
    assert board.current.namespaces == {"acme"}
    assert board.current.addresses == {"10.0.0.1:8000"}
