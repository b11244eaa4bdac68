"""Which keys an event rings."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_operator.doorbell import keys_of
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


def body(labels: dict[str, str] | None = None, namespace: str = "team", **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "namespace": namespace, "labels": labels or {}}, **fields}


SNAPSHOT = {"app.kubernetes.io/component": "snapshot", "capforge.dev/dataset": "cells"}
TRAINER = {"app.kubernetes.io/component": "trainer", "capforge.dev/training-run": "cells-1"}


@pytest.mark.parametrize(
    ("resource", "event", "keys"),
    [
        (CAPABILITIES, body(), [Key(Kind.CAPABILITY, "team", "x"), Key(Kind.CAPABILITY_DEPENDENTS, "team", "x")]),
        (DATASETS, body(), [Key(Kind.DATASET, "team", "x"), Key(Kind.DATASET_DEPENDENTS, "team", "x")]),
        (
            TRAINING_RUNS,
            body(spec={"capabilityRef": {"name": "cells"}}),
            [Key(Kind.TRAINING_RUN, "team", "x"), Key(Kind.CAPABILITY, "team", "cells")],
        ),
        (
            MODEL_TEMPLATES,
            {"metadata": {"name": "x"}},
            [Key(Kind.MODEL_TEMPLATE, "", "x"), Key(Kind.TEMPLATE_DEPENDENTS, "", "x")],
        ),
        (JOBS, body(SNAPSHOT), [Key(Kind.DATASET, "team", "cells")]),
        (JOBS, body(TRAINER), [Key(Kind.TRAINING_RUN, "team", "cells-1")]),
        (PODS, body(SNAPSHOT), [Key(Kind.DATASET, "team", "cells")]),
        (PODS, body(TRAINER), [Key(Kind.TRAINING_RUN, "team", "cells-1")]),
        (
            PODS,
            body({"app.kubernetes.io/component": "serving", "capforge.dev/pool": "gpu"}),
            [Key(Kind.SERVING, "", "gpu")],
        ),
        (PODS, body({"app.kubernetes.io/component": "gateway"}), [Key(Kind.SERVING, "", "cpu")]),
        (PODS, body({"app.kubernetes.io/component": "operator"}), []),
        (PODS, body(), []),
        (JOBS, body({"app.kubernetes.io/component": "snapshot"}), []),
        (CONFIG_MAPS, body(SNAPSHOT), []),
    ],
    ids=lambda value: value.plural if isinstance(value, ResourceType) else "",
)
def test_an_event_rings_what_it_concerns(resource: ResourceType, event: dict[str, Any], keys: list[Key]):
    assert keys_of(resource, event) == keys
