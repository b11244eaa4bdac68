"""Who asks for which dataset: how every call about datasets begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from capforge_gateway.datasets.manifest_file import ManifestFile
from capforge_gateway.datasets.schemas import SHA256
from capforge_gateway.datasets.shelf import Shelf
from capforge_gateway.datasets.work import Work
from capforge_gateway.errors import ApiError, not_found
from capforge_gateway.vision.refusals import validated
from capforge_gateway.vision.visitors import Visitor, Visitors

PATH = "/v1/datasets/{namespace}"
ONE = f"{PATH}/{{dataset}}"
_Asked = TypeVar("_Asked", bound=BaseModel)


@dataclass(frozen=True)
class Asking:
    """What the calls have in common."""

    visitors: Visitors
    shelf: Shelf
    work: Work

    def asked(self, request: Request, model: type[_Asked]) -> tuple[Visitor, _Asked]:
        """Return who asks, and the query; raises 401 first, so that strangers learn nothing, then 429, 400."""
        visitor = self.visitors.visitor(request)
        return visitor, validated(model, request.query_params)

    def content(self, namespace: str, dataset: str) -> tuple[str, ManifestFile]:
        """Return digest and content of what a name or a digest names; blocks; raises what Shelf does."""
        digest = self.shelf.digest(namespace, dataset)
        return digest, self.shelf.manifest(namespace, digest)


def content_in(request: Request) -> str:
    """Return the sha256 in the address; raises 404 where it is none."""
    found: str = request.path_params["sha256"]
    if not re.fullmatch(SHA256, found):
        raise no_item()
    return found


def no_item() -> ApiError:
    """The dataset has no such image or document."""
    return not_found("there is no such item in this dataset: images and documents are named by sha256 (64 hex digits)")
