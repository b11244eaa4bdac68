"""Fixtures every test may ask for; each real server starts only when a test asks."""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime's builds on PyPI report to their vendor unless told not to

pytest_plugins = ["tests.support.apiserver", "tests.support.objectstore", "tests.support.triton"]
