"""Who may talk to whom, as the NetworkPolicies say it: the whole list, from both ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.charts.rendering import Manifest, named, pods, render

_COMPONENT = "app.kubernetes.io/component"
_NAME = "app.kubernetes.io/name"
_JOBS = ("snapshot", "trainer")
EVERYBODY = "everybody"
OUTSIDE = "outside"
"""Addresses, not pods."""
API_SERVER_PORTS = (443, 6443)
Flow = tuple[str, str, int]
"""Who, to whom, at which port."""

BETWEEN_OURS: set[Flow] = {
    ("operator", "serving", 9000),
    ("operator", "gateway", 9001),
    ("operator", "object-store", 7070),
    ("gateway", "serving", 8000),
    ("gateway", "postgresql", 5432),
    ("gateway", "object-store", 7070),
    ("gateway", "candidates", 8090),
    ("migration", "postgresql", 5432),
    ("purge", "postgresql", 5432),
    ("purge", "object-store", 7070),
    ("serving", "object-store", 7070),
    ("trainer", "object-store", 7070),
    ("snapshot", "object-store", 7070),
    ("snapshot", "gateway", 9001),
    ("test", "gateway", 8080),
    ("test", "serving", 8000),
    ("test", "serving", 8001),
    ("test", "candidates", 8090),
}
FROM_OTHERS: set[Flow] = {
    (EVERYBODY, "gateway", 8080),
    ("prometheus", "operator", 8080),
    ("prometheus", "gateway", 9001),
    ("prometheus", "serving", 9000),
    ("prometheus", "serving", 8002),
    ("prometheus", "candidates", 8090),
}
TO_OTHERS: set[Flow] = {
    *(("operator", OUTSIDE, port) for port in API_SERVER_PORTS),
    *(("gateway", OUTSIDE, port) for port in API_SERVER_PORTS),
    *(("object-store", OUTSIDE, port) for port in API_SERVER_PORTS),
    *((job, OUTSIDE, 443) for job in _JOBS),
}
DNS_PORT = 53


def _policies(values: dict[str, Any] | None = None) -> list[Manifest]:
    manifests = [*render("capforge", values), *render("capforge-tenant", namespace="team-a")]
    return [one for one in manifests if one["kind"] == "NetworkPolicy"]


def _flows(direction: str, peers: str, values: dict[str, Any] | None = None) -> set[Flow]:
    """Return what the policies let through in one direction, with everybody's DNS left out."""
    found: set[Flow] = set()
    for policy in _policies(values):
        for own in _components(policy["spec"]["podSelector"]):
            for rule in policy["spec"].get(direction, []):
                others = [name for peer in rule[peers] for name in _peer(peer)] if peers in rule else [EVERYBODY]
                ports = [one["port"] for one in rule["ports"]]
                assert ports, f"{policy['metadata']['name']}: a rule without ports opens them all"
                pairs = [(own, other) if direction == "egress" else (other, own) for other in others]
                found |= {(*pair, port) for pair in pairs for port in ports if port != DNS_PORT}
    return found


def _peer(peer: dict[str, Any]) -> Iterator[str]:
    if "ipBlock" in peer:
        yield OUTSIDE
    elif "podSelector" in peer:
        yield from _components(peer["podSelector"])
    else:
        assert peer == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        yield "prometheus"


def _components(selector: dict[str, Any]) -> list[str]:
    labels = selector.get("matchLabels", {})
    listed = [value for one in selector.get("matchExpressions", []) for value in one["values"]]
    if listed:
        return listed
    return [labels.get(_COMPONENT) or {"capforge": EVERYBODY}.get(labels[_NAME], labels[_NAME])]


def test_every_component_lets_in_what_is_listed_and_nobody_else() -> None:
    assert _flows("ingress", "from") == (BETWEEN_OURS | FROM_OTHERS) - {
        ("test", "gateway", 8080)  # it is one of everybody
    }


def test_every_component_goes_where_it_is_listed_and_nowhere_else() -> None:
    assert _flows("egress", "to") == BETWEEN_OURS | TO_OTHERS


def test_with_external_stores_nothing_inside_stands_for_them() -> None:
    external = {
        "objectStore": {"embedded": {"enabled": False}, "external": {"endpointUrl": "https://s3.example.com"}},
        "postgresql": {"embedded": {"enabled": False}, "external": {"host": "db.example.com", "port": 6432}},
    }
    egress = _flows("egress", "to", external)
    assert {("gateway", OUTSIDE, 6432), ("migration", OUTSIDE, 6432)} <= egress
    assert {("gateway", OUTSIDE, 443), ("operator", OUTSIDE, 443), ("serving", OUTSIDE, 443)} <= egress
    assert not {flow for flow in egress if flow[0] not in _JOBS and flow[1] in {"object-store", "postgresql"}}


def test_every_port_of_a_service_is_one_that_somebody_may_reach() -> None:
    manifests = render("capforge")
    reachable = {(target, port) for _, target, port in BETWEEN_OURS | FROM_OTHERS}
    for service in (one for one in manifests if one["kind"] == "Service"):
        selector = service["spec"]["selector"]
        pod = next(
            spec
            for one in manifests
            if one["kind"] in {"Deployment", "StatefulSet"}
            and selector.items() <= one["spec"]["template"]["metadata"]["labels"].items()
            for spec in pods([one]).values()
        )
        numbers = {port["name"]: port["containerPort"] for each in pod["containers"] for port in each.get("ports", [])}
        for port in service["spec"]["ports"]:
            target = numbers.get(port["targetPort"], port["targetPort"])
            assert (selector[_COMPONENT], target) in reachable, f"{service['metadata']['name']} {port['name']}"


@pytest.mark.parametrize("component", ["operator", "gateway", "serving", "candidates", "object-store", "postgresql"])
def test_every_pod_is_under_the_default_deny(component: str) -> None:
    manifests = render("capforge")
    deny = named(manifests, "NetworkPolicy", "capforge-default-deny")["spec"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert deny["ingress"] == []
    selected = [
        one
        for one in manifests
        if one["kind"] in {"Deployment", "StatefulSet"}
        and one["spec"]["template"]["metadata"]["labels"][_COMPONENT] == component
    ]
    assert len(selected) == 1
    labels = selected[0]["spec"]["template"]["metadata"]["labels"]
    assert deny["podSelector"]["matchLabels"].items() <= labels.items()


def test_what_parses_the_files_of_strangers_goes_nowhere_not_even_to_dns() -> None:
    manifests = render("capforge")
    assert named(manifests, "NetworkPolicy", "capforge-candidates")["spec"]["egress"] == []
    assert named(manifests, "NetworkPolicy", "capforge-default-deny")["spec"]["egress"] == []
    (expression,) = named(manifests, "NetworkPolicy", "capforge-dns")["spec"]["podSelector"]["matchExpressions"]
    assert expression == {"key": _COMPONENT, "operator": "NotIn", "values": ["candidates"]}


def test_without_a_reader_nobody_may_go_to_one() -> None:
    flows = _flows("ingress", "from", {"candidates": {"enabled": False}})
    flows |= _flows("egress", "to", {"candidates": {"enabled": False}})
    assert not {flow for flow in flows if flow[1] == "candidates"}


def test_the_policies_can_be_left_out() -> None:
    values = {"networkPolicies": {"enabled": False}, "tenant": {"networkPolicies": {"enabled": False}}}
    assert not [one for one in render("capforge", values) if one["kind"] == "NetworkPolicy"]
