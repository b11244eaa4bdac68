"""`capforge predict`: a picture or a document to the gateway, its answer in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from capforge.cluster.connection import Cluster
from capforge.cluster.reach import reachable
from capforge.draw import Detection
from capforge.errors import CliError, Exit
from capforge.gateway_api import reached, refusal
from capforge_transforms import ImageError, read_header

_TIMEOUT_SECONDS = 60
_DOCUMENTS = {b"%PDF-": "application/pdf", b"II*\x00": "image/tiff", b"MM\x00*": "image/tiff"}
"""Files that are no pictures for a model and may be documents, by their first bytes."""
_VERSION = re.compile(r"^v?(1(?:\.(?:0|[1-9][0-9]*))?)$")


@dataclass(frozen=True)
class Question:
    """What is asked: a picture or a document, of one version of a capability."""

    namespace: str
    capability: str
    version: str
    image: Path
    entities: Path | None = None
    """A JSON file with the regions that are meant, of a classifier or embedder; None: the gateway finds them."""

    @property
    def path(self) -> str:
        """Where the gateway answers it."""
        version = _VERSION.match(self.version)
        if version is None:
            allowed = "allowed: 1 (the newest) or 1.<number>"
            raise CliError(f"version {self.version!r}: {allowed}", code=Exit.WRONG_USAGE)
        return f"/v1/products/{self.namespace}/{self.capability}/v{version[1]}/predict"


def ask(gateway: str, key: str, question: Question) -> dict[str, Any]:
    """Return the gateway's whole answer; raises CliError with the gateway's own words."""
    path = question.path
    sent = _body(question)
    headers = {"Authorization": f"Token {key}", **sent.pop("headers", {})}
    with reached(gateway):
        answer = httpx.post(f"{gateway.rstrip('/')}{path}", headers=headers, timeout=_TIMEOUT_SECONDS, **sent)
    document = _document(answer) if answer.is_success else None
    if document is None:
        waiting = f"See how far training is: capforge status -n {question.namespace}"
        hints = {HTTPStatus.CONFLICT: waiting} if '"NoModel"' in answer.text else {}
        raise refusal(answer, question.namespace, hints)
    return document


def detections(answer: Mapping[str, Any]) -> list[Detection]:
    """Return the entities of an answer, most confident first; of several elements the last one's confidence counts."""
    found = []
    for entity in answer["document"]["inference"]["prediction"]["entities"]:
        observed = [one for one in entity["observations"] if one["attribute"] == "class"]
        last: Mapping[str, Any] = observed[-1] if observed else {}
        name = " > ".join(one["value"] for one in observed)
        x0, y0, x1, y1 = entity["location"]["box"]
        found.append(Detection(name, last.get("position", 0), last.get("confidence", 0.0), (x0, y0, x1, y1)))
    return sorted(found, key=lambda one: -one.confidence)


@contextmanager
def gateway_of(namespace: str, capability: str, given: str | None, context: str | None) -> Iterator[str]:
    """Yield the gateway's address: the one given, else the one in the Capability's status."""
    if given:
        yield given
        return
    try:
        cluster = Cluster.connect(context)
        url = (cluster.object("capabilities", namespace, capability).get("status") or {}).get("url")
    except CliError as error:
        hint = f"{error.hint} Or name the gateway by --gateway or CAPFORGE_GATEWAY_URL.".strip()
        raise CliError(f"no gateway: {error}", hint) from error
    if not url:
        hint = "Name the gateway by --gateway or CAPFORGE_GATEWAY_URL."
        raise CliError(f"Capability {namespace}/{capability} has no address yet (status.url)", hint)
    with reachable(str(url).split("/v1/products/", maxsplit=1)[0], cluster) as address:
        yield address


def _body(question: Question) -> dict[str, Any]:
    """Return what httpx is told of the body; raises CliError for a file that cannot be sent."""
    data, media_type = _file(question.image)
    if question.entities is None:
        return {"content": data, "headers": {"Content-Type": media_type}}
    try:
        entities = question.entities.read_bytes()
    except OSError as error:
        raise CliError(f"cannot read {question.entities}: {error.strerror}", code=Exit.WRONG_USAGE) from error
    return {"files": {"image": (question.image.name, data), "entities": (None, entities, "application/json")}}


def _file(path: Path) -> tuple[bytes, str]:
    """Return a file's bytes and its media type; raises CliError for what neither a picture nor a document is."""
    try:
        data = path.read_bytes()
        for beginning, media_type in _DOCUMENTS.items():
            if data.startswith(beginning):
                return data, media_type
        return data, f"image/{read_header(data).format.lower()}"
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", code=Exit.WRONG_USAGE) from error
    except ImageError as error:
        raise CliError(f"{path}: {error}", code=Exit.FAULTY_DATA) from error


def _document(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the answer's body, None where it is not one of a gateway."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "document" in body else None
