"""`capforge-snapshot --request <key>`: the process of a snapshot Job. Only wiring and exit codes.

Faults in the data are an answer (exit 0, result FaultyRecords); a store that does not answer is worth another try (69).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

import structlog

from capforge_contracts import logs
from capforge_contracts.dataset import SnapshotRequest
from capforge_contracts.exitcodes import (
    REASONS,
    TERMINATION_LOG,
    TERMINATION_MESSAGE_CHARS,
    ExitCode,
    Termination,
)
from capforge_contracts.store import NotFound, Refused, StoreError, open_store
from capforge_snapshot.snapshot import take_snapshot
from capforge_snapshot.submissions.stream import Gateway

_LOG = structlog.get_logger()


class _Interrupted(BaseException):
    """SIGTERM: the node or the Job goes away."""


def main() -> int:
    """Run the process; returns its exit code."""
    logs.configure("snapshot")
    parser = argparse.ArgumentParser(prog="capforge-snapshot", description="Take one snapshot of labelled data.")
    parser.add_argument("--request", required=True, metavar="KEY", help="key of the SnapshotRequest in CAPFORGE_STORE")
    key: str = parser.parse_args().request
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _run(key)
    except (NotFound, Refused, ValueError) as error:
        return _failed(ExitCode.BAD_CONFIGURATION, error)
    except StoreError as error:
        return _failed(ExitCode.STORE_UNAVAILABLE, error)
    except _Interrupted:
        return _failed(ExitCode.INTERRUPTED, RuntimeError("stopped by SIGTERM; the next attempt goes on"))
    except Exception as error:  # noqa: BLE001 - the process ends here, and says why
        _LOG.exception("unexpected error")
        return _failed(ExitCode.INTERNAL_ERROR, error)
    return ExitCode.SUCCESS


def _run(key: str) -> None:
    store = open_store(os.environ)
    request = SnapshotRequest.from_json(store.get(key))
    logs.bind(namespace=request.namespace, dataset=request.dataset, spec_hash=request.spec_hash)
    with tempfile.TemporaryDirectory(prefix="snapshot-") as folder:
        result = take_snapshot(request, store, Path(folder), gateway=Gateway.of(os.environ))
    _LOG.info(
        "snapshot done",
        outcome=result.outcome,
        digest=result.digest,
        message=result.message,
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Interrupted


def _failed(code: ExitCode, error: BaseException) -> int:
    message = f"{type(error).__name__}: {error}"[:TERMINATION_MESSAGE_CHARS]
    _LOG.error("snapshot ended", exit_code=int(code), reason=REASONS[code], message=message)
    path = Path(os.environ.get("CAPFORGE_TERMINATION_LOG", TERMINATION_LOG))
    try:
        path.write_bytes(Termination(reason=REASONS[code], message=message).to_json())
    except OSError:
        _LOG.warning("no termination log", path=str(path))
    return code


if __name__ == "__main__":
    sys.exit(main())
