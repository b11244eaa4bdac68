"""Who may look at a run's files: a key of its namespace, or a link that was signed for this file and time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import structlog
from starlette.requests import Request

from capforge_contracts import links
from capforge_contracts.links import Verdict
from capforge_gateway.errors import ApiError
from capforge_gateway.keys.keyring import Keyring, presented_key

_log = structlog.get_logger()


@dataclass(frozen=True)
class Access:
    """The keys, and the internal token that links are signed with; the file is read for every link."""

    keyring: Keyring
    token_file: Path
    clock: Callable[[], float] = time.time

    def check_key(self, request: Request, namespace: str) -> None:
        """Raise 401 where no key of the namespace is shown."""
        if not self._has_key(request, namespace):
            raise _unauthorized("no valid API key for this namespace; send it as `Authorization: Token <key>`")

    def check(self, request: Request, namespace: str, path: str) -> None:
        """Raise 401, or 410 for a link of ours whose time is over."""
        if self._has_key(request, namespace):
            return
        expires = request.query_params.get(links.EXPIRES, "")
        signature = request.query_params.get(links.SIGNATURE, "")
        verdict = links.verify(path, expires, signature, self._keys(), self.clock()) if signature else Verdict.WRONG
        if verdict is Verdict.EXPIRED:
            ended = datetime.fromtimestamp(int(expires), UTC).isoformat()
            raise ApiError(
                HTTPStatus.GONE,
                "LinkExpired",
                f"this link was good until {ended}; ask with an API key of the namespace: `Authorization: Token <key>`",
            )
        if verdict is Verdict.WRONG:
            raise _unauthorized(
                "no valid API key for this namespace and no link that was signed for this address; send a key as"
                " `Authorization: Token <key>`, or use the whole link as it was sent"
            )

    def _has_key(self, request: Request, namespace: str) -> bool:
        key = presented_key(request.headers.get("authorization", "").encode("latin-1"))
        return self.keyring.holder(namespace, key) is not None

    def _keys(self) -> list[bytes]:
        try:
            return links.verifying_keys(self.token_file)
        except OSError as error:
            _log.warning("internal token cannot be read", error=str(error))
            return []


def _unauthorized(message: str) -> ApiError:
    """One answer, whether the run, the file or the namespace exists or not."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "Unauthorized", message)
