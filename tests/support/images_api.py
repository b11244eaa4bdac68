"""A person who annotates images over HTTP, as a tenant of the installation."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from capforge.cluster.reach import reachable
from capforge_demo import story
from tests.support.e2e import Json, Tenant

_SECONDS = 60.0


@dataclass(frozen=True)
class ImagesApi:
    """Calls below `/v1/vision/<namespace>/` and below a capability's address."""

    tenant: Tenant
    http: httpx.Client

    def keep(self, name: str, data: bytes, **metadata: str) -> str:
        """Upload an image; return its id."""
        body = {"image": _base64(data), "name": name, "metadata": metadata}
        return str(self._vision("POST", "files", json=body)["file"]["id"])

    def submit(self, file: str, entities: Sequence[Json], user: str = "ann") -> Json:
        """Say what is in an image."""
        found = self._vision(
            "POST", f"files/{file}/submissions", json={"entities": list(entities)}, headers={"X-Annotator": user}
        )
        submission: Json = found["submission"]
        return submission

    def search(self, *searches: Json) -> Json:
        """Return what any of the searches finds, with figures."""
        return self._vision("POST", "search", json={"searches": list(searches), "figures": True})

    def draft(self, name: str, *searches: Json) -> None:
        """Save searches under a name."""
        self._vision("POST", "drafts", json={"name": name, "searches": list(searches)})

    def dataset_of(self, draft: str, name: str, **split: int) -> str:
        """Return the Dataset (YAML) that a draft would make."""
        answer = self._answer(
            "POST", f"vision/{self.tenant.namespace}/drafts/{draft}/dataset", json={"name": name, "split": split}
        )
        return answer.text

    def ask(self, capability: str, call: str, **body: Any) -> Json:
        """POST JSON to a capability's newest version."""
        found: Json = self._answer("POST", f"products/{self.tenant.namespace}/{capability}/v1/{call}", json=body).json()
        return found

    def _vision(self, method: str, path: str, **more: Any) -> Json:
        found: Json = self._answer(method, f"vision/{self.tenant.namespace}/{path}", **more).json()
        return found

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.http.request(method, f"/v1/{path}", **more)
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer


@contextmanager
def images_api(tenant: Tenant) -> Iterator[ImagesApi]:
    """Yield the API, reached from here."""
    headers = {"Authorization": f"Token {tenant.key}"}
    with (
        reachable(story.GATEWAY, tenant.system.cluster) as gateway,
        httpx.Client(base_url=gateway, headers=headers, trust_env=False, timeout=_SECONDS) as http,
    ):
        yield ImagesApi(tenant, http)


def _base64(data: bytes) -> str:

    return base64.b64encode(data).decode()
