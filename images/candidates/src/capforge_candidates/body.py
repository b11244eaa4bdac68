"""What a caller sends: a document, and perhaps its words. Bounded in bytes and time while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.mediatypes import check_media_type
from capforge_candidates.given import given_pages
from capforge_contracts.reading import GivenPage

_MULTIPART = "multipart/form-data"
_MAX_WORDS_BYTES = 8 * 1024 * 1024
_MAX_PARTS = 2
_OVERHEAD_BYTES = 64 * 1024
"""Of a multipart body: boundaries and the parts' heads."""


@dataclass(frozen=True)
class Sent:
    """One document to read."""

    data: bytes
    given: Sequence[GivenPage] | None = None


async def sent(request: Request, max_bytes: int, timeout_seconds: float) -> Sent:
    """Read the request; raises Fault."""
    try:
        async with asyncio.timeout(timeout_seconds):
            if request.headers.get("content-type", "").startswith(_MULTIPART):
                return await _form(request, max_bytes)
            check_media_type(request.headers.get("content-type", ""))
            return Sent(await _bounded(request, max_bytes))
    except TimeoutError as error:
        raise Fault(
            Code.READING_TIMEOUT, f"the document was not here after {timeout_seconds:g} s; send it again"
        ) from error


async def _bounded(request: Request, max_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in _counted(request, max_bytes, max_bytes)])


async def _counted(request: Request, most: int, told: int) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes; raises Fault (FileTooLarge) as soon as there is more than `most`."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(told)
        yield chunk


async def _form(request: Request, max_bytes: int) -> Sent:
    body = _counted(request, max_bytes + _MAX_WORDS_BYTES + _OVERHEAD_BYTES, max_bytes)
    parser = MultiPartParser(
        request.headers, body, max_files=_MAX_PARTS, max_fields=_MAX_PARTS, max_part_size=_MAX_WORDS_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        message = f"the multipart body is wrong ({error.message}); parts: `document` (a file) and `words`"
        raise Fault(Code.BAD_WORDS, message) from error
    try:
        return await _parts(form, max_bytes)
    finally:
        await form.close()


async def _parts(form: FormData, max_bytes: int) -> Sent:
    document, words = form.get("document"), form.get("words")
    if not isinstance(document, UploadFile):
        raise Fault(Code.EMPTY_DOCUMENT, "the multipart body has no file named `document`")
    check_media_type(document.content_type or "")
    data = await document.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    text = await words.read() if isinstance(words, UploadFile) else words
    return Sent(data, given_pages(text) if text is not None else None)


def _too_large(max_bytes: int) -> Fault:
    return Fault(Code.FILE_TOO_LARGE, f"the document is larger than {max_bytes} bytes, the most that is allowed")
