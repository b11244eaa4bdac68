"""The real service with the real Tesseract, on loopback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]  # has no types
import pytest

from capforge_contracts.reading import Reading
from capforge_tools import packaged
from tests.support.ports import free_port
from tests.support.servers import running

TOKEN = "internal-test-token"
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Service:
    """A running service and how to ask it."""

    url: str
    pid: int
    log: Path

    def post(self, data: bytes, media_type: str = "application/octet-stream", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
        return httpx.post(f"{self.url}/readings", content=data, headers=headers, timeout=_TIMEOUT_SECONDS, **more)

    def post_form(self, **parts: Any) -> httpx.Response:
        files = {name: part if isinstance(part, tuple) else (None, part) for name, part in parts.items()}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.post(f"{self.url}/readings", files=files, headers=headers, timeout=_TIMEOUT_SECONDS)

    def get(self, path: str, token: str = TOKEN) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT_SECONDS)

    def read(self, data: bytes) -> Reading:
        answer = self.post(data)
        assert answer.status_code == 200, answer.text
        return Reading.from_json(answer.content)

    def refused(self, data: bytes, **more: Any) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        answer = self.post(data, **more)
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["message"]

    def metric(self, name: str) -> float:
        lines = self.get("/metrics").text.splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.pid).children(recursive=True))


@contextmanager
def service(folder: Path, **settings: Any) -> Iterator[Service]:
    """Run the service for the block; settings are the environment's without their prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    token, log, port = folder / "token", folder / "service.log", free_port()
    token.write_text(f"{TOKEN}\n")
    given = {
        "tesseract": packaged.ensure(packaged.TESSERACT),
        "internal_token_file": token,
        "host": "127.0.0.1",
        "port": port,
        "threads": 1,
        **settings,
    }
    env = {**os.environ, **{f"CAPFORGE_{name.upper()}": str(value) for name, value in given.items()}}
    argv = [sys.executable, "-m", "capforge_candidates", "serve"]
    url = f"http://127.0.0.1:{port}"

    def has_started() -> bool:
        """Its processes have said what there is: the engine, or why there is none."""
        return "starting" not in httpx.get(f"{url}/readyz", timeout=_TIMEOUT_SECONDS).text

    with running(argv, log, has_started, env=env) as process:
        yield Service(url, process.pid, log)


@pytest.fixture(scope="session")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests that do not harm it."""
    with service(tmp_path_factory.mktemp("candidates")) as running_service:
        yield running_service
