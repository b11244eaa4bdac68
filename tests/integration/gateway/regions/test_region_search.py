"""`search`: of a gallery, what is most like the regions of an image."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.region_models import EMBEDDING_SIZE
from tests.integration.gateway.regions.asking import (
    BLUE_BOX,
    GREEN_BOX,
    RED_BOX,
    ask,
    ask_json,
    boxes,
    bright,
    coloured,
    entities_of,
    text_of,
)
from tests.integration.gateway.test_refusals import error_of

BOXES = boxes(RED_BOX, GREEN_BOX, BLUE_BOX)


def search_url(gateway: GatewayProcess, name: str = "shape") -> str:
    return gateway.predict_url(name=name).removesuffix("predict") + "search"


def search(
    gateway: GatewayProcess, image: bytes, gallery: Any, entities: Any = None, name: str = "shape", **query: Any
) -> httpx.Response:
    files: dict[str, Any] = {"image": ("a.png", image), "gallery": (None, json.dumps(gallery))}
    if entities is not None:
        files["entities"] = (None, json.dumps(entities))
    return gateway.http.post(search_url(gateway, name), files=files, headers=gateway.authorization(), params=query)


def random_gallery(count: int, seed: int = 0) -> list[dict[str, Any]]:
    vectors = np.random.default_rng(seed).normal(size=(count, EMBEDDING_SIZE))
    return [{"id": f"v{index}", "vector": row} for index, row in enumerate(vectors.tolist())]


def test_entities_that_predict_answered_are_found_again(chain: GatewayProcess) -> None:
    known = entities_of(
        ask(chain, "shape", coloured(), [{**one, "class": name} for one, name in zip(BOXES, "rgb", strict=True)])
    )
    answer = search(chain, coloured("JPEG", quality=80), known, BOXES, k=1)
    found = entities_of(answer)
    assert [one["similar"][0]["id"] for one in found] == [one["id"] for one in known]
    assert [one["similar"][0]["class"] for one in found] == ["r", "g", "b"]
    assert all(one["similar"][0]["similarity"] > 0.98 for one in found)
    assert all(len(one["embedding"]["vector"]) == EMBEDDING_SIZE for one in found)


def test_what_the_detector_finds_is_searched_for(chain: GatewayProcess) -> None:
    known = entities_of(chain.predict(bright(), target={"name": "shape"}))
    (found,) = entities_of(search(chain, bright(), known))
    assert found["similar"] == [{"id": known[0]["id"], "similarity": pytest.approx(1, abs=1e-4), "class": "red"}]


def test_what_a_search_answered_can_be_searched_for_and_in(chain: GatewayProcess) -> None:
    known = entities_of(search(chain, coloured(), random_gallery(3), BOXES))
    again = entities_of(search(chain, coloured(), known, known, k=1))
    assert [one["similar"][0]["id"] for one in again] == [one["id"] for one in known]


@pytest.mark.parametrize(("count", "most"), [(1, 1), (5, 10), (3000, 1), (3000, 10), (3000, 100)])
def test_the_neighbours_are_those_of_brute_force(chain: GatewayProcess, count: int, most: int) -> None:
    gallery = random_gallery(count)
    gallery[count // 2] = {**gallery[0], "id": "twin"}  # of equals the first comes first
    body = {"image": text_of(coloured()), "entities": BOXES, "gallery": gallery}
    answer = chain.http.post(search_url(chain), json=body, headers=chain.authorization(), params={"k": most})
    vectors = np.array([one["vector"] for one in gallery])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for entity in entities_of(answer):
        likeness = vectors @ np.array(entity["embedding"]["vector"])
        expected = np.argsort(-likeness, kind="stable")[:most]
        assert [one["id"] for one in entity["similar"]] == [gallery[at]["id"] for at in expected]
        assert [one["similarity"] for one in entity["similar"]] == pytest.approx(likeness[expected].tolist(), abs=1e-4)


def test_without_entities_there_is_nothing_to_look_for(chain: GatewayProcess) -> None:
    assert entities_of(search(chain, coloured(), random_gallery(3), [])) == []


ONE = {"id": "a", "vector": [1.0] * EMBEDDING_SIZE}
WRONG: list[tuple[Any, str, str]] = [
    (None, "gallery", "needs a `gallery`"),
    ([], "gallery", "empty"),
    ({}, "gallery", "is no list"),
    ([5], "gallery[0]", "is no object"),
    ([{"vector": [1]}], "gallery[0]", "no `id`"),
    ([ONE, {"id": "b"}], "gallery[1]", "has no vector"),
    ([{"id": "b", "embedding": {"vector": []}}], "gallery[0]", "has no vector"),
    ([ONE, {"id": "b", "vector": [1, 2]}], "gallery[1]", "has 2 numbers, gallery[0] 12"),
    ([ONE, {"id": "b", "vector": ["1"] * EMBEDDING_SIZE}], "gallery[1]", "something else than numbers"),
    ([ONE, {"id": "b", "vector": [[1]] * EMBEDDING_SIZE}], "gallery[1]", "something else than numbers"),
    ([ONE, {"id": "b", "vector": [[1], 2] * 6}], "gallery[1]", "something else than numbers"),
    ([ONE, {"id": "b", "vector": [0] * EMBEDDING_SIZE}], "gallery[1]", "no direction"),
    ([ONE, {"id": "b", "vector": [1e300] * EMBEDDING_SIZE}], "gallery[1]", "no direction"),
    ([ONE, {**ONE, "colour": "red"}], "gallery[1]", "'colour'"),
    ([{"id": "a", "vector": [1, 2, 3]}], "gallery", "have 3 numbers; version 1.1 of `shape` makes 12"),
    ([{"id": "a", "embedding": {"vector": [1.0] * 12, "provenance": {"element": "shape", "model_version": "1.9"}}}],
     "gallery[0]", "version 1.9 of `shape`"),
    ([ONE] * 20_001, "gallery", "at most 20000"),
]  # fmt: skip


@pytest.mark.parametrize(("gallery", "field", "told"), WRONG, ids=[f"{at}: {one[2]}" for at, one in enumerate(WRONG)])
def test_a_wrong_gallery_is_named_by_its_index(chain: GatewayProcess, gallery: Any, field: str, told: str) -> None:
    error = error_of(search(chain, coloured(), gallery, BOXES), 400, "BadRequest")
    assert error["details"]["field"] == field
    assert told in error["message"]


@pytest.mark.parametrize("count", ["0", "101", "-1", "many"])
def test_a_wrong_number_of_neighbours_is_named(chain: GatewayProcess, count: str) -> None:
    error = error_of(search(chain, coloured(), [ONE], BOXES, k=count), 400, "BadRequest")
    assert error["details"] == {"field": "k"}


@pytest.mark.parametrize("name", ["colour", "cells"])
def test_only_an_embedder_searches(chain: GatewayProcess, name: str) -> None:
    assert (
        "BoxEmbedderElement answers"
        in error_of(search(chain, coloured(), [ONE], name=name), 404, "NotFound")["message"]
    )


def test_a_prediction_takes_no_gallery_and_a_raw_image_is_no_search(chain: GatewayProcess) -> None:
    body = {"image": text_of(coloured()), "gallery": [ONE]}
    assert error_of(ask_json(chain, "shape", body), 400, "BadRequest")["details"] == {"field": "gallery"}
    headers = {**chain.authorization(), "Content-Type": "image/png"}
    raw = chain.http.post(search_url(chain), content=coloured(), headers=headers)
    assert "needs a `gallery`" in error_of(raw, 400, "BadRequest")["message"]
    strange = chain.http.post(search_url(chain), content=coloured())
    error_of(strange, 401, "Unauthorized")
