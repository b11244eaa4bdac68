"""Whether the entities of a classifier or embedder can come from where its spec says, and what it says of that."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_operator.api.capability import Capability
from capforge_operator.api.capability_status import CapabilityStatus
from capforge_operator.domain.inputs import INPUT_CONNECTED, MAX_LINKS
from capforge_operator.keys import Kind
from capforge_operator.ports import Json
from capforge_operator.resource_types import CAPABILITIES
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, resource

OUTPUTS = {"outputs": [{"position": 0, "name": "cat"}, {"position": 1, "name": "dog"}]}
SERVES = {"version": "1.1"}


def detector(name: str = "animals", **status: Any) -> Json:
    return _capability(name, "DetectorElement", None, status)


def classifier(name: str, source: str | None = "animals", classes: list[str] | None = None, **status: Any) -> Json:
    return _capability(name, "BoxClassifierElement", source, status, classes)


def embedder(name: str, source: str | None = "animals", **status: Any) -> Json:
    return _capability(name, "BoxEmbedderElement", source, status)


def extractor(name: str) -> Json:
    return resource(
        "Capability",
        name,
        {"type": "FieldExtractorElement", "dataModel": {"fields": [{"name": "total", "type": "Amount"}]}},
    )


def _capability(name: str, kind: str, source: str | None, status: Json, classes: list[str] | None = None) -> Json:
    spec: Json = {"type": kind, "modelParameters": OUTPUTS}
    if source:
        spec["inputFrom"] = {"capabilityRef": {"name": source}}
    if classes:
        spec["inputFilter"] = {"classes": classes}
    return {**resource("Capability", name, spec), **({"status": status} if status else {})}


async def status_of(name: str, *documents: Json) -> CapabilityStatus:
    world = TrainingWorld()
    for document in documents:
        world.twins.resources.put(document)
    await world.reconcile(Kind.CAPABILITY, name)
    return Capability.parse(world.twins.resources.objects[CAPABILITIES.kind, NAMESPACE, name]).status


def told(status: CapabilityStatus, condition: str) -> tuple[str, str]:
    found = status.condition(condition)
    return (found.status.value, found.reason) if found else ("", "")


CHAIN = [classifier(f"c{n}", f"c{n + 1}", **SERVES) for n in range(MAX_LINKS + 2)]

CASES: dict[str, tuple[list[Json], tuple[str, str], str]] = {
    "a detector that answers": (
        [classifier("breeds"), detector(**SERVES)],
        ("True", "Connected"),
        "Entities come from animals.",
    ),
    "a detector without a model": (
        [classifier("breeds"), detector()],
        ("False", "InputWithoutModel"),
        "animals has no model that answers: requests must bring their entities.",
    ),
    "nobody": (
        [classifier("breeds")],
        ("False", "UnknownInput"),
        "inputFrom: there is no Capability animals (breeds ← animals).",
    ),
    "one that nobody can read": (
        [classifier("breeds"), resource("Capability", "animals", {"type": "Oracle"})],
        ("False", "UnknownInput"),
        "there is no Capability animals",
    ),
    "a field extractor": (
        [classifier("breeds"), extractor("animals")],
        ("False", "InputWithoutEntities"),
        "inputFrom: animals is a FieldExtractorElement; allowed: a DetectorElement",
    ),
    "an embedder behind a detector": (
        [classifier("breeds", "faces"), embedder("faces", "animals", **SERVES), detector(**SERVES)],
        ("True", "Connected"),
        "Entities come from faces ← animals.",
    ),
    "an embedder that takes what requests bring": (
        [classifier("breeds", "faces"), embedder("faces", None, **SERVES)],
        ("False", "InputWithoutEntities"),
        "faces is a BoxEmbedderElement without inputFrom and finds no entities itself.",
    ),
    "a classifier that takes what requests bring": (
        [embedder("breeds", "kinds"), classifier("kinds", None, **SERVES)],
        ("False", "InputWithoutEntities"),
        "kinds is a BoxClassifierElement without inputFrom and finds no entities itself.",
    ),
    "a classifier behind a detector": (
        [embedder("breeds", "kinds"), classifier("kinds", **SERVES), detector(**SERVES)],
        ("True", "Connected"),
        "Entities come from kinds ← animals.",
    ),
    "the same, and the detector has no model": (
        [embedder("breeds", "kinds"), classifier("kinds", **SERVES), detector(version="1.0")],
        ("False", "InputWithoutModel"),
        "animals has no model",
    ),
    "a classifier whose detector is missing": (
        [embedder("breeds", "kinds"), classifier("kinds", **SERVES)],
        ("False", "UnknownInput"),
        "(breeds ← kinds ← animals)",
    ),
    "each other": (
        [classifier("breeds", "kinds"), classifier("kinds", "breeds")],
        ("False", "InputCycle"),
        "inputFrom leads back to where it came from: breeds ← kinds ← breeds.",
    ),
    "two others that ask each other": (
        [classifier("breeds", "kinds"), classifier("kinds", "sorts"), classifier("sorts", "kinds")],
        ("False", "InputCycle"),
        "breeds ← kinds ← sorts ← kinds.",
    ),
    "a longer way than is allowed": (
        [classifier("breeds", "c0"), *CHAIN],
        ("False", "InputTooLong"),
        f"inputFrom leads over more than {MAX_LINKS} capabilities: breeds ← c0 ← c1 ← c2 ← c3 ← c4 ← c5 ← c6 ← c7.",
    ),
}


@pytest.mark.parametrize(("documents", "condition", "said"), [pytest.param(*case, id=id) for id, case in CASES.items()])  # noqa: A001
async def test_where_entities_come_from_is_told(documents: list[Json], condition: tuple[str, str], said: str):
    status = await status_of("breeds", *documents)
    found = status.condition(INPUT_CONNECTED)
    assert found is not None
    assert (found.status.value, found.reason) == condition
    assert said in found.message


@pytest.mark.parametrize(
    ("documents", "ready", "reconciling", "stalled"),
    [
        # What is missing may come: GitOps tools go on waiting.
        (CASES["nobody"][0], ("False", "UnknownInput"), "True", "False"),
        (CASES["each other"][0], ("False", "InputCycle"), "False", "True"),
        (CASES["a field extractor"][0], ("False", "InputWithoutEntities"), "False", "True"),
        # Everything possible at this stage has converged.
        (CASES["a detector without a model"][0], ("True", "AwaitingModel"), "False", "False"),
    ],
    ids=["nobody", "a cycle", "no entities", "no model"],
)
async def test_only_what_a_person_must_change_stalls(
    documents: list[Json], ready: tuple[str, str], reconciling: str, stalled: str
):
    status = await status_of("breeds", *documents)
    assert told(status, "Ready") == ready
    assert told(status, "Reconciling")[0] == reconciling
    assert told(status, "Stalled")[0] == stalled


async def test_a_capability_that_takes_nothing_from_others_has_no_such_condition():
    for document in (detector(), classifier("animals", None), extractor("animals")):
        assert (await status_of("animals", document)).condition(INPUT_CONNECTED) is None


async def test_a_filter_for_what_nobody_says_is_a_warning():
    status = await status_of("breeds", classifier("breeds", classes=["cat", "horse", "cow"]), detector(**SERVES))
    assert status.warnings == ["inputFilter.classes: animals has no cow, horse; its classes are: cat, dog"]
    status = await status_of("breeds", classifier("breeds", classes=["cat"]), detector(**SERVES))
    assert status.warnings == []


@pytest.mark.parametrize(
    ("document", "inputs", "outputs"),
    [
        (detector("x"), ["image"], ["entities"]),
        (classifier("x", None), ["image", "entities"], ["entities"]),
        (embedder("x", None), ["image", "entities"], ["entities", "embeddings"]),
        (extractor("x"), ["document"], ["fields", "candidates"]),
    ],
    ids=["detector", "classifier", "embedder", "extractor"],
)
async def test_the_interface_follows_from_the_type(document: Json, inputs: list[str], outputs: list[str]):
    interface = (await status_of("x", document)).interface
    assert interface is not None
    assert (interface.inputs, interface.outputs) == (inputs, outputs)


async def test_at_rest_nothing_is_written_and_a_change_upstream_costs_one_write():
    world = TrainingWorld()
    writes = world.twins.resources.writes
    world.twins.resources.put(classifier("breeds"))
    world.twins.resources.put(detector())
    for _ in range(2):
        await world.reconcile(Kind.CAPABILITY, "breeds")
    assert writes == ["status capabilities breeds"]
    world.twins.resources.remove(CAPABILITIES, NAMESPACE, "animals")
    for _ in range(2):
        await world.reconcile(Kind.CAPABILITY, "breeds")
    assert writes == ["status capabilities breeds"] * 2
