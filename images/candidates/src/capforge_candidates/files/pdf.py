"""PDF through PDFium: pages rendered within bounds, and the text that they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from capforge_candidates.engines.port import Pixels
from capforge_candidates.faults import Code, Fault
from capforge_candidates.files.page import Limits, RawPage
from capforge_candidates.files.textlayer import text_layer

_POINTS_PER_INCH = 72
_RENDER_DPI = 200
_MAX_RENDER_PIXELS = 12_000_000
"""Of one page: A3 at the resolution above has 7.7 million."""
_MAX_SIDE_PIXELS = 16_000
_ENCRYPTED = {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}
_WHITE = (255, 255, 255, 255)
_WITH_CHANNELS = 3
"""Dimensions of a raster that is not plain grey."""


def pdf(data: bytes, limits: Limits) -> Sequence[RawPage]:
    """Return the pages of a PDF; raises Fault."""
    document = _opened(data)
    count = len(document)
    if count > limits.max_pages:
        raise Fault(
            Code.TOO_MANY_PAGES,
            f"the PDF has {count} pages; allowed: at most {limits.max_pages}: send the pages that matter",
        )
    return [_page(document, at, limits) for at in range(count)]


def render_scale(width: float, height: float, max_pixels: int) -> float:
    """Return pixels per point for a page of this size in points; raises Fault for one that cannot be a page."""
    if not (math.isfinite(width) and math.isfinite(height)) or width < 1 or height < 1:
        raise Fault(Code.BROKEN_DOCUMENT, f"a page of {width:g} x {height:g} points; allowed: at least 1 x 1")
    most = min(math.sqrt(max_pixels / (width * height)), _MAX_SIDE_PIXELS / max(width, height))
    return min(_RENDER_DPI / _POINTS_PER_INCH, most)


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise _why_not(data, str(error)) from error


def _why_not(data: bytes, said: str) -> Fault:
    """Open it once more: the library's last error may be that of an earlier document where this one merely is empty."""
    if document := pdfium_c.FPDF_LoadMemDocument64(data, len(data), None):
        pdfium_c.FPDF_CloseDocument(document)
        return Fault(Code.EMPTY_DOCUMENT, "the PDF has no pages")
    if pdfium_c.FPDF_GetLastError() in _ENCRYPTED:
        return Fault(Code.ENCRYPTED_DOCUMENT, "the PDF is encrypted; send it without a password")
    return Fault(Code.BROKEN_DOCUMENT, f"the PDF cannot be read ({said}) Save it anew and send that.")


def _page(document: pdfium.PdfDocument, at: int, limits: Limits) -> RawPage:
    try:
        page = _flat(document, at)
        width, height = page.get_size()
    except pdfium.PdfiumError as error:
        raise Fault(Code.BROKEN_DOCUMENT, f"page {at + 1} of the PDF cannot be read ({error})") from error
    scale = render_scale(width, height, min(limits.max_pixels, _MAX_RENDER_PIXELS))
    layer = text_layer(page, scale, limits.max_words)
    return RawPage(lambda: _rendered(page, scale, at), layer.words if layer else None, layer.turn if layer else 0)


def _flat(document: pdfium.PdfDocument, at: int) -> pdfium.PdfPage:
    """Return a page whose filled-in form fields and notes are a part of its content, so that their text is read too."""
    page = document[at]
    if pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY) != pdfium_c.FLATTEN_SUCCESS:
        return page  # it has none, or keeps them
    page.close()
    return document[at]


def _rendered(page: pdfium.PdfPage, scale: float, at: int) -> Pixels:
    try:
        raster = page.render(scale=scale, grayscale=True, fill_color=_WHITE).to_numpy()
    except (pdfium.PdfiumError, RuntimeError, ValueError) as error:
        raise Fault(Code.BROKEN_DOCUMENT, f"page {at + 1} of the PDF cannot be drawn ({error})") from error
    return np.array(raster[:, :, 0] if raster.ndim == _WITH_CHANNELS else raster)
