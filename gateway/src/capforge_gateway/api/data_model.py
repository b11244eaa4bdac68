"""Data models over HTTP: a JSON config comes, the Capability goes back as YAML; and a capability's config.

Nothing is applied: the gateway has no right to change anything in the cluster (ADR 0110).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.capability_resource import NAME_PATTERN, capability_of
from capforge_contracts.data_model_config import MAX_CONFIG_BYTES, ReadConfig, read_config, write_config
from capforge_contracts.data_model_faults import DataModelFaults
from capforge_contracts.run import CapabilityType
from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.bodies import bounded_body
from capforge_gateway.documents.rates import Rates
from capforge_gateway.errors import bad_request, not_found
from capforge_gateway.predict.door import Door
from capforge_gateway.predict.inputs import FORM, media_type
from capforge_gateway.predict.jsonsize import has_too_many_parts
from capforge_gateway.predict.multipart import Part, parts_of
from capforge_gateway.requests import Facts

PATH = "/v1/data-models"
YAML = "application/yaml"
FORM_OVERHEAD_BYTES = 16 * 1024
MAX_FAULTS = 200
MAX_PARTS = 50_000
_NAME_ALLOWED = "1 to 40 of a-z, 0-9 and '-', a letter or digit at both ends"


@dataclass(frozen=True)
class DataModels:
    """Each method answers one call; raises ApiError, which the app answers."""

    door: Door
    rates: Rates
    upload_timeout_seconds: float

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.upload, methods=["POST"]),
            Route(f"{PATH}/{{namespace}}/{{capability}}", self.download, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """200 with the Capability for `kubectl apply`; 400 with every fault of the config.

        Any key of this gateway will do: what comes back depends on the request alone. The query may say `name` and
        `namespace`; without, they are `my-capability` and the key's own namespace.
        """
        holders = self._holders(request)
        name = _named(request, "name") or "my-capability"
        namespace = _named(request, "namespace") or holders[0][0]
        limit = MAX_CONFIG_BYTES + FORM_OVERHEAD_BYTES
        read = _read(_config(request, await bounded_body(request, limit, self.upload_timeout_seconds)))
        warnings = "".join(f"# warning: {_one_line(warning)}\n" for warning in read.warnings)
        capability = capability_of(name, namespace, read.fields)
        text = yaml.safe_dump(capability, sort_keys=False, allow_unicode=True, width=120)
        return Response(warnings + text, media_type=YAML, headers=_headers(request))

    async def download(self, request: Request) -> Response:
        """200 with the JSON config of a field extractor."""
        given, facts = request.path_params, Facts(request_id_of(request.scope))
        capability = self.door.capability(given["namespace"], given["capability"], request.scope["headers"], facts)
        self.rates.spend(facts.namespace, facts.key)
        if capability.type is not CapabilityType.FIELD_EXTRACTOR:
            raise not_found(f"`{capability.name}` is a {capability.type}: it has no data model")
        return Response(write_config(capability.fields), media_type="application/json", headers=_headers(request))

    def _holders(self, request: Request) -> Sequence[tuple[str, str]]:
        """Return the namespaces that have the key, and the key's name in each; raises 401."""
        holders = self.door.holders(request.scope["headers"])
        self.rates.spend(*holders[0])
        return holders


def described(refusals: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI paths of the upload, with the given answers to refused requests."""
    name = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"}
    query = [{"in": "query", "name": one, "required": False, "schema": name} for one in ("name", "namespace")]
    config = {"type": "object", "required": ["problem_type"], "properties": {"problem_type": {"type": "object"}}}
    return {
        PATH: {
            "post": {
                "operationId": "dataModel",
                "summary": "A data model (JSON config) as a Capability in YAML; nothing is applied",
                "parameters": query,
                "requestBody": {"required": True, "content": {"application/json": {"schema": config}}},
                "responses": {
                    str(int(HTTPStatus.OK)): {
                        "description": "The Capability, for kubectl apply",
                        "content": {YAML: {"schema": {}}},
                    },
                    **refusals,
                },
            }
        }
    }


def _read(data: bytes) -> ReadConfig:
    if has_too_many_parts(data, len(data), MAX_PARTS):
        raise bad_request(f"the JSON has more than {MAX_PARTS} values")
    try:
        return read_config(data)
    except DataModelFaults as error:
        faults = [{"path": fault.path, "message": fault.message} for fault in error.faults[:MAX_FAULTS]]
        raise bad_request(
            f"the data model has {len(error.faults)} faults: {error.faults[0]}", faults=faults, count=len(error.faults)
        ) from error


def _config(request: Request, body: bytes) -> bytes:
    """Return the config in a body: the body itself, or the one file in a form."""
    content_type = request.headers.get("content-type", "").encode("latin-1")
    if media_type(content_type) != FORM:
        return body
    files = [part for part in parts_of(content_type, body) if _may_be_config(part)]
    if len(files) != 1:
        raise bad_request(f"the form holds {len(files)} configs; expected one field `config` or `document` with it")
    return bytes(files[0].data)


def _may_be_config(part: Part) -> bool:
    return part.name in {"config", "document"} and bool(part.data)


def _named(request: Request, parameter: str) -> str:
    value = request.query_params.get(parameter, "")
    if value and not NAME_PATTERN.fullmatch(value):
        raise bad_request(f"`{parameter}` cannot be used as a name; allowed: {_NAME_ALLOWED}", field=parameter)
    return value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _headers(request: Request) -> dict[str, str]:
    return {"X-Request-Id": request_id_of(request.scope), "X-Content-Type-Options": "nosniff"}
