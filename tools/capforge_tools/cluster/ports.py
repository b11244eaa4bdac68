"""The control plane's loopback ports: chosen at random where they are free, then kept.

They lie below those that the kernel gives out by itself: while a program that was killed is away, no connection on its
way out is given its port.
"""

from __future__ import annotations

import json
import random
import socket
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path

_RANGE = range(10_300, 12_000)
"""Above the ports that Kubernetes' programs choose themselves, below those of the tests."""


@dataclass(frozen=True)
class Ports:
    """One port per listener on 127.0.0.1."""

    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int

    @classmethod
    def remembered(cls, path: Path) -> Ports:
        """Return the ports in the file; choose and write them if there are none."""
        if path.is_file():
            return cls(**json.loads(path.read_text()))
        return cls.choose(path)

    @classmethod
    def choose(cls, path: Path) -> Ports:
        """Choose free ports and write them to the file."""
        free = (port for port in random.sample(_RANGE, len(_RANGE)) if _is_free(port))
        chosen = cls(*islice(free, len(fields(cls))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(chosen)))
        return chosen


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
