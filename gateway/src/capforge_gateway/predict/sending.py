"""An answer onto the connection."""

from __future__ import annotations

from capforge_gateway.envelope import Headers
from capforge_gateway.predict.body import Body, Send


async def send_whole(send: Send, status: int, headers: Headers, answer: bytes) -> None:
    """Send head and body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def refuse(send: Send, body: Body, status: int, headers: Headers, answer: bytes) -> None:
    """Send a refusal; a body that still comes is taken for a moment, so that the answer gets through."""
    if body.complete:
        await send_whole(send, status, headers, answer)
        return
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": answer, "more_body": True})
    await body.linger()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
