"""A model server that can be lost without a word, as when its node is: connections stay open and silent.

Its processes go on meanwhile: Triton's Python back end ends with an error when one of them is stopped while it holds
their lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port
from tests.support.tcp import Way, passing_on
from tests.support.triton import Triton, triton_server


@dataclass(frozen=True)
class Remote:
    """A server, and the way to it that gateways take."""

    server: Triton
    way: Way
    address: str
    """Of the way's beginning."""


@contextmanager
def remote_server(folder: Path) -> Iterator[Remote]:
    """Run a model server for the block, reached over a way that can be silenced."""
    port = free_port()
    with triton_server(folder) as server, passing_on(port, server.url) as way:
        yield Remote(server, way, f"127.0.0.1:{port}")
