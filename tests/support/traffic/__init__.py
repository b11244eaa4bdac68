"""Continuous real predictions while something is done to what answers them.

    from tests.support.traffic.driver import traffic

    with traffic([gateway.url], "acme", "cells", key) as driver:
        with driver.around("kill triton pod") as report:
            pod.triton.kill()
            eventually(recovered)
        report.assert_no_errors()
        report.assert_only_versions({"v1.1"})

What is sent and how a client behaves: `connection.py`. What counts as what: `record.py`. What may be claimed: `report.py`.
"""
