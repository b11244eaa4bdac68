"""The gateway's document endpoints, as any HTTP client uses them (the public `mindee` client sends the same)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from capforge_demo.documents.folder import Gold
from capforge_tools.errors import ToolError

Json = dict[str, Any]
_TRIES = 60
_PAUSE_SECONDS = 1.0
_AGAIN = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.GATEWAY_TIMEOUT})


@dataclass(frozen=True)
class DocumentApi:
    """One capability's endpoints; `http` has the gateway's address and the key."""

    http: httpx.Client
    namespace: str
    capability: str

    @classmethod
    def at(cls, gateway: str, namespace: str, capability: str, key: str) -> DocumentApi:
        """Connect; the connection is kept alive."""
        headers = {"Authorization": f"Token {key}"}
        client = httpx.Client(base_url=gateway, headers=headers, trust_env=False, timeout=120.0)
        return cls(client, namespace, capability)

    def url(self, version: str = "v1") -> str:
        """Return the path of a version's endpoints."""
        return f"/v1/products/{self.namespace}/{self.capability}/{version}"

    def predict(self, gold: Gold, *, training: bool = False, give_words: bool = False, version: str = "v1") -> Json:
        """Send a document; return the answer's `document`. With `training` it is kept, and candidates come along."""
        data = {"words": json.dumps([{"words": gold.words}])} if give_words else {}
        params = {"training": "true", "with_candidates": "true"} if training else {}
        files = {"document": (gold.path.name, gold.path.read_bytes(), "image/jpeg")}
        answer = self._asked("POST", f"{self.url(version)}/predict", params=params, data=data, files=files)
        return dict(answer["document"])

    def annotate(self, document: str, body: Json, *, replace: bool = False) -> Json:
        """Submit what was picked."""
        return self._asked("PUT" if replace else "POST", f"{self.url()}/documents/{document}/annotations", json=body)

    def _asked(self, method: str, path: str, **request: Any) -> Json:
        """Return the JSON answer; what is away or busy is asked again. Raises ToolError with the gateway's words."""
        for _ in range(_TRIES):
            reply = self.http.request(method, path, **request)
            if reply.status_code not in _AGAIN:
                break
            time.sleep(_PAUSE_SECONDS)
        if not reply.is_success:
            raise ToolError(f"{method} {path}: {reply.status_code} {reply.text[:500]}")
        return dict(reply.json())
