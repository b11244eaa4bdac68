"""Rules and dashboard as Prometheus' own tool reads them, and as the chart installs them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.charts.rendering import CHARTS, HELM, Manifest, named, pods, render

PROMTOOL = HELM.with_name("promtool")
RULES = CHARTS / "capforge" / "rules" / "alerts.yaml"
DASHBOARD = CHARTS / "capforge" / "dashboards" / "capforge.json"
ALERT_TESTS = Path(__file__).with_name("alerts.yaml")
RUNBOOK = CHARTS.parent / "docs" / "runbook.md"
_ON = {"monitoring": {name: {"enabled": True} for name in ("podMonitors", "rules", "dashboard")}}
_KINDS = {"PodMonitor", "PrometheusRule"}


def promtool(*arguments: str | Path) -> str:
    assert PROMTOOL.exists(), f"{PROMTOOL} is missing: run `make binaries`"
    done = subprocess.run([str(PROMTOOL), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerting rules by name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def dashboard_expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_every_alert_fires_when_it_should_and_none_while_all_is_well(tmp_path: Path) -> None:
    tests = tmp_path / "alerts.yaml"
    tests.write_text(ALERT_TESTS.read_text().replace("[RULES]", f"[{RULES}]"))
    promtool("test", "rules", tests)


def test_every_alert_is_tested() -> None:
    cases = yaml.safe_load(ALERT_TESTS.read_text())["tests"]
    fired = {one["alertname"] for case in cases for one in case.get("alert_rule_test", []) if one["exp_alerts"]}
    assert fired == set(alerts())


@pytest.mark.parametrize("name", sorted(alerts()))
def test_every_alert_says_how_bad_what_and_what_to_do(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert "for" in alert, "one bad scrape is no alert"


def test_the_runbook_has_a_paragraph_for_each_alert_and_for_no_other() -> None:
    headings = set(re.findall(r"^### (Capforge\w+)$", RUNBOOK.read_text(), re.MULTILINE))
    assert headings == set(alerts())


def test_prometheus_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    known = {"$__rate_interval": "5m", "$namespace": ".*", "$capability": ".*"}
    rules = []
    for number, expression in enumerate(dashboard_expressions()):
        for variable, value in known.items():
            expression = expression.replace(variable, value)  # noqa: PLW2901 - filled in step by step
        assert "$" not in expression
        rules.append({"record": f"panel:{number}", "expr": expression})
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "--lint=none", path)


def test_every_panel_says_what_it_shows_in_which_unit() -> None:
    panels = [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_nothing_of_it_is_installed_unless_asked_for() -> None:
    assert not [one for one in render("capforge") if one["kind"] in _KINDS]


def test_the_chart_installs_the_rules_as_they_are_and_alerts_point_to_the_published_runbook() -> None:
    values = {"monitoring": {"rules": {"enabled": True, "runbookUrl": "https://docs.example.com/runbook"}}}
    installed = named(render("capforge", values), "PrometheusRule", "capforge")["spec"]
    written = RULES.read_text().replace("docs/runbook.md", "https://docs.example.com/runbook")
    assert installed == {"groups": yaml.safe_load(written)["groups"]}


def test_an_alert_can_be_left_out() -> None:
    values = {"monitoring": {"rules": {"enabled": True, "disabled": ["CapforgePredictSlow"]}}}
    groups = named(render("capforge", values), "PrometheusRule", "capforge")["spec"]["groups"]
    kept = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert kept == set(alerts()) - {"CapforgePredictSlow"}


def test_the_dashboard_comes_with_the_label_that_the_sidecar_looks_for() -> None:
    found = named(render("capforge", _ON), "ConfigMap", "capforge-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["capforge.json"]) == json.loads(DASHBOARD.read_text())


def test_every_pod_is_scraped_at_a_port_that_it_has() -> None:
    manifests = render("capforge", _ON)
    assert {one["metadata"]["name"] for one in manifests if one["kind"] == "PodMonitor"} == {
        "capforge-operator",
        "capforge-gateway",
        "capforge-serving",
        "capforge-candidates",
    }
    for monitor in (one for one in manifests if one["kind"] == "PodMonitor"):
        ports = _ports(manifests, monitor["spec"]["selector"]["matchLabels"])
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            assert endpoint["port"] in ports
            assert endpoint["honorLabels"] is True, "`namespace` is the tenant's"


def _ports(manifests: list[Manifest], labels: dict[str, str]) -> set[str]:
    workloads = [one for one in manifests if one["kind"] in {"Deployment", "StatefulSet"}]
    found = [one for one in workloads if labels.items() <= one["spec"]["template"]["metadata"]["labels"].items()]
    assert len(found) == 1
    pod = pods(found)[f"{found[0]['kind']}/{found[0]['metadata']['name']}"]
    return {port["name"] for container in pod["containers"] for port in container.get("ports", [])}
