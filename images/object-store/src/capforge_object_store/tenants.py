"""Which tenants have an account: ConfigMaps that the chart `capforge-tenant` leaves in the system's namespace."""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

LABEL = "capforge.dev/store-account"
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_WATCH_SECONDS = 60
_PATIENCE_SECONDS = 75.0


@dataclass(frozen=True)
class Tenants:
    """The API server, asked with the pod's own account. Both methods raise OSError where it does not answer."""

    url: str
    """`https://host:port`."""
    namespace: str
    credentials: Path
    """Folder with `token` and `ca.crt`; the token is renewed by the kubelet, so it is read each time."""

    def listed(self) -> tuple[list[str], str]:
        """Return the tenants' namespaces, sorted, and the version to watch from."""
        with self._asked("") as answer:
            found: dict[str, Any] = json.load(answer)
        labels = [one["metadata"]["labels"][LABEL] for one in found["items"]]
        names = sorted({name for name in labels if _NAMESPACE.fullmatch(name)})
        return names, str(found["metadata"]["resourceVersion"])

    def wait_for_change(self, version: str) -> None:
        """Return when anything has changed since the version, or after a minute."""
        query = f"&watch=1&timeoutSeconds={_WATCH_SECONDS}&resourceVersion={version}"
        with self._asked(query) as answer:
            answer.readline()

    def _asked(self, query: str) -> Any:
        url = f"{self.url}/api/v1/namespaces/{self.namespace}/configmaps?labelSelector={quote(LABEL)}{query}"
        token = (self.credentials / "token").read_text().strip()
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - https
        trusted = ssl.create_default_context(cafile=str(self.credentials / "ca.crt"))
        return urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS, context=trusted)  # noqa: S310 - https
