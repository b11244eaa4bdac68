"""Which release this is. All components are released together: a test compares with their projects and charts."""

from __future__ import annotations

RELEASE = "0.1.0"
