"""A kept-alive connection to the Kubernetes API with the pod's own token. It changes nothing there."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp

from capforge_gateway.settings import Settings, SettingsError

_MAX_EVENT_BYTES = 4 * 1024 * 1024
"""A Secret is 1 MiB at most; base64 and the managed fields make its event longer."""


class Cluster:
    """Calls with authentication. The token is read each time: the kubelet replaces it before it expires."""

    def __init__(self, url: str, token_file: Path, ca_file: Path) -> None:
        self._url = url.rstrip("/")
        self._token_file = token_file
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    def get(
        self, path: str, query: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Return the answer as a context; raises aiohttp.ClientError, OSError, TimeoutError."""
        return self._opened().get(self._url + path, params=query, headers=self._headers(), timeout=timeout)

    def ask(
        self, path: str, question: Mapping[str, Any], timeout: aiohttp.ClientTimeout
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """POST a question (a review) and return the answer as a context; raises as `get`."""
        return self._opened().post(self._url + path, json=question, headers=self._headers(), timeout=timeout)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token_file.read_text().strip()}", "Accept": "application/json"}

    def _opened(self) -> aiohttp.ClientSession:
        """Open at first use: the CA may not be mounted yet when the gateway starts."""
        if self._session is None:
            trusted = ssl.create_default_context(cafile=str(self._ca_file))
            connector = aiohttp.TCPConnector(ssl=trusted, limit=0)
            self._session = aiohttp.ClientSession(connector=connector, read_bufsize=_MAX_EVENT_BYTES)
        return self._session


def cluster_from(settings: Settings, environment: Mapping[str, str]) -> Cluster:
    """Return the cluster that the settings name, else the one that this pod runs in; raises SettingsError."""
    url = settings.kubernetes_url
    if not url:
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
        if not host:
            raise SettingsError(
                "CAPFORGE_KEYS=kubernetes needs a cluster: set CAPFORGE_KUBERNETES_URL, or CAPFORGE_KEYS=file:<folder>"
            )
        url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Cluster(url, settings.kubernetes_token_file, settings.kubernetes_ca_file)
