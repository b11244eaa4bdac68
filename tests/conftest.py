"""Fixtures every test may ask for; each real server starts only when a test asks."""

from __future__ import annotations

pytest_plugins = ["tests.support.apiserver", "tests.support.objectstore", "tests.support.triton"]
