"""The port Tenants on the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from capforge_contracts.names import JOB_SERVICE_ACCOUNT, STORE_SECRET
from capforge_operator.adapters.kubernetes_api import METADATA_ONLY, KubernetesApi, Missing, Target
from capforge_operator.ports import Forbidden, Tenants
from capforge_operator.resource_types import SECRETS, SERVICE_ACCOUNTS


class KubernetesTenants:
    """Asks for metadata only: the content of a Secret never reaches this process."""

    def __init__(self, api: KubernetesApi) -> None:
        """Use this connection."""
        self._api = api

    async def missing(self, namespace: str) -> list[str]:
        """Return what the namespace lacks."""
        needed = {
            f"Secret {STORE_SECRET}": Target(SECRETS, namespace, STORE_SECRET),
            f"ServiceAccount {JOB_SERVICE_ACCOUNT}": Target(SERVICE_ACCOUNTS, namespace, JOB_SERVICE_ACCOUNT),
        }
        missing = []
        for name, target in needed.items():
            try:
                await self._api.get(target, accept=METADATA_ONLY)
            except Missing:
                missing.append(name)
            except Forbidden:
                return ["the operator's RoleBinding"]  # nothing of the tenant chart is there
        return sorted(missing)


class RememberedTenants:
    """Asks once about a namespace that is prepared, again after a minute; about one that is not each time.

    So whoever prepares a namespace is believed at once, and many objects in one namespace cost one look. Callers that
    ask at the same moment share the answer.
    """

    def __init__(self, tenants: Tenants, monotonic: Callable[[], float], kept_seconds: float = 60.0) -> None:
        """Ask these tenants; the clock is in seconds."""
        self._tenants = tenants
        self._monotonic = monotonic
        self._kept_seconds = kept_seconds
        self._prepared: dict[str, float] = {}
        self._asking: dict[str, asyncio.Future[list[str]]] = {}

    async def missing(self, namespace: str) -> list[str]:
        """Return what the namespace lacks."""
        if self._prepared.get(namespace, float("-inf")) > self._monotonic():
            return []
        if namespace not in self._asking:
            self._asking[namespace] = asyncio.ensure_future(self._ask(namespace))
            self._asking[namespace].add_done_callback(lambda _: self._asking.pop(namespace, None))
        return list(await asyncio.shield(self._asking[namespace]))

    async def _ask(self, namespace: str) -> list[str]:
        missing = await self._tenants.missing(namespace)
        if missing:
            self._prepared.pop(namespace, None)
        else:
            self._prepared[namespace] = self._monotonic() + self._kept_seconds
        return missing
