"""People annotate images over HTTP; a search becomes a locked dataset, and the dataset a model that answers.

The tests are one story and run in this order.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw

from capforge.data import credentials
from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, read_manifest
from tests.e2e import manifests
from tests.support.e2e import Json, Tenant
from tests.support.eventually import eventually
from tests.support.images_api import ImagesApi, images_api

SIDE = 96
NORTH, SOUTH = 16, 6
_SECONDS = 300.0
COLOURS = {"RBC": (200, 40, 40), "WBC": (60, 60, 220), "Platelets": (60, 200, 60)}


def drawn(seed: int) -> tuple[bytes, list[Json]]:
    """Return a picture with one object of each class, and what a person would say is in it."""
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(90, 150, (SIDE, SIDE, 3), np.uint8))
    pen, entities = ImageDraw.Draw(picture), []
    for place, (name, colour) in enumerate(COLOURS.items()):
        x, y = 2 + 31 * place + int(random.integers(0, 6)), int(random.integers(4, 64))
        pen.ellipse((x, y, x + 23, y + 23), fill=colour)
        entities.append({"id": f"{name}-{seed}", "box": [x, y, x + 24, y + 24], "class": name})
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue(), entities


@pytest.fixture(scope="module")
def api(tenant: Tenant) -> Iterator[ImagesApi]:
    tenant.apply(manifests.capability("cells"))  # with it the gateways come to know the namespace's keys
    with images_api(tenant) as found:
        eventually(lambda: found.search({}), _SECONDS, 1.0)
        yield found


@pytest.fixture(scope="module")
def files(api: ImagesApi) -> dict[int, str]:
    """Images of two sites, annotated; by seed."""
    found = {}
    for seed in range(NORTH + SOUTH):
        data, entities = drawn(seed)
        found[seed] = api.keep(f"{seed}.png", data, site="north" if seed < NORTH else "south")
        api.submit(found[seed], entities)
    return found


def items(tenant: Tenant, digest: str) -> Sequence[ManifestItem]:
    """Return what a locked dataset holds, from the object store."""
    access = credentials.from_secret(tenant.system.cluster, tenant.namespace)
    with credentials.opened(access, access.bucket or "") as store:
        return list(read_manifest(store.get(layout.manifest(tenant.namespace, digest)))[1])


def test_a_search_finds_by_what_is_in_the_images_and_what_is_told_about_them(
    api: ImagesApi, files: dict[int, str]
) -> None:
    found = api.search({"metadata": {"site": "north"}, "classesPresent": ["WBC"]})
    assert found["figures"]["files"] == NORTH
    assert {one["name"]: one["objects"] for one in found["figures"]["classes"]} == dict.fromkeys(COLOURS, NORTH)
    assert api.search({"classesAbsent": ["WBC"]})["figures"]["files"] == 0
    assert len(files) == NORTH + SOUTH


def test_a_draft_becomes_a_dataset_that_locks(tenant: Tenant, api: ImagesApi, files: dict[int, str]) -> None:
    # The latest word counts: in the first image there is no white cell after all.
    _, entities = drawn(0)
    api.submit(files[0], [one for one in entities if one["class"] != "WBC"], user="bert")
    api.draft("both-sites", {"metadata": {"site": "north"}}, {"metadata": {"site": "south"}})
    document = yaml.safe_load(api.dataset_of("both-sites", "both", dev_percent=25, test_percent=0, seed=3))
    tenant.apply(document)
    found = tenant.until("dataset", "both", "Ready", "Locked", _SECONDS)
    held = items(tenant, found["status"]["digest"])
    assert len(held) == NORTH + SOUTH
    assert {one.split.value for one in held} == {"Train", "Dev"}
    first = next(one for one in held if one.name == "0.png")
    assert sorted(one.class_name for one in first.entities) == ["Platelets", "RBC"]
    assert {one.id for one in first.entities} == {"Platelets-0", "RBC-0"}


def test_what_is_said_later_changes_nothing_in_it(tenant: Tenant, api: ImagesApi, files: dict[int, str]) -> None:
    before = tenant.get("dataset", "both")["status"]["digest"]
    api.submit(files[1], [], user="carl")
    again = _only_source(tenant.get("dataset", "both"))
    tenant.delete("dataset", "both")
    tenant.apply(again)
    assert tenant.until("dataset", "both", "Ready", "Locked", _SECONDS)["status"]["digest"] == before
    held = items(tenant, before)
    assert len(next(one for one in held if one.name == "1.png").entities) == len(COLOURS)


def test_the_dataset_trains_a_model_that_answers(tenant: Tenant, files: dict[int, str]) -> None:
    assert files
    run = manifests.tiny_run("searched")
    run["spec"]["datasets"] = {role: [{"name": "both", "split": part}] for role, part in _ROLES.items()}
    tenant.apply(run)
    tenant.until("trainingrun", "searched", "Succeeded", "Completed", _SECONDS)
    found = tenant.until("trainingrun", "searched", "Published", "Published", _SECONDS)
    assert found["status"]["version"] == "1.1"
    tenant.until("capability", "cells", "ModelServing", "Serving", _SECONDS)

    def answered() -> Json:
        answer = tenant.post("cells", drawn(99)[0], Content_Type="image/png")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    answer = eventually(answered, 60.0, 1.0)  # each gateway hears of it in its turn
    digests = answer["document"]["inference"]["model"]["dataset_digests"]
    assert digests == [tenant.get("dataset", "both")["status"]["digest"]]


_ROLES = {"train": "Train", "dev": "Dev"}


def _only_source(found: Json) -> dict[str, Any]:
    """Return the object as a person would keep it in a file."""
    kept = {"name": found["metadata"]["name"]}
    document: dict[str, Any] = json.loads(json.dumps({**found, "metadata": kept}))
    del document["status"]
    return document
