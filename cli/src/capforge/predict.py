"""`capforge predict`: a picture to the gateway, its answer in words."""

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
from capforge_transforms import ImageError, read_header

_TIMEOUT_SECONDS = 60
_VERSION = re.compile(r"^v?(1(?:\.(?:0|[1-9][0-9]*))?)$")


@dataclass(frozen=True)
class Question:
    """What is asked: a picture, of one version of a capability."""

    namespace: str
    capability: str
    version: str
    image: Path

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
    data = _picture(question.image)
    kind = f"image/{read_header(data).format.lower()}"
    headers = {"Authorization": f"Token {key}", "Content-Type": kind}
    try:
        answer = httpx.post(f"{gateway.rstrip('/')}{path}", content=data, headers=headers, timeout=_TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "Is CAPFORGE_GATEWAY_URL (or --gateway) the gateway's address, and is it running?"
        raise CliError(f"the gateway {gateway} does not answer: {error or type(error).__name__}", hint) from error
    document = _document(answer) if answer.is_success else None
    if document is None:
        raise _refusal(answer, question)
    return document


def detections(answer: Mapping[str, Any]) -> list[Detection]:
    """Return the entities of an answer, most confident first."""
    found = []
    for entity in answer["document"]["inference"]["prediction"]["entities"]:
        observed = next(one for one in entity["observations"] if one["attribute"] == "class")
        x0, y0, x1, y1 = entity["location"]["box"]
        found.append(Detection(observed["value"], observed["position"], observed["confidence"], (x0, y0, x1, y1)))
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


def _picture(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        read_header(data)
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", code=Exit.WRONG_USAGE) from error
    except ImageError as error:
        raise CliError(f"{path}: {error}", code=Exit.FAULTY_DATA) from error
    return data


def _document(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the answer's body, None where it is not one of a gateway."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and "document" in body else None


def _refusal(answer: httpx.Response, question: Question) -> CliError:
    try:
        error = answer.json()["api_request"]["error"]
        words = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        words = f"HTTP {answer.status_code}: the answer is not the gateway's; is the address right?"
    hints = {
        HTTPStatus.UNAUTHORIZED: f"Make a key: capforge key create <name> -n {question.namespace}",
        HTTPStatus.CONFLICT: f"See how far training is: capforge status -n {question.namespace}",
        HTTPStatus.SERVICE_UNAVAILABLE: f"Try again in {answer.headers.get('retry-after', 'a few')} s.",
    }
    return CliError(words, hints.get(HTTPStatus(answer.status_code), ""))
