"""The running service: reading processes, listener, an orderly end on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import structlog
import uvicorn
import uvloop

from capforge_candidates.metrics import Metrics
from capforge_candidates.reader import reader_environment
from capforge_candidates.readers import Readers
from capforge_candidates.service import Service
from capforge_candidates.settings import Settings
from capforge_contracts import logs

_GRACE_SECONDS = 5
"""For answers, after the time that a document may take."""
_KEEP_ALIVE_SECONDS = 75
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; documents that are being read are finished."""
    logs.configure("candidates", settings.log_level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    readers = Readers(reader_environment(os.environ), settings.threads, settings.max_waiting, settings.timeout_seconds)
    service = Service(
        readers, Metrics(readers), settings.internal_token_file, settings.max_bytes, settings.upload_timeout_seconds
    )
    server = uvicorn.Server(_listener(service, settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, service, server)
    starting = loop.create_task(readers.start())
    _log.info("candidates service starts", port=settings.port, engine=settings.engine, processes=settings.threads)
    try:
        await server._serve()  # noqa: SLF001 - `serve` would put its own signal handlers in place of ours
    finally:
        starting.cancel()
        await readers.close()
    _log.info("candidates service has ended")


def _stop(service: Service, server: uvicorn.Server) -> None:
    service.draining = True
    server.should_exit = True


def _listener(service: Service, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        service.app(),
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.timeout_seconds) + _GRACE_SECONDS,
    )
