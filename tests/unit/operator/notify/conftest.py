"""One world for everything about notifications."""

from __future__ import annotations

import pytest

from tests.unit.operator.notify.world import NotifyWorld


@pytest.fixture
def world() -> NotifyWorld:
    return NotifyWorld()
