"""The driver as a whole, against servers that behave as told."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually
from tests.support.traffic.driver import traffic
from tests.unit.traffic.gateway_stub import gateway_stub


def test_a_quiet_time_has_no_errors_and_a_broken_one_has() -> None:
    with gateway_stub() as stub, traffic([stub.url], "acme", "cells", "key", pause_seconds=0.01) as driver:
        with driver.around("quiet") as report:
            driver.wait_for_requests()
        report.assert_no_errors()
        report.assert_only_versions({"v1.1"})
        with driver.around("away") as report:
            stub.status = 503
            driver.wait_for_requests()
            stub.status = 200
        with pytest.raises(AssertionError, match="requests failed; away"):
            report.assert_no_errors()


def test_a_new_version_is_seen_and_old_answers_after_it_too() -> None:
    with gateway_stub() as stub, traffic([stub.url], "acme", "cells", "key", pause_seconds=0.01) as driver:
        with driver.around("rollout") as report:
            stub.version = "1.2"
            driver.until_only("v1.2")
            driver.wait_for_requests()
        report.assert_versions_only_rise()
        with driver.around("fallback") as report:
            driver.wait_for_requests()
            stub.version = "1.1"
            driver.until_only("v1.1")
            driver.wait_for_requests()
        eventually(lambda: report.versions == {"v1.1", "v1.2"})


def test_new_connections_go_where_the_service_points() -> None:
    with (
        gateway_stub() as first,
        gateway_stub() as second,
        traffic([first.url], "acme", "cells", "key", pause_seconds=0.01) as driver,
    ):
        assert second.connections == 0
        with driver.around("move") as report:
            driver.use([second.url])
            first.say_close = True
            eventually(lambda: {one.address for one in driver.records[-4:]} == {second.url})
            driver.wait_for_requests()
        report.assert_no_errors()
        report.assert_ended_politely()


def test_traffic_does_not_start_on_errors() -> None:
    with gateway_stub() as stub:
        stub.status = 401
        with (
            pytest.raises(AssertionError, match="requests failed; first requests"),
            traffic([stub.url], "a", "b", "no"),
        ):
            pass
