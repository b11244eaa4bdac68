"""What a path below `/v2` asks for. Pure.

A model is named `<namespace>.<capability>`: both are DNS labels, so the dot divides, and the path needs no escapes.
A version is `1.2` or `v1.2`; none, `1` or `v1` is the version in force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from capforge_gateway.predict.target import LABEL

ROOT = "/v2"
NAME_FORM = "<namespace>.<capability>"
_NAME = re.compile(rf"({LABEL})\.({LABEL})")
_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(ready|infer))?")
_MAX_ASKED_CHARS = 64


class Call(StrEnum):
    """The calls of the protocol."""

    SERVER = "server"
    LIVE = "live"
    READY = "ready"
    MODEL = "model"
    MODEL_READY = "model ready"
    INFER = "infer"


_SERVER_CALLS = {"": Call.SERVER, "/health/live": Call.LIVE, "/health/ready": Call.READY}
_MODEL_CALLS = {None: Call.MODEL, "ready": Call.MODEL_READY, "infer": Call.INFER}
METHODS = {call: "POST" if call is Call.INFER else "GET" for call in Call}


@dataclass(frozen=True)
class Asked:
    """A call, and the model that it is about."""

    call: Call
    model: str = ""
    """As it stands in the path, not checked."""
    version: str = ""
    """As it stands in the path; empty: none was named."""

    @property
    def capability(self) -> tuple[str, str] | None:
        """Namespace and capability; None where the model's name has another form."""
        match = _NAME.fullmatch(self.model)
        return (match[1], match[2]) if match else None

    @property
    def version_asked(self) -> str:
        """The version as it stands in the addresses of predictions: `v1`, `v1.2`."""
        return "v1" if not self.version else "v" + self.version.removeprefix("v")[:_MAX_ASKED_CHARS]


def is_ours(path: str) -> bool:
    """Tell whether a path belongs to the protocol."""
    return path == ROOT or path.startswith(ROOT + "/")


def asked_by(path: str) -> Asked | None:
    """Return what a path asks for; None where the protocol has no such path."""
    call = _SERVER_CALLS.get(path.removeprefix(ROOT)) if is_ours(path) else None
    if call is not None:
        return Asked(call)
    match = _MODEL.fullmatch(path)
    return Asked(_MODEL_CALLS[match[3]], match[1], match[2] or "") if match else None


def name_of(namespace: str, capability: str) -> str:
    """Return the name of a capability's model."""
    return f"{namespace}.{capability}"
