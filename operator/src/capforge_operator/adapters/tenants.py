"""The port Tenants on the API server."""

from __future__ import annotations

from capforge_contracts.names import JOB_SERVICE_ACCOUNT, STORE_SECRET
from capforge_operator.adapters.kubernetes_api import METADATA_ONLY, KubernetesApi, Missing, Target
from capforge_operator.ports import Forbidden
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
