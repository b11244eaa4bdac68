"""What the descriptions of the gateway's parts are made of: parameters, bodies, calls with their refusals. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
REF = "#/components/schemas/{model}"
BINARY: Json = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
ALWAYS = ("400", "401", "404", "429", "500", "503")
"""Statuses that any call with a key may be refused with."""
NAMESPACE = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


def in_path(name: str, schema: Json, description: str) -> Json:
    """Return a parameter of the address."""
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}


def in_query(name: str, schema: Json, description: str) -> Json:
    """Return a parameter that may be left out."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


@dataclass(frozen=True)
class Describing:
    """The calls of one part."""

    refusals: Mapping[str, str]
    """What each status means there."""
    prefix: str = ""
    """Of the names of its schemas, where another part has other ones of these names."""

    @property
    def ref(self) -> str:
        """Where its schemas are found, for pydantic."""
        return REF.format(model=self.prefix + "{model}")

    def json(self, *models: str) -> Json:
        """Return content that is one of these."""
        named = [{"$ref": self.ref.format(model=model)} for model in models]
        return {"application/json": {"schema": named[0] if len(named) == 1 else {"anyOf": named}}}

    def refused(self, statuses: Sequence[str]) -> Json:
        """Return the answers to refused requests."""
        content = {"application/json": {"schema": {"$ref": REF.format(model="FailureAnswer")}}}
        return {one: {"description": self.refusals[one], "content": content} for one in sorted(statuses)}

    def call(
        self,
        operation: str,
        summary: str,
        model: str,
        parameters: Sequence[Json],
        statuses: Sequence[str] = ("200",),
        refusals: Sequence[str] = ALWAYS,
        takes: Sequence[str] = (),
    ) -> Json:
        """Return a call that is answered with a model; `takes`: its body is one of these."""
        answer = {"description": summary, "content": self.json(model)}
        body = {"requestBody": {"required": True, "content": self.json(*takes)}} if takes else {}
        return {
            "operationId": operation,
            "summary": summary,
            "parameters": list(parameters),
            **body,
            "responses": {**dict.fromkeys(statuses, answer), **self.refused(refusals)},
        }
