"""A person's hand on the API server without starting kubectl for each touch: plain JSON over kept connections."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import urllib3

Json = dict[str, Any]
_MERGE = "application/merge-patch+json"
_KINDS = {
    "Dataset": "apis/capforge.dev/v1alpha1/{}/datasets",
    "Capability": "apis/capforge.dev/v1alpha1/{}/capabilities",
    "TrainingRun": "apis/capforge.dev/v1alpha1/{}/trainingruns",
    "ModelTemplate": "apis/capforge.dev/v1alpha1/modeltemplates",
    "Job": "apis/batch/v1/{}/jobs",
    "Pod": "api/v1/{}/pods",
    "ConfigMap": "api/v1/{}/configmaps",
    "Secret": "api/v1/{}/secrets",
    "Event": "apis/events.k8s.io/v1/{}/events",
}


class RefusedError(AssertionError):
    """The API server said no; the message is its own."""


@dataclass(frozen=True)
class KubeClient:
    """Calls with an administrator's certificate. For threads."""

    url: str
    pool: urllib3.PoolManager

    @classmethod
    def of(cls, kubeconfig: Path) -> KubeClient:
        """Read a kubeconfig (JSON, certificates inside) as capforge_tools writes it."""
        document = json.loads(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with TemporaryDirectory() as folder:
            pair = {name: Path(folder) / name for name in ("client-certificate-data", "client-key-data")}
            for name, path in pair.items():
                path.write_bytes(base64.b64decode(user[name]))
            context.load_cert_chain(*pair.values())
        return cls(cluster["server"], urllib3.PoolManager(maxsize=8, ssl_context=context))

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return one object, None if there is none."""
        return self._call("GET", _path(kind, namespace, name), missing_ok=True)

    def list(self, kind: str, namespace: str) -> list[Json]:
        """Return all objects of a kind in a namespace (empty: everywhere)."""
        items: list[Json] = (self._call("GET", _path(kind, namespace)) or {})["items"]
        return items

    def create(self, document: Json) -> Json:
        """Create an object; its kind and namespace are its own."""
        metadata = document["metadata"]
        return self._call("POST", _path(document["kind"], metadata.get("namespace", "")), document) or {}

    def patch(self, kind: str, namespace: str, name: str, change: Json, subresource: str = "") -> None:
        """Merge a change into an object or its status; no error if it is gone."""
        path = _path(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        self._call("PATCH", path, change, content_type=_MERGE, missing_ok=True)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object; no error if it is gone."""
        body = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        self._call("DELETE", _path(kind, namespace, name), body, missing_ok=True)

    def delete_all(self, kind: str, namespace: str) -> None:
        """Delete all objects of a kind in a namespace."""
        body = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        self._call("DELETE", _path(kind, namespace), body)

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        missing_ok: bool = False,
    ) -> Json | None:
        url = f"{self.url}/{path}" + (f"?{urlencode(query)}" if query else "")
        data = json.dumps(body) if body is not None else None
        answer = self.pool.request(method, url, body=data, headers={"Content-Type": content_type})
        if answer.status == HTTPStatus.NOT_FOUND and missing_ok:
            return None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(f"{method} {path}: {answer.status} {answer.data[:500].decode(errors='replace')}")
        document: Json = json.loads(answer.data)
        return document


def _path(kind: str, namespace: str, name: str = "") -> str:
    inside = f"namespaces/{namespace}" if namespace else ""
    path = _KINDS[kind].format(inside).replace("//", "/")
    return f"{path}/{name}" if name else path
