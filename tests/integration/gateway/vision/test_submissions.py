"""What is in an image, over HTTP: immutable, numbered, every fault listed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.gateway.documents.world import error_of
from tests.integration.gateway.vision.world import HEIGHT, WIDTH, Json, VisionGateway, boxed, picture

NUMBERS: Iterator[int] = iter(range(3000, 4000))


@pytest.fixture
def file(shared: VisionGateway) -> str:
    """A file of the test's own."""
    name: str = shared.kept(picture(next(NUMBERS)))["id"]
    return name


def test_a_submission_says_where_what_is_and_who_said_it(shared: VisionGateway, file: str) -> None:
    polygon = [1, 1, 20, 1, 20, 20.5]
    given = [
        {"id": "a", "box": [1, 2, 30, 40], "class": "cat", "attributes": {"colour": "black"}, "track_id": "t1"},
        {"polygon": polygon, "class": "dog"},
        {
            "location": {"box": [0, 0, 64, 48]},
            "observations": [{"attribute": "size", "value": "big", "confidence": 0.5}],
        },
    ]
    said = shared.submitted(file, given, user="ann", capability="cells")
    assert (said["annotator"], said["capability"], said["status"], said["file"]) == ("ann", "cells", "Submitted", file)
    assert said["entities"] == [
        {
            "id": "a",
            "location": {"box": [1, 2, 30, 40], "track_id": "t1"},
            "observations": [{"attribute": "class", "value": "cat"}, {"attribute": "colour", "value": "black"}],
        },
        {
            "id": "e2",
            "location": {"box": [1, 1, 20, 20.5], "polygon": polygon},
            "observations": [{"attribute": "class", "value": "dog"}],
        },
        {
            "id": "e3",
            "location": {"box": [0, 0, 64, 48]},
            "observations": [{"attribute": "size", "value": "big", "confidence": 0.5}],
        },
    ]
    assert shared.call("GET", f"files/{file}").json()["file"]["submission"] == said


def test_what_is_answered_can_be_sent_as_it_is(shared: VisionGateway, file: str) -> None:
    first = shared.submitted(file, [boxed(), {"polygon": [1, 1, 9, 1, 9, 9], "class": "dog", "track_id": "t"}])
    again = shared.submitted(file, first["entities"])
    assert again["entities"] == first["entities"]
    assert again["sequence"] > first["sequence"]


def test_every_submission_stays_and_the_latest_counts(shared: VisionGateway, file: str) -> None:
    said = [shared.submitted(file, [boxed(name)] if name else []) for name in ("cat", "dog", "")]
    history = shared.call("GET", f"files/{file}/submissions").json()
    assert history["submissions"] == said[::-1]
    assert history["pagination"] == {"next": None}
    assert shared.call("GET", f"files/{file}").json()["file"]["submission"] == said[-1]
    assert shared.found({"files": [file], "classes_present": ["cat"]})["results"] == []
    older = shared.found({"files": [file], "classes_present": ["cat"]}, selection="All")["results"]
    assert [one["submission"] for one in older] == [said[0]]


def test_two_at_one_instant_are_two_and_the_number_decides(shared: VisionGateway, file: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: shared.submit(file, [boxed(f"c{number}")]), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    said = sorted((answer.json()["submission"] for answer in answers), key=lambda one: one["sequence"])
    numbers = [one["sequence"] for one in said]
    assert numbers == list(range(numbers[0], numbers[0] + 16)), "no gap, none twice"
    assert shared.call("GET", f"files/{file}").json()["file"]["submission"] == said[-1]
    assert shared.call("GET", f"files/{file}/submissions").json()["submissions"] == said[::-1]


def test_sent_twice_under_one_id_it_is_one_submission(shared: VisionGateway, file: str) -> None:
    name = str(uuid4())
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: shared.submit(file, [boxed()], id=name), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["submission"]["sequence"] for answer in answers}) == 1
    other = shared.submit(file, [boxed("dog")], id=name)
    assert (other.status_code, error_of(other)["code"]) == (409, "SubmissionExists")
    assert len(shared.call("GET", f"files/{file}/submissions").json()["submissions"]) == 1


FAULTS: dict[str, tuple[Any, str, str]] = {
    "outside": (boxed(box=(60, 40, 70, 44)), "OutsideImage", "entities[1].box"),
    "far outside": (boxed(box=(-900, 0, -800, 9)), "OutsideImage", "entities[1].box"),
    "no area": (boxed(box=(5, 5, 5, 9)), "ZeroAreaBox", "entities[1].box"),
    "turned round": (boxed(box=(9, 9, 1, 1)), "ZeroAreaBox", "entities[1].box"),
    "three numbers": ({"box": [1, 2, 3]}, "WrongValue", "entities[1].box"),
    "two corners": ({"polygon": [1, 1, 9, 9]}, "WrongValue", "entities[1].polygon"),
    "odd polygon": ({"polygon": [1, 1, 9, 9, 1, 9, 4]}, "OddPolygon", "entities[1].polygon"),
    "a line": ({"polygon": [1, 1, 5, 5, 9, 9]}, "ZeroAreaPolygon", "entities[1].polygon"),
    "polygon outside": ({"polygon": [1, 1, 90, 9, 1, 9]}, "OutsideImage", "entities[1].polygon"),
    "nowhere": ({"class": "cat"}, "NoLocation", "entities[1]"),
    "twice somewhere": ({"box": [1, 1, 9, 9], "location": {"box": [1, 1, 9, 9]}}, "TwoLocations", "entities[1]"),
    "id twice": (boxed(id="first"), "RepeatedId", "entities[1].id"),
    "two classes": (boxed(observations=[{"attribute": "class", "value": "dog"}]), "RepeatedAttribute", "entities[1]"),
    "no object": ("cat", "WrongValue", "entities[1]"),
    "misspelled": (boxed(clas="cat"), "UnknownField", "entities[1].clas"),
    "confidence": (
        boxed(observations=[{"attribute": "a", "value": "b", "confidence": 2}]),
        "WrongValue",
        "entities[1]",
    ),
    "no value": (boxed(observations=[{"attribute": "a"}]), "MissingField", "entities[1].observations[0].value"),
    "control character": (boxed("a\x07b"), "WrongValue", "entities[1].class"),
    "NUL": (boxed(attributes={"a": "x\x00"}), "WrongValue", "entities[1].attributes"),
    "class of two lines": (boxed("a\u2028b"), "WrongValue", "entities[1].observations"),
    "long class": (boxed("x" * 129), "WrongValue", "entities[1].observations"),
    "empty class": (boxed(""), "WrongValue", "entities[1].class"),
    "huge": (boxed(box=(0, 0, 1e300, 9)), "WrongValue", "entities[1].box"),
}


@pytest.mark.parametrize(("entity", "code", "path"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_entity_is_named_with_its_index(
    shared: VisionGateway, file: str, entity: Json, code: str, path: str
) -> None:
    answer = shared.submit(file, [boxed(id="first"), entity, boxed("dog")])
    assert answer.status_code == 400, answer.text
    faults = error_of(answer)["details"]["faults"]
    assert [fault["code"] for fault in faults] == [code] * len(faults)
    assert all(fault["path"].startswith(path) for fault in faults), faults
    assert shared.call("GET", f"files/{file}").json()["file"]["submission"] is None


def test_all_faults_are_told_at_once(shared: VisionGateway, file: str) -> None:
    answer = shared.submit(file, [entity for entity, _, _ in FAULTS.values()] + [boxed(id="x"), boxed(id="x")])
    details = error_of(answer)["details"]
    assert details["count"] == len(details["faults"])
    assert {fault["code"] for fault in details["faults"]} >= {code for _, code, _ in FAULTS.values()}
    named = [int(fault["path"].split("[")[1].split("]")[0]) for fault in details["faults"]]
    assert named == sorted(named)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"entities": None},
        {"entities": {}},
        {"entities": [], "capability": "No Such"},
        {"entities": [], "id": "1"},
        {"entities": [], "extra": 1},
        {"entities": [boxed()] * 5001},
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_wrong_body_is_refused(shared: VisionGateway, file: str, body: Json) -> None:
    answer = shared.call("POST", f"files/{file}/submissions", json=body)
    assert answer.status_code == 400, answer.text
    assert error_of(answer)["details"]["faults"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"entities": [NaN]}', b"\xff\xfe", b'{"entities":' + b"[" * 200_000]
)
def test_what_is_no_json_object_is_refused(shared: VisionGateway, file: str, content: bytes) -> None:
    answer = shared.call("POST", f"files/{file}/submissions", content=content)
    assert answer.status_code == 400, answer.text


def test_a_location_may_hang_over_the_edge_by_a_pixel_and_is_clipped(shared: VisionGateway, file: str) -> None:
    said = shared.submitted(file, [boxed(box=(-1, -0.5, WIDTH + 1, HEIGHT + 0.25))])
    assert said["entities"][0]["location"]["box"] == [0, 0, WIDTH, HEIGHT]


def prediction(entities: list[Json], size: tuple[int, int] = (WIDTH, HEIGHT)) -> Json:
    """The answer of a predict call, as far as it is read here."""
    inference = {"product": {"name": "acme/cells"}, "prediction": {"entities": entities}}
    return {"api_request": {}, "document": {"image": {"width": size[0], "height": size[1]}, "inference": inference}}


def seen(name: str, box: list[float], run: str = "run-7") -> Json:
    provenance = {"element": "cells", "model_version": "1.3", "training_run": run}
    observed = {"attribute": "class", "value": name, "position": 0, "confidence": 0.9, "provenance": provenance}
    return {"id": str(uuid4()), "location": {"box": box}, "observations": [observed]}


def test_a_prediction_is_a_proposal_until_a_person_submits(shared: VisionGateway, file: str) -> None:
    found = [seen("cat", [1, 1, 9, 9]), seen("dog", [-7, 20, 30, HEIGHT + 5])]
    answer = shared.call("POST", f"files/{file}/pre-annotations", json=prediction(found))
    assert answer.status_code == 201, answer.text
    said = answer.json()["submission"]
    assert (said["status"], said["capability"]) == ("PreAnnotation", "cells")
    assert said["entities"][1]["location"]["box"] == [0, 20, 30, HEIGHT], "clipped: a model may reach out of the image"
    assert said["entities"][0]["observations"][0]["provenance"]["training_run"] == "run-7"
    mine = {"files": [file]}
    assert shared.found(mine)["results"] == [], "not unless it is asked for"
    proposed = {**mine, "statuses": ["PreAnnotation"]}
    assert [one["submission"] for one in shared.found(proposed)["results"]] == [said]
    assert len(shared.found({**proposed, "training_runs": ["run-7"]})["results"]) == 1
    confirmed = shared.submitted(file, said["entities"][:1])
    assert shared.found(proposed)["results"] == []
    assert [one["submission"] for one in shared.found(mine)["results"]] == [confirmed]
    later = shared.call("POST", f"files/{file}/pre-annotations", json=prediction(found)).json()["submission"]
    assert later["sequence"] > confirmed["sequence"]
    assert [one["submission"] for one in shared.found(mine)["results"]] == [confirmed], "a model overrules nobody"
    assert shared.call("GET", f"files/{file}").json()["file"]["submission"] == confirmed


def test_of_a_chain_the_last_word_counts(shared: VisionGateway, file: str) -> None:
    entity = seen("cat", [1, 1, 9, 9])
    entity["observations"].append({**entity["observations"][0], "value": "tiger"})
    entity["embedding"] = {"vector": [0.1, 0.2], "provenance": {}}
    answer = shared.call("POST", f"files/{file}/pre-annotations", json=prediction([entity]))
    assert answer.status_code == 201, answer.text
    assert [one["value"] for one in answer.json()["submission"]["entities"][0]["observations"]] == ["tiger"]


def test_a_proposal_in_our_own_form_is_taken_too(shared: VisionGateway, file: str) -> None:
    answer = shared.call("POST", f"files/{file}/pre-annotations", json={"entities": [boxed()], "capability": "cells"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "body",
    [
        prediction([], (10, 10)),
        {"document": {}},
        {"document": None},
        {"document": [1]},
        prediction([seen("cat", [70, 1, 90, 9])]),
        prediction("x"),  # type: ignore[arg-type] # on purpose
        {"entities": "x"},
        {"entities": [{"observations": "x", "box": [1, 1, 2, 2]}]},
        {"entities": [{"observations": [1], "box": [1, 1, 2, 2]}]},
    ],
    ids=["another size", "empty", "null", "list", "wholly outside", "no list", "text", "odd", "numbers"],
)
def test_a_prediction_of_something_else_is_refused(shared: VisionGateway, file: str, body: Json) -> None:
    answer = shared.call("POST", f"files/{file}/pre-annotations", json=body)
    assert answer.status_code == 400, answer.text
    assert error_of(answer)["code"] == "BadRequest"
