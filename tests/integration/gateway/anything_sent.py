"""Whatever is sent within a call's description, or against it, is answered as the description says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess


def below(document: dict[str, Any], path: str, known: dict[str, str]) -> dict[str, Any]:
    """Return the description's calls below a path; the parameters in addresses take only what is there."""
    paths = {one: calls for one, calls in document["paths"].items() if one.startswith(path)}
    for operation in [one for calls in paths.values() for one in calls.values()]:
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                parameter["schema"] = {"type": "string", "enum": [known[parameter["name"]]]}
    return {**document, "paths": paths}


def references(part: Any) -> list[str]:
    """Return the names of the schemas that a part of a description refers to."""
    return [piece.split('"')[0] for piece in json.dumps(part).split('"#/components/schemas/')[1:]]


def check_anything_sent(operation: Any, mode: GenerationMode, gateway: GatewayProcess, examples: int) -> None:
    """Send so many requests, the same ones each time: none is a server error, all answers are as described."""

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(mode))
    def check(case: Any) -> None:
        case.call_and_validate(
            base_url=gateway.url,
            headers=gateway.authorization(),
            timeout=ANSWER_SECONDS,
            checks=[not_a_server_error, status_code_conformance, response_schema_conformance],
        )

    check()
