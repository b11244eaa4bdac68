"""The few calls that the tools make to the Kubernetes API themselves."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capforge_tools.apiserver import ApiServer
from capforge_tools.errors import ToolError

_TIMEOUT_SECONDS = 10.0
_CREATED_ALREADY = 409
_GONE = 404
_FIRST_ERROR = 400


class UnreachableError(ToolError):
    """The API server does not answer."""


@dataclass(frozen=True)
class Api:
    """The API server, as the administrator."""

    server: ApiServer

    def get(self, path: str) -> dict[str, Any]:
        """Return an object or a list; raises ToolError with the server's message, UnreachableError."""
        return self._call("GET", path)

    def create(self, path: str, document: Mapping[str, Any]) -> None:
        """Create an object; one that exists already is fine."""
        self._call("POST", path, document, tolerated=_CREATED_ALREADY)

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine."""
        self._call("DELETE", path, tolerated=_GONE)

    def apply(self, path: str, document: Mapping[str, Any]) -> None:
        """Apply an object server-side, taking over fields that others have set."""
        query = "?fieldManager=capforge-tools&force=true"
        self._call("PATCH", path + query, document, content_type="application/apply-patch+yaml")

    def _call(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        tolerated: int = 0,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        connection = http.client.HTTPSConnection(
            self.server.address, self.server.port, timeout=_TIMEOUT_SECONDS, context=self._tls()
        )
        body = json.dumps(document) if document is not None else None
        try:
            connection.request(method, path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise UnreachableError(f"the API server at {self.server.url} does not answer: {error}") from error
        finally:
            connection.close()
        if response.status >= _FIRST_ERROR and response.status != tolerated:
            raise ToolError(f"{method} {path}: {answer.get('message', response.status)}")
        return answer

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.server.authority.own.certificate))
        administrator = self.server.administrator
        context.load_cert_chain(administrator.certificate, administrator.key)
        return context


def is_condition_true(document: Mapping[str, Any], kind: str) -> bool:
    """Tell whether an object's status has the condition with status True."""
    conditions = document.get("status", {}).get("conditions", [])
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)
