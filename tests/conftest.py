"""Fixtures every test may ask for; each real server starts only when a test asks."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime's builds on PyPI report to their vendor unless told not to

# A test says whether the code is right, not whether this run was lucky or the machine idle: the same examples each time,
# and no verdict by the clock. `--hypothesis-profile=explore` looks for new ones.
_NO_CLOCK = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_NO_CLOCK)
settings.register_profile("explore", derandomize=False, **_NO_CLOCK)
settings.load_profile("repeatable")

pytest_plugins = [
    "tests.support.apiserver",
    "tests.support.objectstore",
    "tests.support.postgres",
    "tests.support.triton",
]
