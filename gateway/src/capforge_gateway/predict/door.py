"""Who asks for which version, and may they: how every inference begins, in whatever protocol it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capforge_contracts.run import CapabilityType
from capforge_gateway.envelope import Headers
from capforge_gateway.errors import not_found, not_served, unauthorized
from capforge_gateway.keys.keyring import Keyring, presented_key
from capforge_gateway.predict.body import header
from capforge_gateway.predict.interface import INTERFACES
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.resolve import find_capability, find_version, find_version_or_none
from capforge_gateway.routing.routes import Capability, Version


@dataclass(frozen=True)
class Door:
    """The keys and the routes."""

    board: RouteBoard
    keyring: Keyring

    def found(
        self, namespace: str, name: str, asked: str, headers: Headers, facts: Facts
    ) -> tuple[Capability, Version]:
        """Return what `asked` (`v1`, `v1.2`) names, and note it; raises 401 first, so that strangers learn nothing."""
        capability = self.capability(namespace, name, headers, facts)
        return capability, self.version(capability, asked, facts)

    def capability(self, namespace: str, name: str, headers: Headers, facts: Facts) -> Capability:
        """Return the capability and note it; raises 401 first."""
        facts.key = self.holder(namespace, headers)
        facts.namespace = namespace
        capability = find_capability(self.board.current, namespace, name)
        facts.capability = capability.name
        return capability

    def holder(self, namespace: str, headers: Headers) -> str:
        """Return the name of the namespace's key that was shown; raises 401."""
        key = self.keyring.holder(namespace, presented_key(header(headers, b"authorization")))
        if key is None:
            raise unauthorized()
        return key

    def version(self, capability: Capability, asked: str, facts: Facts) -> Version:
        """Return the version that `asked` names, and note it; raises as find_version does."""
        version = find_version(capability, asked)
        facts.version = version.version
        return version

    def version_or_none(self, capability: Capability, asked: str, facts: Facts) -> Version | None:
        """Return the version of a field extractor; None where candidates alone are the answer (version 1.0)."""
        version = find_version_or_none(capability, asked)
        facts.version = version.version if version else ""
        return version

    def holders(self, headers: Headers) -> Sequence[tuple[str, str]]:
        """Return the namespaces that have the key, and its name in each, where an address names none; raises 401."""
        holders = self.keyring.namespaces_of(presented_key(header(headers, b"authorization")))
        if not holders:
            raise unauthorized()
        return holders


def check_served(capability: Capability, *, queued: bool = False) -> None:
    """Raise 501 for a type whose models take no pixels, 404 where its predictions are not queued."""
    if capability.type not in INTERFACES:
        raise not_served(capability.type)
    if queued:
        raise not_found(f"predictions of a {capability.type} are not queued: it answers at `predict`")


def check_searches(capability: Capability) -> None:
    """Raise 404 for a type whose models make no vectors."""
    if capability.type is not CapabilityType.BOX_EMBEDDER:
        raise not_found(f"a {capability.type} searches nothing; a {CapabilityType.BOX_EMBEDDER} answers at `search`")
