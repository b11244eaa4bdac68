"""A classifier and an embedder behind a detector: one image in, the same entities out with what each model says.

The tests are one story and run in this order. The models learn next to nothing: what is looked at is the chain.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.e2e import manifests
from tests.e2e.cells import CLASSES
from tests.e2e.product import Product
from tests.support.e2e import Json, Tenant
from tests.support.eventually import eventually
from tests.support.images_api import ImagesApi, images_api

FINDER, KINDS, SHAPES = "finder", "cell-classes", "cell-shapes"
TAKEN = "RBC"
"""The only class that the classifier takes."""
_SECONDS = 300.0
TINY = {"crop": {"longSidePixels": 32}, "schedule": {"maxEpochs": 1, "evaluations": 1}, "optimizer": {"warmupSteps": 0}}


@pytest.fixture(scope="module")
def tenant(product: Product) -> Tenant:
    return product.tenant


@pytest.fixture(scope="module")
def api(tenant: Tenant) -> Iterator[ImagesApi]:
    with images_api(tenant) as found:
        yield found


@pytest.fixture(scope="module")
def image(product: Product) -> str:
    return base64.b64encode(product.image).decode()


def region_capability(name: str, kind: str, **spec: object) -> Json:
    document = manifests.capability(name)
    document["spec"] |= {"type": kind, "inputFrom": {"capabilityRef": {"name": FINDER}}, **spec}
    return document


def region_run(name: str, template: str) -> Json:
    changes = {"capabilityRef": {"name": name}, "templateRef": {"name": template}, "timeBudgetSeconds": 120}
    return manifests.run(name, "cells-train", "cells-dev", overrides=TINY, **changes)


def entities(answer: Json) -> list[Json]:
    found: list[Json] = answer["document"]["inference"]["prediction"]["entities"]
    return found


def said_by(entity: Json, element: str) -> list[Json]:
    return [one for one in entity["observations"] if one["provenance"]["element"] == element]


def test_before_the_detector_is_there_the_capabilities_say_what_they_wait_for(tenant: Tenant) -> None:
    tenant.apply(
        region_capability(KINDS, "BoxClassifierElement", inputFilter={"classes": [TAKEN]}),
        region_capability(SHAPES, "BoxEmbedderElement"),
    )

    def waits() -> bool:
        conditions = tenant.get("capability", KINDS).get("status", {}).get("conditions", [])
        return any(FINDER in one["message"] for one in conditions)

    eventually(waits, _SECONDS, 1.0)


def test_three_models_are_trained_and_served(tenant: Tenant) -> None:
    detector = manifests.capability(FINDER)
    for output in detector["spec"]["modelParameters"]["outputs"]:
        output["confidenceThresholdPercent"] = 1  # a model that has learned nothing is never sure
    run = manifests.tiny_run(FINDER)
    run["spec"]["capabilityRef"] = {"name": FINDER}
    tenant.apply(detector, run, region_run(KINDS, "box-classifier-small"), region_run(SHAPES, "box-embedder-small"))
    assert tenant.until("trainingrun", FINDER, "Succeeded", "Attached", _SECONDS), (
        "the same detector was trained before"
    )
    for name in (KINDS, SHAPES):
        tenant.until("trainingrun", name, "Succeeded", "Completed", _SECONDS)
    for name in (FINDER, KINDS, SHAPES):
        tenant.until("capability", name, "ModelServing", "Serving", _SECONDS)


def test_an_image_alone_goes_through_the_chain(api: ImagesApi, image: str) -> None:
    answer = eventually(lambda: api.ask(KINDS, "predict", image=image), 60.0, 1.0)
    found = entities(answer)
    assert found, "the detector finds something"
    assert len({one["id"] for one in found}) == len(found)
    for entity in found:
        [detected] = said_by(entity, FINDER)
        classified = said_by(entity, KINDS)
        assert len(classified) == (1 if detected["value"] == TAKEN else 0)
        assert all(one["value"] in CLASSES and one["provenance"]["training_run"] == KINDS for one in classified)
    alone = entities(api.ask(FINDER, "predict", image=image))
    # Asked alone, the JPEG decoder shrinks the picture for the detector; a chain needs it at its own size. What a model
    # that has learned nothing finds may then swap places, and little else.
    assert sum(has_partner(one, alone) for one in found) >= 0.8 * len(found)


def has_partner(entity: Json, others: list[Json]) -> bool:
    """Tell whether one of the others lies at the same place, to a pixel."""
    box = entity["location"]["box"]
    return any(other["location"]["box"] == pytest.approx(box, abs=1.0) for other in others)


def test_a_request_brings_its_own_entities_and_keeps_their_ids(api: ImagesApi, image: str) -> None:
    given = [{"id": "mine", "box": [10, 10, 60, 60]}, {"id": "yours", "polygon": [100, 100, 160, 100, 160, 170]}]
    found = entities(eventually(lambda: api.ask(SHAPES, "predict", image=image, entities=given), 60.0, 1.0))
    assert [one["id"] for one in found] == ["mine", "yours"]
    for entity in found:
        vector = entity["embedding"]["vector"]
        assert abs(sum(number * number for number in vector) - 1) < 1e-3
        assert not said_by(entity, FINDER)


def test_similar_regions_are_found_in_what_was_embedded_before(api: ImagesApi, image: str) -> None:
    given = [{"id": name, "box": [x, 20, x + 50, 70]} for name, x in (("left", 10), ("middle", 200), ("right", 400))]
    gallery = entities(api.ask(SHAPES, "predict", image=image, entities=given))
    [found] = entities(api.ask(SHAPES, "search?k=2", image=image, entities=given[1:2], gallery=gallery))
    assert found["similar"][0]["id"] == "middle"
    assert found["similar"][0]["similarity"] > 0.999
    assert len(found["similar"]) == 2


def test_what_cannot_be_is_refused_in_words(tenant: Tenant, api: ImagesApi, image: str) -> None:
    path = f"/v1/products/{tenant.namespace}/{KINDS}/v1/predict"
    outside = api.http.post(path, json={"image": image, "entities": [{"box": [9000, 9000, 9010, 9010]}]})
    assert outside.status_code == 400
    assert "entities[0]" in outside.text
    to_detector = api.http.post(path.replace(KINDS, FINDER), json={"image": image, "entities": [{"box": [1, 1, 9, 9]}]})
    assert to_detector.status_code == 400
