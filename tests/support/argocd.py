"""Argo CD's judgement of an object, by a health script: the same Lua, in the same sandbox of plain tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lupa.lua54 import LuaRuntime

from capforge_tools.places import REPOSITORY

SCRIPTS = REPOSITORY / "examples" / "gitops" / "argocd" / "health"
STATUSES = frozenset({"Healthy", "Progressing", "Degraded", "Suspended"})
"""What Argo CD understands; it takes anything else for Unknown."""


@dataclass(frozen=True)
class Health:
    """What Argo CD shows."""

    status: str
    message: str


def health(document: dict[str, Any], folder: Path = SCRIPTS) -> Health:
    """Run the script of the object's kind on it."""
    lua = LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    judge = lua.eval("function(source, given) return load(source, 'health', 't', {obj = given, ipairs = ipairs})() end")
    source = (folder / f"{document['kind']}.lua").read_text()
    said = judge(source, lua.table_from(document, recursive=True))
    return Health(said["status"], said["message"])
