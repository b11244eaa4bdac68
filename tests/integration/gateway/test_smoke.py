"""What `helm test` runs, against a real gateway and a real Triton with the serving pod's arguments, and without them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capforge_tools.places import REPOSITORY
from capforge_tools.probing import answers
from tests.integration.gateway.process import ANSWER_SECONDS, CAPABILITY, NAMESPACE, GatewayProcess
from tests.support.ports import free_ports
from tests.support.servers import running
from tests.support.triton import Triton

SMOKE = REPOSITORY / "charts" / "capforge" / "files" / "smoke.py"


def smoke(
    gateway: GatewayProcess, triton: Triton, patience: float, **environment: str
) -> subprocess.CompletedProcess[str]:
    given = {
        "PATH": os.environ["PATH"],
        "GATEWAY": gateway.url,
        "TRITON": "127.0.0.1",
        "TRITON_HTTP": str(triton.http_port),
        "TRITON_GRPC": str(triton.grpc_port),
        **environment,
    }
    code = f"import sys; sys.path.insert(0, {str(SMOKE.parent)!r}); import smoke; "
    code += f"smoke.PATIENCE_SECONDS = {patience}; smoke.main()"
    return subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=False)


def test_it_passes_on_what_the_chart_installs(gateway: GatewayProcess, models: Triton) -> None:
    done = smoke(gateway, models, ANSWER_SECONDS, PRODUCT=f"{NAMESPACE}/{CAPABILITY}", KEY=gateway.key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok: POST /v2/repository/models/x/load is refused (403)" in done.stdout
    assert "ok: gRPC RepositoryModelLoad is refused" in done.stdout
    assert "predicts (200)" in done.stdout
    assert gateway.key not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("open_protocol", "told"),
    [("--http-restricted-api", "/v2/repository/index"), ("--grpc-restricted-protocol", "RepositoryIndex")],
)
def test_it_fails_where_one_protocol_is_open(
    gateway: GatewayProcess, models: Triton, tmp_path: Path, open_protocol: str, told: str
) -> None:
    triton = _open_triton(models, tmp_path, open_protocol)
    with running(triton.command(), triton.log, lambda: _is_live(triton)):
        done = smoke(gateway, triton, 1)
    assert done.returncode == 1
    assert told in done.stderr


def _open_triton(models: Triton, folder: Path, open_protocol: str) -> Triton:
    class Open(Triton):
        def command(self) -> list[str]:
            return [one for one in super().command() if not one.startswith(open_protocol)]

    triton = Open(models.home, folder)
    triton.repository.mkdir(parents=True)
    triton.http_port, triton.grpc_port, triton.metrics_port = free_ports(3)
    return triton


def _is_live(triton: Triton) -> bool:
    return answers(f"{triton.url}/v2/health/live")
