"""Every test here needs a whole cluster, and they run one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.product import Product, tiny_cells
from tests.support.e2e import System, a_tenant, system, tenant
from tests.support.workloads import Workloads

__all__ = ["system", "tenant"]

_TIMEOUT_SECONDS = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(_TIMEOUT_SECONDS))


@pytest.fixture(scope="session")
def product(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A tiny model that was trained undisturbed and answers as version 1.1; stories may add versions."""
    with a_tenant(system) as made:
        found = Product(made, tiny_cells(tmp_path_factory.mktemp("tiny")))
        found.declare()
        assert found.train("first") == "1.1"
        yield found


@pytest.fixture(scope="session")
def workloads(system: System) -> Workloads:
    """What runs in the system's namespace."""
    return Workloads(system)
