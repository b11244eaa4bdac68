"""Ending what works by itself."""

from __future__ import annotations

import asyncio


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait for their ends, whatever those are."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
