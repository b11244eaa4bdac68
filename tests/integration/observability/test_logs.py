"""One shape, one id, no secret: what all components write about one story."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.gateway.images import white
from tests.integration.observability.conftest import COMPONENTS, Whole
from tests.support.eventually import eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_LEVELS = {"debug", "info", "warning", "error", "critical"}


def lines(whole: Whole, component: str) -> list[dict[str, Any]]:
    *complete, _ = whole.logs()[component].split("\n")  # the last one may still be in the writing
    return [json.loads(line) for line in complete]


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_line_has_the_one_shape(whole: Whole, component: str) -> None:
    found = lines(whole, component)
    assert found
    for line in found:
        assert list(line)[:4] == ["time", "level", "component", "event"], line
        assert line["component"] == component
        assert line["level"] in _LEVELS
        assert line["event"], line
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0), line


def test_what_is_worked_on_is_named_alike(whole: Whole) -> None:
    named = {"namespace": "acme", "capability": "cells", "version": "1.1"}
    whole.gateway.predict(white())
    predicted = eventually(lambda: [one for one in whole.gateway.lines("predict") if one["status"] == 200])
    assert named.items() <= predicted[-1].items()
    loaded = [one for one in lines(whole, "agent") if one["event"] == "step" and one["step"] == "Load"]
    assert {"namespace": "lab", "capability": "cells", "version": "1.1"}.items() <= loaded[0].items()

    def visited() -> set[str]:
        found = [one for one in lines(whole, "operator") if one["event"] == "reconciled"]
        return {key for one in found if one.get("namespace") == whole.tenant for key in one}

    eventually(lambda: {"capability", "dataset", "run"} <= visited())
    assert all(one["dataset"] == "cells" for one in lines(whole, "snapshot") if one["event"] == "snapshot done")


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        pytest.param({"X-Request-Id": "story-1"}, "story-1", id="the caller's id"),
        pytest.param({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE, id="the caller's trace"),
        pytest.param(
            {"X-Request-Id": "story-2", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "story-2", id="both"
        ),
    ],
)
def test_one_id_goes_from_the_request_to_the_model_server_and_back(
    whole: Whole, headers: dict[str, str], known: str
) -> None:
    answer = whole.gateway.predict(white(), headers=headers)
    assert answer.headers["X-Request-Id"] == known
    assert answer.json()["api_request"]["request_id"] == known
    assert eventually(lambda: [one for one in whole.gateway.lines("predict") if one["request"] == known])
    eventually(lambda: f"[request id: {known}]" in whole.logs()["triton"])


@pytest.mark.parametrize(
    "given",
    [
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        TRACE,
        "",
    ],
)
def test_a_trace_that_is_none_is_replaced(whole: Whole, given: str) -> None:
    answer = whole.gateway.predict(white(), headers={"traceparent": given})
    made = answer.json()["api_request"]["request_id"]
    assert made != TRACE
    assert len(made) == 32


def test_a_refusal_tells_its_id(whole: Whole) -> None:
    for answer in (
        whole.gateway.predict(b"no image", headers={"X-Request-Id": "bad-1"}),
        whole.gateway.http.get(f"{whole.gateway.url}/nowhere", headers={"X-Request-Id": "bad-1"}),
        whole.gateway.http.get(whole.gateway.predict_url(), headers={"X-Request-Id": "bad-1"}),
    ):
        assert answer.json()["api_request"]["request_id"] == "bad-1"
        assert answer.headers["X-Request-Id"] == "bad-1"


def test_an_id_that_was_made_is_the_same_in_header_body_and_log(whole: Whole) -> None:
    answer = whole.gateway.http.get(f"{whole.gateway.url}/nowhere")
    made = answer.json()["api_request"]["request_id"]
    assert answer.headers["X-Request-Id"] == made
    assert eventually(lambda: [one for one in whole.gateway.lines("request") if one["request"] == made])


def test_nobody_writes_a_secret(whole: Whole) -> None:
    told = {**whole.logs(), **{f"metrics of {name}": page for name, page in whole.pages().items()}}
    told["objects"] = whole.installation.kube.kubectl(
        "get", "events,capabilities,datasets,trainingruns,configmaps", "-A", "-o", "json"
    )
    found = [
        (where, what) for where, text in told.items() for what, secret in whole.secrets().items() if secret in text
    ]
    assert found == []
