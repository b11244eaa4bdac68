"""Whose token a Job presents: asked of the API server (TokenReview), never decided here.

A Job's token is projected for the audience `capforge-gateway` alone, so that a token for anything else, or one of ours
that reached anybody else, opens nothing. Needs create on tokenreviews.authentication.k8s.io.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from capforge_contracts.names import JOB_SERVICE_ACCOUNT, JOB_TOKEN_AUDIENCE
from capforge_gateway.keys.cluster import Cluster, cluster_from
from capforge_gateway.settings import Settings, SettingsError

_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
_TIMEOUT = aiohttp.ClientTimeout(total=10.0)
_MAX_TOKEN_CHARS = 16 * 1024
_KIND = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
_PREFIX = "system:serviceaccount:"


class ReviewAway(Exception):  # noqa: N818 - reads as the fact it states
    """The API server does not say whose token it is: nobody gets in meanwhile."""


class JobTokens:
    """Tells which tenant's Job a bearer token belongs to."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def account(self, token: str) -> str | None:
        """Return `<namespace>:<ServiceAccount>`, None where the token is not good here; raises ReviewAway."""
        if not token or len(token) > _MAX_TOKEN_CHARS:
            return None
        status = await self._reviewed(token)
        username = str(status.get("user", {}).get("username", ""))
        is_good = status.get("authenticated") is True and JOB_TOKEN_AUDIENCE in (status.get("audiences") or ())
        return username.removeprefix(_PREFIX) if is_good and username.startswith(_PREFIX) else None

    async def _reviewed(self, token: str) -> dict[str, Any]:
        question = {**_KIND, "spec": {"token": token, "audiences": [JOB_TOKEN_AUDIENCE]}}
        try:
            async with self._cluster.ask(_PATH, question, _TIMEOUT) as response:
                response.raise_for_status()
                status: dict[str, Any] = orjson.loads(await response.read()).get("status") or {}
                return status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ReviewAway(f"{type(error).__name__}: {getattr(error, 'status', '')}".rstrip(": ")) from error


@asynccontextmanager
async def job_tokens(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[JobTokens | None]:
    """Open the way to the API server; None where this gateway knows no cluster (keys from files)."""
    try:
        cluster = cluster_from(settings, environment)
    except SettingsError:
        yield None
        return
    try:
        yield JobTokens(cluster)
    finally:
        await cluster.aclose()


def job_of(namespace: str) -> str:
    """Return how `account` names the Jobs of a tenant."""
    return f"{namespace}:{JOB_SERVICE_ACCOUNT}"
