"""A person who annotates documents with the public `mindee` client, and what the gateway says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
from mindee import Client, product
from mindee.input.sources import PathInput
from mindee.mindee_http.endpoint import CustomEndpoint
from mindee.mindee_http.mindee_api import MindeeApi

from capforge.sample import receipts as drawn
from capforge_demo.documents.api import DocumentApi
from capforge_demo.documents.folder import DocumentFolder, Gold
from capforge_demo.documents.picking import annotation
from capforge_tools.places import REPOSITORY
from tests.support.eventually import eventually

Json = dict[str, Any]
REAL = REPOSITORY.parent / "shared" / "data" / "receipts"
_PATIENCE_SECONDS = 40.0
_DRAWN_DOCUMENTS = 96


def documents(folder: Path) -> DocumentFolder:
    """Return the real receipts where they lie beside the repository, else drawn ones."""
    if not REAL.is_dir():
        for _ in drawn.write(folder, _DRAWN_DOCUMENTS, seed=1):
            pass
    return DocumentFolder.find(REAL if REAL.is_dir() else folder)


@dataclass(frozen=True)
class Kept:
    """A document that the gateway keeps, with its answer (candidates included) and what is right."""

    id: str
    gold: Gold
    answer: Json


@dataclass
class Annotator:
    """Sends documents, picks the right candidates, validates. What fails because a pod went away is sent again."""

    gateway: str
    namespace: str
    capability: str
    key: str
    types: dict[str, str]
    kept: list[Kept] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = MindeeApi(self.key, self.capability, self.namespace, "1")
        self.endpoint = CustomEndpoint(self.capability, self.namespace, "1", settings)
        self.client = Client(self.key)
        self.api = DocumentApi.at(self.gateway, self.namespace, self.capability, self.key)

    def annotated(self, gold: Gold, *, words_given: bool = True) -> Kept:
        """Upload a document and validate what is right."""
        kept = self.uploaded(gold, words_given=words_given)
        self.validate(kept, annotation(kept.answer, gold, self.types))
        return kept

    def uploaded(self, gold: Gold, *, words_given: bool = True) -> Kept:
        """Keep a document for training; with `words_given` its words are sent along, else the service reads it."""

        def sent() -> Json:
            if words_given:
                return self.api.predict(gold, training=True, give_words=True)
            reply = self.endpoint.training_req_post(PathInput(gold.path))
            assert reply.status_code == HTTPStatus.CREATED, reply.text[:500]
            return dict(reply.json()["document"])

        answer = eventually(sent, _PATIENCE_SECONDS, 0.5)
        kept = Kept(str(answer["id"]), gold, answer)
        self.kept.append(kept)
        return kept

    def validate(self, kept: Kept, body: Json) -> None:
        """Submit an annotation; one that came through although the answer was lost is not submitted again."""

        def submitted() -> bool:
            reply = self.endpoint.annotations_req_post(kept.id, body)
            assert reply.status_code in {HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.CONFLICT}, reply.text[:500]
            return True

        eventually(submitted, _PATIENCE_SECONDS, 0.5)

    def replace(self, kept: Kept, body: Json) -> None:
        """Replace an annotation."""

        def replaced() -> bool:
            reply = self.endpoint.annotations_req_put(kept.id, body)
            assert reply.ok, reply.text[:500]
            return True

        eventually(replaced, _PATIENCE_SECONDS, 0.5)

    def role(self, kept: Kept) -> str:
        """Return `train` or `dev`: what the document's annotation is used for."""
        reply = self.endpoint.document_req_get(kept.id)
        assert reply.ok, reply.text[:500]
        return str(reply.json()["document"]["role"])

    def parsed(self, gold: Gold) -> product.CustomV1:
        """Return the client's own view of a prediction from the picture alone."""
        mine = self.client.create_endpoint(self.capability, self.namespace, "1")
        return self.client.parse(product.CustomV1, PathInput(gold.path), endpoint=mine).document.inference

    def prediction(self, gold: Gold, version: str = "v1") -> tuple[str, Json]:
        """Return (version, prediction) of a document that is not kept."""
        answer = self.api.predict(gold, give_words=True, version=version)
        inference = answer["inference"]
        return str(inference["product"]["version"]), dict(inference["prediction"])


def connected(
    monkeypatch: pytest.MonkeyPatch, gateway: str, namespace: str, capability: str, key: str, types: dict[str, str]
) -> Annotator:
    """Return a person whose client is set up by the environment alone, as its documentation says."""
    monkeypatch.setenv("MINDEE_BASE_URL", f"{gateway}/v1")
    monkeypatch.setenv("NO_PROXY", "*")
    requests.get(f"{gateway}/readyz", timeout=_PATIENCE_SECONDS)
    return Annotator(gateway, namespace, capability, key, types)
