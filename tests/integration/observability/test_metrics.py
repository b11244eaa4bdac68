"""What real components expose: well-formed, bounded, and all that rules and dashboard ask for."""

from __future__ import annotations

import re
import subprocess

import pytest

from capforge_contracts.build import RELEASE
from tests.integration.gateway.images import white
from tests.integration.gateway.process import capability, version
from tests.integration.observability.conftest import Whole
from tests.support.eventually import eventually
from tests.unit.charts.test_monitoring import PROMTOOL, RULES, dashboard_expressions

SCRAPED = ("gateway", "agent", "operator")
LABELS = {
    *("namespace", "capability", "version", "run", "dataset"),
    *("code", "reason", "state", "kind", "outcome", "verb", "resource", "operation", "step", "component"),
}
"""Each has few values, or one for each object that a person made; none holds what a stranger sends."""
_NAME = re.compile(r"\b(?:capforge|nv|process)_\w+")
_RECORDED = re.compile(r"\bcapability:\w+:\w+")
_UNITS = ("_seconds", "_bytes", "_ratio", "_info")


@pytest.mark.parametrize("component", SCRAPED)
def test_prometheus_own_linter_finds_nothing(whole: Whole, component: str) -> None:
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=whole.pages()[component], capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("component", SCRAPED)
def test_names_units_and_labels_keep_the_conventions(whole: Whole, component: str) -> None:
    for family in whole.families(component):
        name = family.name
        assert re.fullmatch(r"(capforge|process)_[a-z0-9_]+", name), name
        assert family.documentation, name
        assert family.type in {"counter", "gauge", "histogram"}, name
        for wrong in ("_millis", "_ms", "_minutes", "_percent", "_mib", "_total_", "_count", "_created"):
            assert wrong not in name, name
        if family.type == "histogram":
            assert name.endswith((*_UNITS, "_images")), name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels <= LABELS, f"{name}: {labels - LABELS}"


def test_rules_and_dashboard_ask_only_for_what_is_there(whole: Whole) -> None:
    whole.gateway.predict(white())
    asked = set(_NAME.findall(_RECORDED.sub("", "\n".join([*dashboard_expressions(), *_expressions_of_rules()]))))
    assert len(asked) > 30
    eventually(lambda: _missing(whole, asked))


def _missing(whole: Whole, asked: set[str]) -> None:
    """Fail where something is asked for that no component exposes (a model server counts after it has answered)."""
    declared = [one for component in SCRAPED for one in whole.families(component)]
    exposed = {name for family in declared for name in _samples(family.name, family.type)}
    exposed |= set(re.findall(r"^(nv_\w+)", whole.pages()["triton"], re.MULTILINE))
    assert asked - exposed == set()


def _expressions_of_rules() -> list[str]:
    return [line for line in RULES.read_text().splitlines() if not re.match(r"\s*(summary|- alert|- name|#)", line)]


def _samples(name: str, kind: str) -> set[str]:
    if kind == "histogram":
        return {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
    return {f"{name}_total"} if kind == "counter" else {name}


def test_every_component_says_its_release(whole: Whole) -> None:
    for component in SCRAPED:
        assert f'capforge_build_info{{component="{component}",version="{RELEASE}"}} 1.0' in whole.pages()[component]


def test_the_agent_tells_the_state_of_each_version(whole: Whole) -> None:
    page = whole.pages()["agent"]
    labels = 'capability="{}",namespace="lab",{}version="1.1"'
    good = labels.format("cells", 'state="Ready",')
    bad = labels.format("wrong", 'state="Failed",')
    why = labels.format("wrong", 'reason="DigestMismatch",')
    assert f"capforge_agent_model_state{{{good}}} 1.0" in page
    assert f"capforge_agent_model_state{{{bad}}} 1.0" in page
    assert f"capforge_agent_model_failed{{{why}}} 1.0" in page
    assert re.search(r'capforge_agent_model_load_seconds\{capability="cells".*\} \d+\.\d+', page)


def test_a_model_that_is_not_desired_any_more_has_no_series(whole: Whole) -> None:
    assert 'capability="wrong"' in whole.pages()["agent"]
    whole.pod.put(2, whole.model)
    eventually(lambda: 'capability="wrong"' not in whole.pages()["agent"])


def test_a_version_that_is_routed_to_no_more_has_no_series(whole: Whole) -> None:
    address = whole.pod.triton.address
    two = [version(number, whole.model.model, [address]) for number in ("1.1", "1.2")]
    whole.gateway.route(capability(two, "1.2"))
    assert whole.gateway.predict(white()).json()["document"]["inference"]["model"]["version"] == "1.2"
    assert 'version="1.2"' in whole.pages()["gateway"]
    whole.gateway.route(capability(two[:1], "1.1"))
    assert 'version="1.2"' not in whole.pages()["gateway"]
    assert 'version="1.1"' in whole.pages()["gateway"]


def test_what_strangers_send_makes_no_series(whole: Whole) -> None:
    before = _series(whole)
    for number in range(20):
        whole.gateway.http.post(whole.gateway.predict_url(f"v1.{number}", f"made-up-{number}", f"none-{number}"))
        whole.gateway.predict(white(), f"v1.{50 + number}", target={"name": f"unknown-{number}"})
    assert _series(whole) - before <= {"reason"}
    assert "made-up" not in whole.pages()["gateway"]


def _series(whole: Whole) -> set[str]:
    """Return the series of the gateway without their values; of errors by reason only that there are some."""
    lines = [line.rsplit(" ", 1)[0] for line in whole.pages()["gateway"].splitlines() if not line.startswith("#")]
    return {"reason" if "reason=" in line else re.sub(r"_bucket.*", "_bucket", line) for line in lines}
