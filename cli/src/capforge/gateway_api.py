"""The gateway's calls about a namespace: its address, one question at a time, its refusals in words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from capforge.cluster.connection import Cluster
from capforge.cluster.reach import reachable
from capforge.errors import CliError, Exit

VISION, DATASETS = "vision", "datasets"
_TIMEOUT_SECONDS = 60
_STREAM_ATTEMPTS = 6
_LONGEST_PAUSE_SECONDS = 30
_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""What passes: the answer says after how many seconds."""


@dataclass(frozen=True)
class GatewayApi:
    """The calls below `/v1/<part>/<namespace>/`."""

    address: str
    key: str
    namespace: str
    part: str = VISION

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the answer's JSON; raises CliError with the gateway's own words."""
        found: dict[str, Any] = self._answer(method, path, body, query).json()
        return found

    def text(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """Return the answer's text; raises as `ask` does."""
        return self._answer(method, path, body).text

    @contextmanager
    def stream(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[httpx.Response]:
        """Yield an answer whose bytes are still to be read; what passes is waited for. Raises as `ask` does."""
        for left in reversed(range(_STREAM_ATTEMPTS)):
            with (
                reached(self.address),
                httpx.stream(
                    method, self._url(path), json=body, headers=self._headers, timeout=_TIMEOUT_SECONDS
                ) as got,
            ):
                if got.is_success:
                    yield got
                    return
                got.read()
                if got.status_code not in _LATER or not left:
                    raise refusal(got, self.namespace)
                pause = int(got.headers.get("retry-after", 1))
            time.sleep(min(pause, _LONGEST_PAUSE_SECONDS))

    def _answer(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        with reached(self.address):
            answer = httpx.request(
                method, self._url(path), json=body, params=query, headers=self._headers, timeout=_TIMEOUT_SECONDS
            )
        if not answer.is_success:
            raise refusal(answer, self.namespace)
        return answer

    def _url(self, path: str) -> str:
        return f"{self.address.rstrip('/')}/v1/{self.part}/{self.namespace}/{path}".rstrip("/")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.key}"}


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Raise a CliError where the gateway at this address does not answer inside the block."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "Is CAPFORGE_GATEWAY_URL (or --gateway) the gateway's address, and is it running?"
        message = f"the gateway {address} does not answer: {error or type(error).__name__}"
        raise CliError(message, hint) from error


def refusal(answer: httpx.Response, namespace: str, hints: Mapping[HTTPStatus, str] | None = None) -> CliError:
    """Return a refused request in the gateway's own words, with what to do; `hints` are those of this kind of call."""
    try:
        error = answer.json()["api_request"]["error"]
        words = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        words = f"HTTP {answer.status_code}: the answer is not the gateway's; is the address right?"
    known = {
        HTTPStatus.UNAUTHORIZED: f"Make a key: capforge key create <name> -n {namespace}",
        HTTPStatus.SERVICE_UNAVAILABLE: f"Try again in {answer.headers.get('retry-after', 'a few')} s.",
        **(hints or {}),
    }
    return CliError(words, known.get(HTTPStatus(answer.status_code), ""))


@contextmanager
def opened(
    namespace: str | None, gateway: str | None, key: str | None, context: str | None, part: str = VISION
) -> Iterator[GatewayApi]:
    """Yield the calls of a namespace: at the address given, else at the one in the status of a Capability in it."""
    space = namespace or Cluster.connect(context).namespace
    if not key:
        hint = f"Make one: export CAPFORGE_API_KEY=$(capforge key create <name> -n {space})"
        raise CliError("no API key: set CAPFORGE_API_KEY or --key", hint, Exit.WRONG_USAGE)
    if gateway:
        yield GatewayApi(gateway, key, space, part)
        return
    hint = "Name the gateway by --gateway or CAPFORGE_GATEWAY_URL."
    try:
        cluster = Cluster.connect(context)
        capabilities = cluster.objects("capabilities", space)
    except CliError as error:
        raise CliError(f"no gateway: {error}", hint) from error
    urls = [str(url) for url in ((one.get("status") or {}).get("url") for one in capabilities) if url]
    if not urls:
        raise CliError(f"no Capability of namespace {space} has an address yet (status.url)", hint)
    with reachable(urls[0].split("/v1/products/", maxsplit=1)[0], cluster) as address:
        yield GatewayApi(address, key, space, part)
