"""An API server with an audit log, an S3 server, the operator's account and a tenant: for the whole benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.operator.audit import AuditLog
from tests.integration.operator.process import Installation, install
from tests.support.apiserver import kube_api
from tests.support.objectstore import s3_server


@dataclass(frozen=True)
class Scene:
    """Where it is played."""

    installation: Installation
    log: AuditLog


@contextmanager
def scene() -> Iterator[Scene]:
    """Run the servers for the block."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        log = AuditLog(root)
        kube = stack.enter_context(kube_api(root, *log.flags))
        yield Scene(install(kube, stack.enter_context(s3_server(root)), root), log)
