"""Descriptions to read: one page without anything from elsewhere, made from the OpenAPI document. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=PackageLoader("capforge_gateway", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_COMMON = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def gateway_page(document: dict[str, Any]) -> str:
    """Return the page about the gateway."""
    return _ENVIRONMENT.get_template("docs.html").render(api=document, product=None, calls=_calls(document))


def version_page(document: dict[str, Any]) -> str:
    """Return the page about one version."""
    product = document["x-capforge"]
    name = "documents.html" if "fields" in product else "regions.html" if "crop" in product else "docs.html"
    return _ENVIRONMENT.get_template(name).render(api=document, product=product, calls=_calls(document))


def key_page() -> str:
    """Return the page that asks for a key; the same whatever the address."""
    return _ENVIRONMENT.get_template("key.html").render()


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, **operation}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _script_hash() -> str:
    found = _SCRIPT.search(key_page())
    text = found[1] if found else ""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


HEADERS = {**_COMMON, "Content-Security-Policy": _NOTHING}
KEY_PAGE_HEADERS = {
    **_COMMON,
    "Content-Security-Policy": f"{_NOTHING}; connect-src 'self'; script-src 'sha256-{_script_hash()}'",
}
