"""Whatever the API server admits, the operator handles: it goes on, says what it thinks of each object, and needs no trace."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from capforge_tools.places import REPOSITORY
from tests.integration.crds import objects
from tests.integration.operator.life import Life
from tests.integration.operator.process import Installation, OperatorProcess
from tests.support.eventually import eventually

GROUP, API_VERSION = "capforge.dev", "v1alpha1"
EACH = 40
CREATED = 201
SEED = 20260101
SLOW = 100.0
KINDS = {
    "capabilities": objects.CAPABILITY,
    "datasets": objects.DATASET,
    "trainingruns": objects.TRAINING_RUN,
    "modeltemplates": objects.MODEL_TEMPLATE,
}
TEXTS = [
    "x", "", " ", "cells", "a\nb", "\u2028", "\u202e", "<script>alert(1)</script>", "'; --", "{{ 7*7 }}", "$(id)", "../../x", "é" * 60, "🩸",
    "s3://capforge/../other/x.json", "s3://capforge/x y/ü.json", "s3://a.b/%2e%2e/x.json", "s3://capforge/a/\n/x.json", "s3://xn--a/x.json",
    "1.999999999999", "1.1", "0" * 64, "f" * 64, "1Gi", "0", "99999999999999999999Ti", "0.0000001", "nvidia.com/gpu", "a/b/c", "a" * 253, "no-such",
    "file:///etc/passwd", "registry/image@sha256:x", "\x00",
]  # fmt: skip
ANYTHING: list[Any] = [
    {}, [], None, True, 0, -1, 2**53, 1e308, 5e-324, "x", {"a": {"b": [1, {"c": None}]}}, [[[]]], {"epochs": "many"}, {"epochs": -1},
    {"": ""}, {"a.b/c": 1}, {"$ref": "https://example.org/schema"}, {"$ref": "#"}, {"type": "object", "properties": {"epochs": {"type": "string"}}},
    {"type": "nonsense"}, {"properties": 5}, {"patternProperties": {"(": {}}}, {"required": ["x"]}, {"allOf": [{"$ref": "#/definitions/none"}]},
    {"optimizer": {"lr": 1e300}}, {"backbone": "none"}, {"__proto__": {}, "__class__": "x"}, {"x" * 300: 1},
]  # fmt: skip


class Chance:
    """Random specs, the same in every run."""

    def __init__(self, plural: str) -> None:
        document = yaml.safe_load((REPOSITORY / "crds" / f"{plural}.yaml").read_text())
        schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        self._spec_schema = schema["properties"]["spec"]
        self._random = random.Random(f"{SEED}{plural}")  # noqa: S311 - the same objects in every run

    def changed(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the spec with one to three fields set to something that their schema allows, or removed."""
        made: dict[str, Any] = json.loads(json.dumps(spec))
        for _ in range(self._random.randint(1, 3)):
            self._change(made, self._spec_schema)
        return made

    def _change(self, value: dict[str, Any], schema: dict[str, Any]) -> None:
        name = self._random.choice(sorted(schema["properties"]))
        inner = schema["properties"][name]
        if isinstance(value.get(name), dict) and "properties" in inner and self._random.random() < 0.7:
            self._change(value[name], inner)
        elif name in value and self._random.random() < 0.1:
            del value[name]
        else:
            value[name] = self._instance(inner)

    def _instance(self, schema: dict[str, Any]) -> Any:  # noqa: PLR0911 - one answer for each type
        choose = self._random.choice
        if "enum" in schema:
            return choose(schema["enum"])
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            return choose([one for one in ANYTHING if isinstance(one, dict)])
        if schema.get("x-kubernetes-int-or-string"):
            return choose([0, 1, 2**31, "1", "100m", "1Gi", "0", "0.5", "99999999999Ti"])
        match schema["type"]:
            case "object" if "properties" in schema:
                chosen = [
                    name
                    for name in schema["properties"]
                    if name in schema.get("required", []) or self._random.random() < 0.4
                ]
                return {name: self._instance(schema["properties"][name]) for name in chosen}
            case "object":
                return {choose(TEXTS): choose(TEXTS) for _ in range(self._random.randint(0, 3))}
            case "array":
                return [self._instance(schema["items"]) for _ in range(self._random.choice([0, 1, 2, 5]))]
            case "integer":
                return choose([schema.get("minimum", 0), schema.get("maximum", 9), 1])
            case "boolean":
                return choose([True, False])
        allowed = [
            text
            for text in TEXTS
            if re.search(schema.get("pattern", ""), text)
            and schema.get("minLength", 0) <= len(text) <= schema["maxLength"]
        ]
        return choose(allowed or TEXTS)


Create = Callable[[str, dict[str, Any]], bool]


@pytest.fixture
def create(installation: Installation, tenant: str) -> Iterator[Create]:
    """Create an object; tell whether the API server admitted it."""
    api = client.CustomObjectsApi(config.new_client_from_config(str(installation.kube.kubeconfig)))
    templates: list[str] = []

    def created(plural: str, document: dict[str, Any]) -> bool:
        try:
            if plural == "modeltemplates":
                api.create_cluster_custom_object(GROUP, API_VERSION, plural, document)
                templates.append(document["metadata"]["name"])
            else:
                api.create_namespaced_custom_object(GROUP, API_VERSION, tenant, plural, document)
        except client.ApiException as error:
            if error.status not in {400, 413, 422}:
                raise
            return False
        return True

    yield created
    for name in templates:
        api.delete_cluster_custom_object(GROUP, API_VERSION, "modeltemplates", name)


def named(document: dict[str, Any], name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {"name": name}, "spec": spec}


def unanswered(life: Life, plural: str, names: set[str]) -> list[str]:
    """Return the objects whose status does not speak of their generation yet."""
    shown = '{.metadata.name} {.metadata.generation} {.status.observedGeneration} {.status.conditions[0].type}{"\\n"}'
    text = life.kube.kubectl("get", plural, "-n", life.namespace, "-o", f"jsonpath={{range .items[*]}}{shown}{{end}}")
    answered = {line.split()[0] for line in text.splitlines() if _is_answered(line.split())}
    return sorted(names - answered)


def _is_answered(columns: list[str]) -> bool:
    return len(columns) == 4 and columns[1] == columns[2]


def traces(operator: OperatorProcess) -> list[str]:
    """Return the log's lines about our own mistakes."""
    found = []
    for line in operator.log.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if "exception" in told or told.get("level") in {"error", "critical"}:
                found.append(line)
        elif "Traceback" in line:
            found.append(line)
    return found


def test_every_object_that_is_admitted_gets_an_answer(
    operator: OperatorProcess, installation: Installation, tenant: str, create: Create
) -> None:
    life = Life(installation.kube, installation.s3.store(), tenant)
    admitted: dict[str, set[str]] = {plural: set() for plural in KINDS}
    for plural, document in KINDS.items():
        chance = Chance(plural)
        for number in range(EACH):
            name = f"chance-{number}"
            if create(plural, named(document, name, chance.changed(document["spec"]))):
                admitted[plural].add(name)
    assert all(len(names) >= EACH // 10 for names in admitted.values()), {
        plural: len(names) for plural, names in admitted.items()
    }
    for plural, names in admitted.items():
        eventually(lambda plural=plural, names=names: not unanswered(life, plural, names), SLOW, 0.5)  # type: ignore[misc]
    assert traces(operator) == []
    assert operator.health()[0] == 200


def test_an_object_nested_without_end_harms_nobody_else(
    operator: OperatorProcess, installation: Installation, tenant: str, create: Create
) -> None:
    life = Life(installation.kube, installation.s3.store(), tenant)
    run = named(objects.TRAINING_RUN, "deep", {**objects.TRAINING_RUN["spec"], "overrides": 0})
    template = named(objects.MODEL_TEMPLATE, f"deep-{tenant}", {**objects.MODEL_TEMPLATE["spec"], "defaults": 0})
    for levels in (200, 300, 1000, 1100, 5000):
        deep = '{"a": ' * levels + "{}" + "}" * levels
        text = json.dumps(run).replace('"deep"', f'"deep-{levels}"').replace('"overrides": 0', f'"overrides": {deep}')
        assert post(installation, f"namespaces/{tenant}/trainingruns", text) == CREATED
    deep = '{"a": [' * 3000 + "{}" + "]}" * 3000
    assert (
        post(installation, "modeltemplates", json.dumps(template).replace('"defaults": 0', f'"defaults": {deep}'))
        == CREATED
    )
    assert create("datasets", named(objects.DATASET, "after", objects.DATASET["spec"]))
    eventually(lambda: not unanswered(life, "datasets", {"after"}), SLOW, 0.5)
    names = {f"deep-{levels}" for levels in (200, 300, 1000, 1100, 5000)}
    eventually(lambda: not unanswered(life, "trainingruns", names), SLOW, 0.5)
    installation.kube.kubectl("delete", "modeltemplate", f"deep-{tenant}")
    installation.kube.kubectl("delete", "trainingruns", "--all", "-n", tenant, "--wait=false")
    assert traces(operator) == []
    assert operator.health()[0] == 200


def post(installation: Installation, resource: str, text: str) -> int:
    """Create an object from JSON text, which no Python library could make at this depth; return the status."""
    api = config.new_client_from_config(str(installation.kube.kubeconfig))
    url = f"{installation.kube.url}/apis/{GROUP}/{API_VERSION}/{resource}"
    headers = {"Content-Type": "application/json"}
    answer = api.rest_client.pool_manager.request("POST", url, body=text.encode(), headers=headers)
    return int(answer.status)
