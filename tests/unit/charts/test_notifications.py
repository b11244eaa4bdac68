"""Mail and webhooks in the chart: what the operator gets, where it may go, and that nothing secret is a variable."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_operator.settings import Settings
from tests.unit.charts.rendering import Manifest, RenderError, containers, named, pods, render

SMTP = {
    "host": "mail.example.com",
    "port": 465,
    "security": "Tls",
    "from": "capforge@example.com",
    "fromName": "Modèles",
    "loginSecret": "mail-login",
    "caSecret": "mail-ca",
    "allowedDomains": ["example.com", ".corp.example"],
}
WEBHOOKS = {"enabled": True, "networks": ["10.20.0.0/16"], "ports": [443, 8443], "caSecret": "hooks-ca"}


def operator(values: dict[str, Any]) -> Manifest:
    return pods(render("capforge", values))["Deployment/capforge-operator"]


def environment(values: dict[str, Any]) -> dict[str, str]:
    (container,) = containers(operator(values))
    return {one["name"]: one.get("value", "capforge-system") for one in container["env"]}


def egress(values: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = named(render("capforge", values), "NetworkPolicy", "capforge-operator")["spec"][
        "egress"
    ]
    return found


def test_the_operator_understands_what_the_chart_tells_it() -> None:
    values = {"notifications": {"smtp": SMTP, "webhooks": WEBHOOKS, "linkDays": 7, "patienceSeconds": 3600}}
    settings = Settings.from_environment(environment(values))
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security.value) == ("mail.example.com", 465, "Tls")
    assert (settings.smtp_from, settings.smtp_from_name) == ("capforge@example.com", "Modèles")
    assert settings.smtp_allowed_domains == ("example.com", ".corp.example")
    assert [str(one) for one in settings.webhook_networks] == ["10.20.0.0/16"]
    assert (settings.link_days, settings.notify_patience_seconds) == (7, 3600)


def test_what_is_secret_comes_as_files_and_only_those_that_are_needed() -> None:
    values = {"notifications": {"smtp": SMTP, "webhooks": WEBHOOKS}}
    pod = operator(values)
    volumes = {one["name"]: one["secret"] for one in pod["volumes"] if "secret" in one}
    assert volumes["smtp-login"]["secretName"] == "mail-login"
    assert [one["key"] for one in volumes["smtp-login"]["items"]] == ["username", "password"]
    assert [one["key"] for one in volumes["smtp-ca"]["items"]] == ["ca.crt"]
    assert volumes["webhook-ca"]["secretName"] == "hooks-ca"
    (container,) = containers(pod)
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    told = environment(values)
    assert told["CAPFORGE_SMTP_CREDENTIALS"] == mounts["smtp-login"]
    assert told["CAPFORGE_SMTP_CA"] == f"{mounts['smtp-ca']}/ca.crt"
    assert told["CAPFORGE_WEBHOOK_CA"] == f"{mounts['webhook-ca']}/ca.crt"
    from_secrets = [one["name"] for one in container["env"] if "secretKeyRef" in one.get("valueFrom", {})]
    assert not [name for name in from_secrets if "SMTP" in name or "WEBHOOK" in name]


def test_by_default_the_operator_goes_nowhere_and_tells_nobody() -> None:
    told = environment({})
    assert not [name for name in told if name.startswith(("CAPFORGE_SMTP", "CAPFORGE_WEBHOOK"))]
    settings = Settings.from_environment(told)
    assert (settings.smtp_host, settings.webhooks_enabled) == ("", False)
    assert len(egress({"notifications": {"smtp": SMTP, "webhooks": WEBHOOKS}})) == len(egress({})) + 2


def test_the_operator_may_reach_mail_server_and_webhooks_and_nothing_more() -> None:
    mail, hooks = egress({"notifications": {"smtp": SMTP, "webhooks": WEBHOOKS}})[-2:]
    assert mail == {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 465, "protocol": "TCP"}]}
    assert [one["ipBlock"]["cidr"] for one in hooks["to"]] == ["0.0.0.0/0", "10.20.0.0/16"]
    assert [one["port"] for one in hooks["ports"]] == [443, 8443]


def test_a_mail_server_inside_of_the_cluster_is_named_by_its_pods() -> None:
    peers = [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "mail"}}}]
    (mail,) = egress({"notifications": {"smtp": {**SMTP, "networkPeers": peers}}})[-1:]
    assert mail["to"] == peers


def test_links_are_only_promised_where_there_is_an_address_outside() -> None:
    assert environment({})["CAPFORGE_LINKS_URL"] == ""
    url = "https://models.example.com"
    assert environment({"gateway": {"externalUrl": url}})["CAPFORGE_LINKS_URL"] == url


@pytest.mark.parametrize(
    ("values", "named_field"),
    [
        ({"smtp": {"host": "mail.example.com"}}, "from"),
        ({"smtp": {**SMTP, "security": "ssl"}}, "security"),
        ({"smtp": {**SMTP, "from": "Ann <ann@example.com>"}}, "from"),
        ({"smtp": {**SMTP, "allowedDomains": ["ann@example.com"]}}, "allowedDomains"),
        ({"webhooks": {"networks": ["10.0.0.1"]}}, "networks"),
    ],
    ids=["no sender", "unknown security", "sender with a name", "an address as domain", "no network"],
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], named_field: str) -> None:
    with pytest.raises(RenderError, match=named_field):
        render("capforge", {"notifications": values})
