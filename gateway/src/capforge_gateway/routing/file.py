"""The mounted ConfigMap: the routing table at start, and again whenever the kubelet swaps it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from pydantic import ValidationError

from capforge_contracts.serving import RoutingTable
from capforge_gateway.routing.board import RouteBoard

_POLL_SECONDS = 1.0
_log = structlog.get_logger()


class RoutesFile:
    """Offers the file's table to the board when the file changes; a broken file changes nothing and is logged once."""

    def __init__(self, path: Path, board: RouteBoard) -> None:
        self._path = path
        self._board = board
        self._seen: tuple[int, int, int] | None = None

    async def follow(self) -> None:
        """Look at the file for ever."""
        while True:
            self.look()
            await asyncio.sleep(_POLL_SECONDS)

    def look(self) -> None:
        """Read the file if it is another one than at the last look (a ConfigMap swaps a symlink: the inode changes)."""
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen == self._seen:
                return
            table = RoutingTable.from_json(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            _log.warning("routes file cannot be read", path=str(self._path), error=str(error)[:500])
            self._seen = seen if isinstance(error, ValidationError) else None
            return
        self._seen = seen
        if self._board.offer(table):
            _log.info("routes taken", source="file", generation=table.generation)
