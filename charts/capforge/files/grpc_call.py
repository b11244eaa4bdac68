"""One gRPC call with the standard library only: enough to see whether a server refuses it, and in which words."""

from __future__ import annotations

import socket
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x7
_END_STREAM, _END_HEADERS, _ACK = 0x1, 0x4, 0x1
_EMPTY_MESSAGE = b"\x00" + struct.pack(">I", 0)


def call(host: str, port: int, method: str, timeout_seconds: float = 10.0) -> str:
    """Call `/package.Service/Method` with an empty message; return what came back, with the status' words in it.

    Raises OSError where nobody answers. Answers are not decoded: servers send their words as they are (no Huffman
    coding), which is all that is looked for.
    """
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method,
        ":authority": f"{host}:{port}",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    request = [
        _PREFACE,
        _frame(_SETTINGS, 0, 0, b""),
        _frame(_HEADERS, _END_HEADERS, 1, _block(headers)),
        _frame(_DATA, _END_STREAM, 1, _EMPTY_MESSAGE),
    ]
    with socket.create_connection((host, port), timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        connection.sendall(b"".join(request))
        return _answer(connection)


def _answer(connection: socket.socket) -> str:
    heard = b""
    while True:
        length, kind, flags, stream = _head(_exactly(connection, 9))
        payload = _exactly(connection, length)
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        if stream == 1 and kind in {_HEADERS, _DATA}:
            heard += payload
        ended = stream == 1 and kind in {_HEADERS, _DATA} and flags & _END_STREAM
        if ended or kind in {_RESET, _GOAWAY}:
            return heard.decode("latin-1")


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _head(head: bytes) -> tuple[int, int, int, int]:
    return int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF


def _block(headers: dict[str, str]) -> bytes:
    """Return the header block: each field a literal that is not indexed (RFC 7541, 6.2.2)."""
    return b"".join(b"\x00" + _literal(name) + _literal(value) for name, value in headers.items())


def _literal(text: str) -> bytes:
    """Return a string of fewer than 127 bytes, not Huffman coded."""
    data = text.encode("ascii")
    if len(data) >= 127:  # noqa: PLR2004 - longer ones have another form
        raise ValueError(f"{text[:20]}… is too long")
    return bytes([len(data)]) + data


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("the server closed the connection")
        data += part
    return data
