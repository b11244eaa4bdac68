"""Who may talk to whom, as the NetworkPolicies say it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.charts.rendering import Manifest, named, pods, render

_COMPONENT = "app.kubernetes.io/component"
_FLOWS = [
    ("operator", "serving", 9000),
    ("operator", "gateway", 9001),
    ("operator", "object-store", 7070),
    ("gateway", "serving", 8000),
    ("gateway", "postgresql", 5432),
    ("serving", "object-store", 7070),
    ("trainer", "object-store", 7070),
    ("snapshot", "object-store", 7070),
]


def _policies() -> list[Manifest]:
    return [one for one in render("capforge") if one["kind"] == "NetworkPolicy"]


def _sources(component: str, port: int) -> set[str]:
    """Return the components that may reach a component's port; `*` is everybody."""
    allowed: set[str] = set()
    for policy in _policies():
        if policy["spec"]["podSelector"]["matchLabels"].get(_COMPONENT) != component:
            continue
        for rule in policy["spec"].get("ingress", []):
            if port in {one["port"] for one in rule["ports"]}:
                allowed |= set().union(*(_components(peer) for peer in rule["from"])) if "from" in rule else {"*"}
    return allowed


def _components(peer: dict[str, Any]) -> set[str]:
    selector = peer.get("podSelector", {})
    named_one = selector.get("matchLabels", {}).get(_COMPONENT)
    listed = [value for one in selector.get("matchExpressions", []) for value in one["values"]]
    return {named_one} if named_one and not listed else set(listed)


@pytest.mark.parametrize(("source", "target", "port"), _FLOWS, ids=str)
def test_a_named_flow_is_open(source: str, target: str, port: int) -> None:
    assert source in _sources(target, port)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("trainer", "postgresql", 5432),
        ("trainer", "serving", 9000),
        ("gateway", "object-store", 7070),
        ("gateway", "serving", 9000),
    ],
    ids=str,
)
def test_what_is_not_named_is_closed(source: str, target: str, port: int) -> None:
    assert not _sources(target, port) & {source, "*"}


def test_everybody_reaches_the_gateway_and_nothing_else() -> None:
    assert _sources("gateway", 8080) == {"*"}
    open_to_all = [
        policy["metadata"]["name"]
        for policy in _policies()
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule
    ]
    assert open_to_all == ["capforge-gateway"]


def test_every_pod_is_under_the_default_deny() -> None:
    manifests = render("capforge")
    selector = named(manifests, "NetworkPolicy", "capforge-default-deny")["spec"]["podSelector"]["matchLabels"]
    templates = [one["spec"]["template"] for one in manifests if one["kind"] in {"Deployment", "StatefulSet"}]
    assert len(templates) + 1 == len(pods(manifests))
    for template in templates:
        assert selector.items() <= template["metadata"]["labels"].items()


def test_the_policies_can_be_left_out() -> None:
    values = {"networkPolicies": {"enabled": False}, "tenant": {"networkPolicies": {"enabled": False}}}
    assert not [one for one in render("capforge", values) if one["kind"] == "NetworkPolicy"]
