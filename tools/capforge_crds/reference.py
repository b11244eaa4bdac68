"""The reference page of a kind: every field with type, default, limits and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_LIMITS = (
    ("minimum", "≥ {}"),
    ("maximum", "≤ {}"),
    ("minLength", "≥ {} characters"),
    ("maxLength", "≤ {} characters"),
    ("minItems", "≥ {} items"),
    ("maxItems", "≤ {} items"),
    ("maxProperties", "≤ {} entries"),
    ("pattern", "matches `{}`"),
)


def reference_page(document: dict[str, Any]) -> str:
    """Return the Markdown page of one CRD."""
    names, version = document["spec"]["names"], document["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    scope = "namespaced" if document["spec"]["scope"] == "Namespaced" else "cluster-scoped"
    commands = f"`kubectl get {names['plural']}` or `kubectl get {names['shortNames'][0]}`"
    parts = [
        f"# {names['kind']}\n\n{schema['description']}\n",
        f"`{document['spec']['group']}/{version['name']}`, {scope}; {commands}.\n",
        _rules("Rules for the whole object", schema),
        _section("spec", schema["properties"]["spec"]),
        _section("status", schema["properties"]["status"]),
        _columns(version["additionalPrinterColumns"]),
    ]
    return "\n".join(part for part in parts if part)


def _section(name: str, schema: dict[str, Any]) -> str:
    rows = "\n".join(_rows(name, schema))
    return (
        f"## {name}\n\n{schema['description']}\n\n"
        f"| field | type | default | allowed | meaning |\n|---|---|---|---|---|\n{rows}\n"
        f"{_rules_below(schema)}"
    )


def _rows(path: str, schema: dict[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", []))
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        yield _row(here, field, required=name in required)
        inner = field.get("items", field)
        yield from _rows(f"{here}[]" if "items" in field else here, inner)


def _row(path: str, field: dict[str, Any], *, required: bool) -> str:
    default = "required" if required else _code(field.get("default"))
    limits = [text.format(field[key]) for key, text in _LIMITS if key in field]
    if "enum" in field:
        limits.insert(0, ", ".join(f"`{value}`" for value in field["enum"]))
    limits += [rule["message"] for rule in field.get("x-kubernetes-validations", [])]
    cells = [f"`{path}`", _type(field), default, "; ".join(limits), field.get("description", "")]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(field: dict[str, Any]) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    if "items" in field:
        keys = ", ".join(field.get("x-kubernetes-list-map-keys", []))
        return f"list of {_type(field['items'])}" + (f" by {keys}" if keys else "")
    if "additionalProperties" in field:
        return "map of strings"
    if field.get("x-kubernetes-preserve-unknown-fields"):
        return "free object"
    return {"date-time": "time"}.get(field.get("format", ""), str(field["type"]))


def _code(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, dict):
        return ""  # each member shows its own
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _rules_below(schema: dict[str, Any]) -> str:
    messages = [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]
    return "\n" + "\n".join(f"- {message}" for message in messages) + "\n" if messages else ""


def _rules(title: str, schema: dict[str, Any]) -> str:
    below = _rules_below(schema)
    return f"## {title}\n{below}" if below else ""


def _columns(columns: list[dict[str, Any]]) -> str:
    rows = "\n".join(f"| {column['name'].upper()} | {_shown(column)} | {column['description']} |" for column in columns)
    return f"## Columns of `kubectl get`\n\n| column | shown | meaning |\n|---|---|---|\n{rows}\n"


def _shown(column: dict[str, Any]) -> str:
    return "with `-o wide`" if column.get("priority") else "always"
