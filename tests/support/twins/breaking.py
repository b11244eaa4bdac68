"""A world that breaks at one chosen call: what a crash of the operator looks like from outside."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, cast

from capforge_operator.wiring import World


class CrashError(Exception):
    """The process is gone."""


@dataclass
class Fuse:
    """Counts the calls to all ports; the call of number `at` raises, before or after it had its effect."""

    at: int | None = None
    after_effect: bool = False
    calls: int = 0

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        number = self.calls
        if number == self.at and not self.after_effect:
            raise CrashError
        try:
            return await method(*args, **kwargs)
        finally:
            if number == self.at:
                raise CrashError


class _Port:
    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._fuse.call(found, *args, **kwargs)

        return call


def breaking(world: World, fuse: Fuse) -> World:
    """Return the world with every port behind the fuse."""
    return World(**{field.name: cast("Any", _Port(getattr(world, field.name), fuse)) for field in fields(World)})
