"""The description of a field extractor's versions: exactly their own fields; and the API holds against it."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.integration.gateway.anything_sent import check_anything_sent
from tests.integration.gateway.documents.conftest import LINEAR, TRAINED, OpenGateway
from tests.integration.gateway.documents.world import (
    FIELDS,
    DocumentGateway,
    Json,
    extractor,
    labels,
    receipt,
    trained,
)

EXAMPLES = 12


def described(documents: DocumentGateway, product: str = "receipts", asked: str = "v1") -> Json:
    answer = documents.call("GET", f"{documents.path(asked, product)}/openapi.json")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_every_call_is_described(documents: DocumentGateway) -> None:
    below = "/v1/products/acme/receipts/v1"
    one = f"{below}/documents/{{document}}"
    assert {path: sorted(calls) for path, calls in described(documents)["paths"].items()} == {
        f"{below}/predict": ["post"],
        f"{below}/predict_async": ["post"],
        f"{below}/documents": ["get"],
        f"{below}/documents/queue/{{job}}": ["get"],
        one: ["delete", "get"],
        f"{one}/annotations": ["delete", "post", "put"],
        "/v1/documents/{document}/feedback": ["put"],
    }


def test_before_any_model_it_is_version_1_0_with_the_fields_of_the_data_model(documents: DocumentGateway) -> None:
    document = described(documents)
    assert document["info"]["version"] == "1.0"
    assert "candidates for each field" in document["info"]["description"]
    assert [field["name"] for field in document["x-capforge"]["fields"]] == [field.name for field in FIELDS]
    assert document["x-capforge"]["run"] is None


def test_a_version_describes_its_own_fields_and_their_thresholds(open_gateway: OpenGateway) -> None:
    old = trained("1.1", LINEAR, ["127.0.0.1:1"], fields=FIELDS[:2], thresholds={"total": 0.4})
    new = trained("1.2", LINEAR, ["127.0.0.1:1"], fields=FIELDS)
    gateway = open_gateway(routed=[extractor([old, new], "1.2")])
    first, newest = described(gateway, asked="v1.1"), described(gateway)
    assert [(one["name"], one["threshold"]) for one in first["x-capforge"]["fields"]] == [
        ("total", 0.4),
        ("issued", 0.5),
    ]
    assert (first["info"]["version"], newest["info"]["version"]) == ("1.1", "1.2")
    prediction = first["components"]["schemas"]["DocumentInference"]["properties"]["prediction"]
    assert (list(prediction["properties"]), prediction["required"]) == (["total", "issued"], ["total", "issued"])
    kinds = newest["components"]["schemas"]["DocumentInference"]["properties"]["prediction"]["properties"]["kind"]
    assert kinds["properties"]["value"]["enum"] == ["receipt", "invoice", None]


def test_the_page_lists_versions_and_fields_and_needs_nothing_from_elsewhere(documents: DocumentGateway) -> None:
    page = documents.call("GET", f"{documents.path('v1', TRAINED)}/docs")
    assert page.status_code == 200
    for text in ("acme/trained", "1.2", "v1.1", "run-1-2", "<code>total</code>", "receipt, invoice", "MINDEE_BASE_URL"):
        assert text in page.text
    for outside in ("<script", "src=", "href=", "@import", "url("):
        assert outside not in page.text
    before = documents.call("GET", f"{documents.path()}/docs")
    assert before.status_code == 200
    assert "without a model yet" in before.text
    assert documents.call("GET", f"{documents.path()}/docs", key="wrong").status_code == 401


def test_the_description_is_valid(documents: DocumentGateway) -> None:
    document = described(documents, TRAINED)
    schemathesis.openapi.from_dict(document)
    for schema in document["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid({**schema, "components": document["components"]})


def test_real_answers_are_as_described(documents: DocumentGateway) -> None:
    for product in ("receipts", TRAINED):
        below = documents.path(product=product)
        schema = schemathesis.openapi.from_dict(described(documents, product))
        params = {"training": "true", "with_candidates": "true", "include_mvision": "true"}
        sent = {"content": receipt(), "headers": {"Content-Type": "application/pdf"}}
        answer = documents.call("POST", f"{below}/predict", params=params, **sent)
        schema[f"{below}/predict"]["POST"].validate_response(answer)
        kept = answer.json()["document"]
        one = f"{below}/documents/{kept['id']}"
        said = documents.call("POST", f"{one}/annotations", json=labels(kept))
        schema[f"{below}/documents/{{document}}/annotations"]["POST"].validate_response(said)
        again = documents.call("POST", f"{one}/annotations", json=labels(kept))
        schema[f"{below}/documents/{{document}}/annotations"]["POST"].validate_response(again)
        shown = documents.call("GET", one, params={"include_annotations": "true", "include_candidates": "true"})
        schema[f"{below}/documents/{{document}}"]["GET"].validate_response(shown)
        listed = documents.call("GET", f"{below}/documents", params={"include_annotations": "true"})
        schema[f"{below}/documents"]["GET"].validate_response(listed)
        queued = documents.call("POST", f"{below}/predict_async", **sent)
        schema[f"{below}/predict_async"]["POST"].validate_response(queued)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_within_or_against_the_description_is_no_server_error(
    documents: DocumentGateway, mode: GenerationMode
) -> None:
    for found in schemathesis.openapi.from_dict(described(documents)).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error fails the test by itself

        check_anything_sent(operation, mode, documents.process, EXAMPLES)
