"""What is counted about predictions, where it is counted, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import cast

import pytest

from capforge_contracts.build import RELEASE
from capforge_contracts.run import CapabilityType
from capforge_gateway.metrics import Metrics
from capforge_gateway.requests import Facts
from capforge_gateway.routing.routes import Capability, Routes, Version


class _Version:
    """As much of a routed version as metrics look at."""

    def __init__(self, number: str) -> None:
        self.version, self.model = number, f"cells--{number}"


def routes(*versions: str) -> Routes:
    routed = MappingProxyType({one: cast("Version", _Version(one)) for one in versions})
    cells = Capability("acme", "cells", CapabilityType.DETECTOR, "", routed, None, "")
    return Routes(1, MappingProxyType({("acme", "cells"): cells}))


def facts(version: str = "1.1", status: int = 200, code: str = "", namespace: str = "acme") -> Facts:
    return Facts(
        "id", namespace=namespace, capability="cells" if namespace else "", version=version, status=status, code=code
    )


@pytest.fixture
def metrics() -> Metrics:
    found = Metrics()
    found.predictions.retain(routes("1.1", "1.2"))
    return found


def value(metrics: Metrics, name: str, labels: Sequence[str] = ("acme", "cells", "1.1"), **more: str) -> float | None:
    named = dict(zip(("namespace", "capability", "version"), labels, strict=True))
    return metrics.registry.get_sample_value(name, {**named, **more})


def test_an_answer_is_counted_by_class_and_a_refusal_by_its_reason(metrics: Metrics) -> None:
    for one in (facts(), facts(status=503, code="Overloaded"), facts(status=499, code="ClientGone")):
        metrics.observe(one)
    counts = {code: value(metrics, "capforge_predict_requests_total", code=code) for code in ("2xx", "4xx", "5xx")}
    assert counts == {"2xx": 1, "4xx": 1, "5xx": 1}
    reasons = {one: value(metrics, "capforge_predict_errors_total", reason=one) for one in ("Overloaded", "ClientGone")}
    assert reasons == {"Overloaded": 1, "ClientGone": 1}
    assert value(metrics, "capforge_predict_duration_seconds_count") == 3


def test_series_that_alerts_are_made_of_begin_at_zero(metrics: Metrics) -> None:
    assert value(metrics, "capforge_predict_requests_total", code="5xx") == 0
    assert value(metrics, "capforge_predict_errors_total", reason="Overloaded") == 0


def test_a_duration_falls_into_every_bucket_that_holds_it(metrics: Metrics) -> None:
    for images in (1, 2, 3, 8, 100):
        metrics.sent("cells--1.1", images)
    buckets = {
        le: value(metrics, "capforge_predict_batch_images_bucket", le=le) for le in ("1.0", "2.0", "4.0", "+Inf")
    }
    assert buckets == {"1.0": 1, "2.0": 2, "4.0": 3, "+Inf": 5}
    assert value(metrics, "capforge_predict_batch_images_sum") == 114


def test_what_model_servers_do_is_counted_by_the_product_of_their_model(metrics: Metrics) -> None:
    metrics.server_failed("cells--1.2")
    metrics.server_failed("nobody-knows--it")
    assert value(metrics, "capforge_predict_server_failures_total", ("acme", "cells", "1.2")) == 1
    assert value(metrics, "capforge_predict_server_failures_total") == 0


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        pytest.param(facts(namespace="", version=""), ("", "", ""), id="without a key"),
        pytest.param(facts(version=""), ("acme", "cells", ""), id="an unknown version"),
        pytest.param(facts(version="1.9"), ("acme", "cells", ""), id="a version that went meanwhile"),
        pytest.param(facts(namespace="gone"), ("", "", ""), id="a namespace that went meanwhile"),
    ],
)
def test_what_is_not_routed_to_is_counted_for_what_is(
    metrics: Metrics, given: Facts, counted: tuple[str, str, str]
) -> None:
    metrics.observe(given)
    assert value(metrics, "capforge_predict_requests_total", counted, code="2xx") == 1


def test_a_version_keeps_its_count_while_it_is_routed_to_and_loses_it_after(metrics: Metrics) -> None:
    metrics.observe(facts())
    metrics.predictions.retain(routes("1.1", "1.3"))
    assert value(metrics, "capforge_predict_requests_total", code="2xx") == 1
    assert value(metrics, "capforge_predict_requests_total", ("acme", "cells", "1.2"), code="2xx") is None
    metrics.predictions.retain(routes("1.3"))
    assert value(metrics, "capforge_predict_requests_total", code="2xx") is None


def test_the_page_says_the_release(metrics: Metrics) -> None:
    assert f'capforge_build_info{{component="gateway",version="{RELEASE}"}} 1.0' in metrics.exposition().decode()
