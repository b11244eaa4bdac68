"""What Argo CD shows of our objects, from the statuses that the operator's own decisions write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from capforge_operator.api.kinds import RESOURCES
from capforge_operator.domain.capability_findings import Standing, findings
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding, settle
from tests.support.argocd import SCRIPTS, STATUSES, health

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LOADED = Standing(published=("1.1",), newest="1.1", target="1.1", current="1.1", answers=True)


def seen(kind: str, found: Sequence[Finding], generation: int = 2, observed: int = 2) -> dict[str, Any]:
    conditions = [one.to_document() for one in settle([], found, NOW, observed)]
    status = {"observedGeneration": observed, "conditions": conditions}
    return {"kind": kind, "metadata": {"name": "cells", "generation": generation}, "status": status}


def changed(**changes: Any) -> Standing:
    values = {name: getattr(LOADED, name) for name in LOADED.__dataclass_fields__}
    return Standing(**{**values, **changes})


CAPABILITIES = {
    "no model yet": (Standing(), "Healthy", "AwaitingModel"),
    "collecting": (Standing(collecting="17 of 20 documents are annotated"), "Healthy", "17 of 20"),
    "serving": (LOADED, "Healthy", "Version 1.1 answers"),
    "the first one loads": (Standing(published=("1.1",), newest="1.1", target="1.1"), "Progressing", "being loaded"),
    "a newer one loads": (changed(published=("1.2", "1.1"), newest="1.2", target="1.2"), "Healthy", "1.1 answers"),
    "a newer one does not load": (
        changed(published=("1.2", "1.1"), newest="1.2", target="1.2", load_failure="bad graph"),
        "Healthy",
        "LoadFailed: Version 1.2 does not load: bad graph",
    ),
    "nothing loads": (Standing(published=("1.1",), target="1.1", load_failure="bad graph"), "Degraded", "bad graph"),
    "no pod": (changed(answers=False, has_pods=False), "Degraded", "no serving pod"),
    "pinned": (changed(published=("1.2", "1.1"), newest="1.2", pinned="1.1"), "Healthy", "pinnedVersion is 1.1"),
    "pinned to nothing": (changed(pinned="1.9"), "Degraded", "1.9 does not exist"),
    "namespace not prepared": (Standing(missing=("Secret x",)), "Degraded", "capforge-tenant"),
    "a model was kept back": (changed(held="worse", held_reason="WorseThanChampion"), "Healthy", "WorseThanChampion"),
}


@pytest.mark.parametrize("case", CAPABILITIES)
def test_a_capability(case: str):
    standing, status, words = CAPABILITIES[case]
    found = health(seen("Capability", findings(standing)))
    assert (found.status, words in found.message) == (status, True), found


def three(
    summary: str, status: Any, reason: str, message: str = "Why.", *, ongoing: bool = False
) -> Callable[[str], dict[str, Any]]:
    stalled = status is FALSE and not ongoing
    found = [
        Finding(summary, status, reason, message),
        Finding("Reconciling", TRUE if ongoing else FALSE, reason, ""),
        Finding("Stalled", TRUE if stalled else FALSE, reason, message if stalled else ""),
    ]
    return lambda kind: seen(kind, found)


OTHERS = [
    ("Dataset", three("Ready", UNKNOWN, "Snapshotting", ongoing=True), "Progressing"),
    ("Dataset", three("Ready", FALSE, "SourceUnavailable", ongoing=True), "Progressing"),
    ("Dataset", three("Ready", TRUE, "Locked"), "Healthy"),
    ("Dataset", three("Ready", FALSE, "FaultyRecords"), "Degraded"),
    ("Dataset", three("Ready", FALSE, "DigestMismatch"), "Degraded"),
    ("TrainingRun", three("Succeeded", FALSE, "DatasetNotLocked", ongoing=True), "Progressing"),
    ("TrainingRun", three("Succeeded", UNKNOWN, "Training", ongoing=True), "Progressing"),
    ("TrainingRun", three("Succeeded", UNKNOWN, "Suspended"), "Suspended"),
    ("TrainingRun", three("Succeeded", TRUE, "Completed"), "Healthy"),
    ("TrainingRun", three("Succeeded", TRUE, "Attached"), "Healthy"),
    ("TrainingRun", three("Succeeded", FALSE, "OutOfMemory"), "Degraded"),
    ("TrainingRun", three("Succeeded", FALSE, "InvalidOverrides"), "Degraded"),
    ("ModelTemplate", three("Ready", TRUE, "Valid"), "Healthy"),
    ("ModelTemplate", three("Ready", FALSE, "InvalidSchema"), "Degraded"),
]


@pytest.mark.parametrize(("kind", "document", "status"), OTHERS)
def test_another_kind(kind: str, document: Callable[[str], dict[str, Any]], status: str):
    found = health(document(kind))
    assert (found.status, found.message[-6:]) == (status, ": Why.")


KIND_NAMES = [kind.KIND.kind for kind in RESOURCES]


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_what_the_operator_has_not_seen_yet_is_under_way(kind: str):
    new = {"kind": kind, "metadata": {"generation": 1}}
    assert health(new).status == "Progressing"
    edited = three("Ready" if kind != "TrainingRun" else "Succeeded", TRUE, "Fine")(kind)
    edited["metadata"]["generation"] = 3
    assert health(edited).status == "Progressing"
    assert health(three("Other", TRUE, "Fine")(kind)).status == "Progressing"


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_what_is_being_deleted_is_under_way(kind: str):
    document = three("Ready" if kind != "TrainingRun" else "Succeeded", TRUE, "Fine")(kind)
    document["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
    assert health(document).status == "Progressing"


def test_every_kind_has_its_script_and_argo_cd_is_given_each():
    assert {path.stem for path in SCRIPTS.glob("*.lua")} == set(KIND_NAMES)
    [generator] = yaml.safe_load((SCRIPTS.parent / "kustomization.yaml").read_text())["configMapGenerator"]
    given = {f"resource.customizations.health.capforge.dev_{kind}=health/{kind}.lua" for kind in KIND_NAMES}
    assert set(generator["files"]) == given


def test_the_scripts_say_only_what_argo_cd_knows():
    assert {status for _, status, _ in CAPABILITIES.values()} | {status for *_, status in OTHERS} == STATUSES
