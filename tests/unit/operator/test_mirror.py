"""What the mirror holds: one test for each of its guarantees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_operator.resource_types import DATASETS, TRAINING_RUNS
from capforge_operator.runtime.mirror import Mirror
from capforge_operator.runtime.packing import Packing


def document(name: str = "a", version: int = 1, uid: str = "u", namespace: str = "team", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"metadata": metadata, "spec": spec}


@pytest.fixture
def mirror() -> Mirror:
    return Mirror([DATASETS, TRAINING_RUNS])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_an_older_version_never_replaces_a_newer_one(mirror: Mirror):
    assert mirror.put(DATASETS, document(version=10, text="new"))
    assert not mirror.put(DATASETS, document(version=9, text="old"))
    assert not mirror.put(DATASETS, document(version=10, text="the same"))
    found = mirror.get(DATASETS, "team", "a")
    assert found is not None
    assert found["spec"] == {"text": "new"}


def test_managed_fields_are_dropped(mirror: Mirror):
    managed = document()
    managed["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    mirror.put(DATASETS, managed)
    assert mirror.get(DATASETS, "team", "a") == document()


def test_whoever_asks_gets_a_copy(mirror: Mirror):
    mirror.put(DATASETS, document())
    found = mirror.get(DATASETS, "team", "a")
    assert found is not None
    found["spec"]["broken"] = True
    assert mirror.get(DATASETS, "team", "a") == document()


def test_what_is_gone_is_gone_but_not_another_of_its_name(mirror: Mirror):
    mirror.put(DATASETS, document(uid="second"))
    assert not mirror.remove(DATASETS, "team", "a", "first")
    assert mirror.remove(DATASETS, "team", "a", "second")
    assert mirror.get(DATASETS, "team", "a") is None
    assert mirror.list(DATASETS, "team") == []


def test_listings_are_sorted_by_namespace_and_by_capability(mirror: Mirror):
    for number, (name, capability) in enumerate((("b", "cells"), ("a", "cells"), ("c", "boards")), 1):
        mirror.put(TRAINING_RUNS, document(name, number, capabilityRef={"name": capability}))
    mirror.put(TRAINING_RUNS, document("d", 4, namespace="other", capabilityRef={"name": "cells"}))
    assert names(mirror.list(TRAINING_RUNS)) == ["d", "a", "b", "c"]
    assert names(mirror.list(TRAINING_RUNS, "team")) == ["a", "b", "c"]
    assert names(mirror.list(TRAINING_RUNS, "team", "cells")) == ["a", "b"]
    assert mirror.list(TRAINING_RUNS, "nowhere") == []


def test_an_object_that_changes_its_capability_is_found_under_the_new_one_only(mirror: Mirror):
    mirror.put(TRAINING_RUNS, document(version=1, capabilityRef={"name": "cells"}))
    mirror.put(TRAINING_RUNS, document(version=2, uid="made anew", capabilityRef={"name": "boards"}))
    assert mirror.list(TRAINING_RUNS, "team", "cells") == []
    assert names(mirror.list(TRAINING_RUNS, "team", "boards")) == ["a"]


def test_our_own_write_is_known_before_its_event(mirror: Mirror):
    mirror.put(DATASETS, document(version=1))
    mirror.put_status(DATASETS, document(version=1), {"items": 3}, "2")
    found = mirror.get(DATASETS, "team", "a")
    assert found is not None
    assert (found["status"], found["metadata"]["resourceVersion"]) == ({"items": 3}, "2")


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers()), min_size=1, max_size=5))
def test_what_is_packed_comes_back_the_same(documents: list[dict[str, Any]]):
    packing = Packing()
    data = [json.dumps(one).encode() for one in documents]
    packed = [packing.pack(one) for one in data]
    assert [packing.unpack(one) for one in packed] == data


def test_documents_larger_than_the_window_are_packed_too():
    packing = Packing()
    data = [bytes(range(256)) * 500, b"small", bytes(range(256)) * 400]
    assert [packing.unpack(packing.pack(one)) for one in data] == data
