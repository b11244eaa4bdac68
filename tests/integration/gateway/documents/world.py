"""A gateway with everything of the document loop around it, and how a test asks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from mindee.mindee_http.endpoint import CustomEndpoint
from mindee.mindee_http.mindee_api import MindeeApi

from capforge_contracts.data_model import Convention, DataField, FieldType
from capforge_contracts.run import CapabilityType
from capforge_contracts.serving import RoutedCapability, RoutedVersion
from tests.integration.gateway.process import NAMESPACE, GatewayProcess, capability, version
from tests.support.pdfs import Page, Text, written

RECEIPTS = "receipts"
FIELDS = [
    DataField(name="total", type=FieldType.AMOUNT, display_name="Total"),
    DataField(name="issued", type=FieldType.DATE, convention=Convention.EU),
    DataField(name="supplier", type=FieldType.WORD),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["receipt", "invoice"]),
]
Json = dict[str, Any]


def extractor(
    versions: Sequence[RoutedVersion] = (), current: str | None = None, name: str = RECEIPTS, **fields: Any
) -> RoutedCapability:
    """A routed field extractor; without versions: as it is before any model."""
    given = {"type": CapabilityType.FIELD_EXTRACTOR, "outputs": [], "fields": FIELDS, "description": "Reads receipts."}
    return capability(versions, current, name=name, **{**given, **fields})


def trained(number: str, model: str, addresses: Sequence[str], **fields: Any) -> RoutedVersion:
    """A routed version of a field extractor."""
    given = {"fields": FIELDS, "thresholds": {one.name: 0.3 for one in FIELDS}, "max_batch_size": 1}
    return version(number, model, addresses, **{**given, **fields})


def receipt(total: str = "105.87", number: int = 1, pages: int = 1) -> bytes:
    """A PDF with a text layer; every number makes other bytes."""
    first = Page(
        (
            Text("Harbour Supplies Ltd", 60, 780, 18),
            Text(f"Receipt {_letters(number)}", 60, 740),
            Text("17/03/2021", 60, 700),
            Text("Envelopes", 60, 640),
            Text("45.20", 300, 640),
            Text("Total", 60, 600),
            Text(total, 300, 600),
        )
    )
    more = [Page((Text(f"Page {page}", 60, 780), Text(f"{page}.50", 300, 600))) for page in range(2, pages + 1)]
    return written([first, *more])


def _letters(number: int) -> str:
    """A word that differs with the number and has no digit in it, which would be an amount."""
    return "No" + "".join("abcdefghij"[int(digit)] for digit in str(number))


@dataclass
class DocumentGateway:
    """One gateway and a person with a key."""

    process: GatewayProcess
    product: str = RECEIPTS
    environment: dict[str, str] = field(default_factory=dict)

    def path(self, asked: str = "v1", product: str | None = None) -> str:
        return f"/v1/products/{NAMESPACE}/{product or self.product}/{asked}"

    def call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask below the product (`documents/…`), or any address from `/`."""
        address = path if path.startswith("/") else f"{self.path()}/{path}"
        headers = {"Authorization": f"Token {key or self.process.key}", **more.pop("headers", {})}
        return self.process.http.request(method, self.process.url + address, headers=headers, **more)

    def predict(
        self,
        document: bytes,
        *,
        asked: str = "v1",
        name: str = "a.pdf",
        call: str = "predict",
        product: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a document as a form, as clients do."""
        return self.call("POST", f"{self.path(asked, product)}/{call}", files={"document": (name, document)}, **more)

    def kept(self, data: bytes | None = None, **more: Any) -> Json:
        """Keep a document for training; return it with its candidates."""
        params = {"training": "true", "with_candidates": "true"}
        answer = self.predict(data or receipt(), params=params, **more)
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()["document"]
        return document

    def annotated(self, data: bytes | None = None) -> Json:
        """Keep a document and say what is right."""
        document = self.kept(data)
        answer = self.call("POST", f"documents/{document['id']}/annotations", json=labels(document))
        assert answer.status_code == 201, answer.text
        return document

    def endpoint(self, asked: str = "1", key: str | None = None) -> CustomEndpoint:
        """The public client's own endpoint; MINDEE_BASE_URL says where it is."""
        settings = MindeeApi(key or self.process.key, self.product, NAMESPACE, asked)
        return CustomEndpoint(self.product, NAMESPACE, asked, settings)


def candidates(document: Json, name: str, page: int = 0) -> list[Json]:
    found: list[Json] = document["inference"]["pages"][page]["extras"]["candidates"]["extraction"][name]
    return found


def labels(document: Json, total: str = "105.87", kind: str | None = "receipt") -> Json:
    """What a person clicks: the total, the date, two words of the supplier, the class."""
    amounts = [one["key"] for one in candidates(document, "total") if one["content"] == total]
    dates = [one["key"] for one in candidates(document, "issued")]
    words = [one["key"] for one in candidates(document, "supplier") if one["raw"] in {"Harbour", "Supplies"}]
    return {
        "labels": [
            {"page_id": 0, "feature": "total", "selected": amounts[:1]},
            {"page_id": 0, "feature": "issued", "selected": dates[:1]},
            {"page_id": 0, "feature": "supplier", "selected": words},
            {"feature": "kind", "class": kind},
        ]
    }


def error_of(answer: httpx.Response | Any) -> Json:
    """The error in the envelope of a refusal, which is whole."""
    request = json.loads(answer.content)["api_request"]
    assert request["status"] == "failure"
    assert request["status_code"] == answer.status_code
    assert request["resources"] == []
    error: Json = request["error"]
    return error
