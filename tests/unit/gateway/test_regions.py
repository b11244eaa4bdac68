"""Regions without a model server: what may be brought, how elements follow each other, what is nearest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import RoutedCapability, RoutedVersion, RoutingTable
from capforge_gateway.errors import ApiError
from capforge_gateway.predict.budget import ByteBudget
from capforge_gateway.predict.regions.asking import AT_ONCE, _each
from capforge_gateway.predict.regions.chain import Step, before
from capforge_gateway.predict.regions.entity import brought_entities, check_inside, class_of
from capforge_gateway.predict.regions.gallery import Gallery, gallery_of, most_similar
from capforge_gateway.predict.regions.saying import rows_of, say_class
from capforge_gateway.predict.target import Options
from capforge_gateway.predict.wire import WireError
from capforge_gateway.routing.routes import Routes, routes_from

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["id", "box", "polygon", "class"]), inner)
    ),
    max_leaves=20,
)


def element(name: str, kind: CapabilityType, input_from: str | None = None, **fields: Any) -> RoutedCapability:
    one = RoutedVersion(
        version="1.1", model=f"{name}--1", run="r", run_digest="d", dataset_digests=[], input_width=8, input_height=8,
        transforms_version="1", thresholds={}, endpoints=[], **fields,
    )  # fmt: skip
    outputs = [Output(position=0, name="a"), Output(position=1, name="b")]
    return RoutedCapability(
        namespace="acme", name=name, type=kind, outputs=outputs, input_from=input_from, versions=[one], current="1.1"
    )


def routes(*elements: RoutedCapability) -> Routes:
    return routes_from(RoutingTable(generation=1, capabilities=list(elements)))


def refused_as(work: Callable[[], object], field: str) -> bool:
    """Tell whether work is refused; a refusal must name the field."""
    with contextlib.suppress(ApiError):
        work()
        return False
    with pytest.raises(ApiError) as caught:
        work()
    assert caught.value.status == 400
    assert caught.value.details["field"].startswith(field)
    return True


DETECTOR = element("cells", CapabilityType.DETECTOR)


def step(name: str = "kind", kind: CapabilityType = CapabilityType.BOX_CLASSIFIER, **fields: Any) -> Step:
    capability = routes(element(name, kind, **fields)).capabilities["acme", name]
    return Step(capability, capability.versions["1.1"])


def test_elements_run_in_the_order_in_which_they_depend_on_each_other() -> None:
    first = element("first", CapabilityType.BOX_CLASSIFIER, "cells")
    second = element("second", CapabilityType.BOX_EMBEDDER, "first")
    known = routes(second, DETECTOR, first)
    steps = before(known, known.capabilities["acme", "second"])
    assert [one.capability.name for one in steps] == ["cells", "first"]


def test_a_chain_without_end_is_refused() -> None:
    many = [element(f"e{at}", CapabilityType.BOX_CLASSIFIER, f"e{at + 1}") for at in range(20)]
    known = routes(*many)
    with pytest.raises(ApiError, match="more than 8"):
        before(known, known.capabilities["acme", "e0"])


def test_a_chain_that_begins_without_a_detector_is_refused() -> None:
    known = routes(element("a", CapabilityType.BOX_CLASSIFIER, "b"), element("b", CapabilityType.BOX_CLASSIFIER))
    with pytest.raises(ApiError, match="`b` has no inputFrom"):
        before(known, known.capabilities["acme", "a"])


@settings(deadline=None)
@given(JSON)
def test_whatever_is_brought_is_taken_or_refused_by_name(document: Any) -> None:
    entities: list[dict[str, Any]] = []

    def bring() -> None:
        entities[:] = brought_entities(document, 5, lambda: "new")
        check_inside(entities, 100, 100)

    if refused_as(bring, "entities"):
        return
    for one in entities:
        x0, y0, x1, y1 = one["location"]["box"]
        assert x0 < x1
        assert y0 < y1
        assert x0 < 100
        assert y0 < 100
        assert min(x1, y1) > 0


@settings(deadline=None)
@given(JSON)
def test_whatever_is_sent_as_a_gallery_is_taken_or_refused_by_name(document: Any) -> None:
    found: list[Gallery] = []
    if not refused_as(lambda: found.append(gallery_of(document)), "gallery"):
        assert np.linalg.norm(found[0].vectors, axis=1) == pytest.approx(1, abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), st.integers(1, 100), st.integers(1, 130), st.integers(0, 1000))
def test_the_most_similar_are_those_of_brute_force_and_of_equals_the_first(
    count: int, most: int, asked: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.integers(-1, 2, (count, 3)).astype(np.float32)  # few directions, so that many are equal
    vectors[~vectors.any(axis=1)] = 1
    gallery = Gallery([str(at) for at in range(count)], [None] * count, [None] * count, vectors)
    questions = draw.integers(-2, 3, (asked, 3)).astype(np.float32)
    expected = np.argsort(-(questions @ vectors.T), axis=1, kind="stable")[:, :most]
    found = most_similar(questions, gallery, most)
    assert [[int(one["id"]) for one in row] for row in found] == expected.tolist()


def test_a_class_below_its_threshold_is_not_said() -> None:
    entities = [{"id": str(at), "location": {"box": [0, 0, 1, 1]}, "observations": []} for at in range(3)]
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]], np.float32)
    say_class(entities, scores, step(), Options(threshold=0.6))
    assert [class_of(one) for one in entities] == ["a", "b", None]


def test_a_position_that_the_capability_has_no_name_for_is_not_said() -> None:
    entities: list[dict[str, Any]] = [{"id": "1", "location": {"box": [0, 0, 1, 1]}, "observations": []}]
    say_class(entities, np.array([[0.1, 0.1, 0.8]], np.float32), step(), Options())
    assert class_of(entities[0]) is None


@pytest.mark.parametrize(
    "rows",
    [np.zeros((1, 2, 3), np.float32), np.zeros((1, 2), np.float64), np.full((1, 2), np.nan, np.float32)],
    ids=["three axes", "float64", "no numbers"],
)
def test_tensors_that_are_not_the_types_are_told_apart(rows: Any) -> None:
    with pytest.raises(WireError):
        rows_of({"scores": rows}, "scores", step())


def test_bytes_that_are_not_needed_any_more_are_given_back_before_the_end() -> None:
    async def story() -> None:
        budget = ByteBudget(100)
        async with budget.held(90) as loan:
            loan.keep(30)
            loan.keep(50)  # more than is held: nothing changes
            async with asyncio.timeout(1), budget.held(70):
                pass
        async with asyncio.timeout(1), budget.held(100):
            pass

    asyncio.run(story())


def test_groups_are_worked_on_a_few_at_a_time_and_none_after_a_failure() -> None:
    async def story() -> None:
        running = most = 0
        begun: list[int] = []

        async def work(group: Any) -> int:
            nonlocal running, most
            begun.append(group[0])
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            if group[0] == 5:
                raise OSError
            return int(group[0])

        assert await _each([[at] for at in range(5)], work) == [0, 1, 2, 3, 4]
        assert most == AT_ONCE
        begun.clear()
        with contextlib.suppress(OSError):
            await _each([[at] for at in range(4, 50)], work)
        assert len(begun) < 10

    asyncio.run(story())
