"""Which keys an event rings."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_operator.doorbell import Doorbell
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import ResourceType
from capforge_operator.resource_types import (
    CAPABILITIES,
    CONFIG_MAPS,
    DATASETS,
    JOBS,
    MODEL_TEMPLATES,
    PODS,
    TRAINING_RUNS,
)
from capforge_operator.runtime.echoes import Echoes
from capforge_operator.runtime.liveness import Liveness, sighting
from tests.support.clocks import HandScheduler
from tests.support.twins.world import HeardBell
from tests.unit.operator.training_world import NAMESPACE, TEMPLATE, run

RUN = Key(Kind.TRAINING_RUN, NAMESPACE, "cells-1")
CAPABILITY = Key(Kind.CAPABILITY, NAMESPACE, "cells")


class Door:
    """A doorbell and what it rang."""

    def __init__(self) -> None:
        self.bell = HeardBell()
        self.echoes = Echoes()
        self.doorbell = Doorbell(self.bell, Liveness(60, HandScheduler().time), self.echoes)

    def rings(self, resource: ResourceType, body: dict[str, Any], *, gone: bool = False) -> list[Key]:
        self.bell.keys.clear()
        self.doorbell.heard(resource, body, gone=gone)
        return list(self.bell.keys)


@pytest.fixture
def door() -> Door:
    return Door()


def body(labels: dict[str, str] | None = None, name: str = "x", namespace: str = "team") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}, "uid": "u", "resourceVersion": "1"}
    return {"metadata": metadata}


def owned_body(kind: str) -> dict[str, Any]:
    document = body()
    document["metadata"]["ownerReferences"] = [{"kind": kind, "name": "receipts", "uid": "c", "controller": True}]
    return document


def run_body(status: dict[str, Any] | None = None, uid: str = "u", **spec: Any) -> dict[str, Any]:
    document = run(**spec)
    document["metadata"] |= {"uid": uid, "resourceVersion": "1"}
    return {**document, "status": status or {}}


SNAPSHOT = {"app.kubernetes.io/component": "snapshot", "capforge.dev/dataset": "cells"}
TRAINER = {"app.kubernetes.io/component": "trainer", "capforge.dev/training-run": "cells-1"}


@pytest.mark.parametrize(
    ("resource", "event", "keys"),
    [
        (CAPABILITIES, body(), [Key(Kind.CAPABILITY, "team", "x")]),
        (DATASETS, body(), [Key(Kind.DATASET, "team", "x")]),
        (MODEL_TEMPLATES, body(namespace=""), [Key(Kind.MODEL_TEMPLATE, "", "x")]),
        (JOBS, body(SNAPSHOT), [Key(Kind.DATASET, "team", "cells")]),
        (JOBS, body(TRAINER), [Key(Kind.TRAINING_RUN, "team", "cells-1")]),
        (PODS, body(SNAPSHOT), [Key(Kind.DATASET, "team", "cells")]),
        (PODS, body(TRAINER), [Key(Kind.TRAINING_RUN, "team", "cells-1")]),
        (
            PODS,
            body({"app.kubernetes.io/component": "serving", "capforge.dev/pool": "gpu"}),
            [Key(Kind.SERVING, "", "gpu")],
        ),
        (
            DATASETS,
            owned_body("Capability"),
            [Key(Kind.DATASET, "team", "x"), Key(Kind.CAPABILITY, "team", "receipts")],
        ),
        (DATASETS, owned_body("Workflow"), [Key(Kind.DATASET, "team", "x")]),
        (PODS, body({"app.kubernetes.io/component": "gateway"}), [Key(Kind.SERVING, "", "cpu")]),
        (PODS, body({"app.kubernetes.io/component": "operator"}), []),
        (PODS, body(), []),
        (JOBS, body({"app.kubernetes.io/component": "snapshot"}), []),
        (CONFIG_MAPS, body(), []),
    ],
    ids=lambda value: value.plural if isinstance(value, ResourceType) else "",
)
def test_an_event_rings_what_it_concerns(door: Door, resource: ResourceType, event: dict[str, Any], keys: list[Key]):
    assert door.rings(resource, event) == keys


@pytest.mark.parametrize(
    ("resource", "name", "namespace"),
    [(DATASETS, "cells", NAMESPACE), (CAPABILITIES, "cells", NAMESPACE), (MODEL_TEMPLATES, TEMPLATE, "")],
    ids=["dataset", "capability", "template"],
)
def test_what_a_run_waits_for_rings_it_until_it_has_ended(
    door: Door, resource: ResourceType, name: str, namespace: str
):
    door.rings(TRAINING_RUNS, run_body())
    assert RUN in door.rings(resource, body(name=name, namespace=namespace))
    assert RUN not in door.rings(resource, body(name="other", namespace=namespace))
    door.rings(TRAINING_RUNS, run_body({"completionTime": "2026-01-01T00:00:00Z"}))
    assert RUN not in door.rings(resource, body(name=name, namespace=namespace))


def classifier_body(source: str | None) -> dict[str, Any]:
    spec = {"inputFrom": {"capabilityRef": {"name": source}}} if source else {}
    return {**body(name="breeds"), "spec": spec}


def test_a_capability_is_rung_by_the_one_that_it_takes_its_entities_from(door: Door):
    breeds, animals = Key(Kind.CAPABILITY, "team", "breeds"), Key(Kind.CAPABILITY, "team", "animals")
    assert door.rings(CAPABILITIES, classifier_body("animals")) == [breeds]
    assert door.rings(CAPABILITIES, body(name="animals")) == [animals, breeds]
    assert door.rings(CAPABILITIES, body(name="animals"), gone=True) == [animals, breeds]
    assert breeds not in door.rings(CAPABILITIES, body(name="animals", namespace="others"))


@pytest.mark.parametrize("last", ["others", None, "gone"])
def test_a_capability_is_rung_no_more_by_what_it_took_its_entities_from(door: Door, last: str | None):
    door.rings(CAPABILITIES, classifier_body("animals"))
    door.rings(CAPABILITIES, classifier_body("animals" if last == "gone" else last), gone=last == "gone")
    assert door.rings(CAPABILITIES, body(name="animals")) == [Key(Kind.CAPABILITY, "team", "animals")]


def test_a_run_that_is_gone_is_rung_no_more(door: Door):
    door.rings(TRAINING_RUNS, run_body())
    door.rings(TRAINING_RUNS, run_body(), gone=True)
    assert RUN not in door.rings(DATASETS, body(name="cells", namespace=NAMESPACE))


def test_a_run_rings_its_capability_when_its_standing_changes_not_with_every_step(door: Door):
    done, version = {"completionTime": "2026-01-01T00:00:00Z"}, {"version": "1.1"}
    assert door.rings(TRAINING_RUNS, run_body()) == [RUN, CAPABILITY]
    assert door.rings(TRAINING_RUNS, run_body({"progressPercent": 5})) == [RUN]
    assert door.rings(TRAINING_RUNS, run_body(done)) == [RUN, CAPABILITY]
    assert door.rings(TRAINING_RUNS, run_body({**done, **version})) == [RUN, CAPABILITY]
    assert door.rings(TRAINING_RUNS, run_body({**done, **version})) == [RUN]
    assert door.rings(TRAINING_RUNS, run_body(uid="made anew")) == [RUN, CAPABILITY]
    assert door.rings(TRAINING_RUNS, run_body(), gone=True) == [RUN, CAPABILITY]


def test_the_echo_of_our_own_write_rings_only_those_who_wait(door: Door):
    door.rings(TRAINING_RUNS, run_body())
    event = body(name="cells", namespace=NAMESPACE)
    door.echoes.wrote(sighting(DATASETS, event["metadata"]))
    assert door.rings(DATASETS, event) == [RUN]
    assert door.rings(DATASETS, event) == [Key(Kind.DATASET, NAMESPACE, "cells"), RUN]


def test_a_change_after_our_own_write_is_no_echo(door: Door):
    event = body()
    door.echoes.wrote(sighting(DATASETS, {**event["metadata"], "resourceVersion": "0"}))
    assert door.rings(DATASETS, event) == [Key(Kind.DATASET, "team", "x")]


def test_a_deletion_is_never_an_echo(door: Door):
    event = body()
    door.echoes.wrote(sighting(DATASETS, event["metadata"]))
    assert door.rings(DATASETS, event, gone=True) == [Key(Kind.DATASET, "team", "x")]
