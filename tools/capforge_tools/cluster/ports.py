"""The control plane's loopback ports: chosen at random where they are free, then kept."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path


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
        sockets = [socket.socket() for _ in fields(cls)]
        try:
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            chosen = cls(*(each.getsockname()[1] for each in sockets))
        finally:
            for each in sockets:
                each.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(chosen)))
        return chosen
