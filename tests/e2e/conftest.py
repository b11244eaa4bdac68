"""Every test here needs a whole cluster, and they run one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.e2e import system, tenant

__all__ = ["system", "tenant"]

_TIMEOUT_SECONDS = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(_TIMEOUT_SECONDS))
