"""`python -m capforge_gateway`: settings from the environment, two listeners, an orderly end on SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import structlog
import uvloop

from capforge_gateway.gateway import Gateway, gateway
from capforge_gateway.logs import BufferedLines, configure
from capforge_gateway.process import settle
from capforge_gateway.settings import Settings, SettingsError, settings_from

_EXIT_CONFIGURATION = 2
_log = structlog.get_logger()


async def serve(settings: Settings, lines: BufferedLines) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with gateway(settings, os.environ, lines) as running:
        loop = asyncio.get_running_loop()
        stopping: list[asyncio.Task[None]] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: stopping.append(loop.create_task(_stop(running, settings))))
        settle()
        _log.info("gateway starts", port=settings.port, internal_port=settings.internal_port)
        await asyncio.gather(running.public.run_until_stopped(), running.internal.run_until_stopped())
    _log.info("gateway has ended")


async def _stop(running: Gateway, settings: Settings) -> None:
    """Say not ready, go on serving until that has got around, then end."""
    if not running.draining:
        running.draining = True
        running.public.drain()
        _log.info("gateway drains", seconds=settings.drain_seconds)
        await asyncio.sleep(settings.drain_seconds)
    running.public.stop()
    running.internal.stop()


def main() -> None:
    """Run the gateway; exit status 2 where the environment is wrong."""
    lines = BufferedLines(sys.stdout.fileno())
    try:
        settings = settings_from(os.environ)
        configure(settings.log_level, lines)
        uvloop.run(serve(settings, lines))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_EXIT_CONFIGURATION)
    finally:
        lines.close()


if __name__ == "__main__":
    main()
