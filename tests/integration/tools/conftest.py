"""The tests of the tools share one local cluster of their own."""

from __future__ import annotations

from tests.support.localcluster import cluster

__all__ = ["cluster"]
