"""/healthz and /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry

from capforge_operator.exposition import pieces


def health_app(faults: Callable[[], list[str]], registry: CollectorRegistry) -> web.Application:
    """Return the application: 200 while nothing is wrong, 503 with what is."""

    async def healthz(_: web.Request) -> web.Response:
        found = faults()
        return web.Response(text="\n".join(found) or "ok", status=503 if found else 200)

    async def metrics(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE_LATEST})
        await answer.prepare(request)
        for piece in pieces(registry):
            await answer.write(piece)
            await asyncio.sleep(0)
        return answer

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics)])
    return app


async def serve(app: web.Application, port: int) -> web.AppRunner:
    """Listen; the caller cleans the runner up."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()
    return runner
