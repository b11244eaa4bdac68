"""The page for Prometheus in pieces: with thousands of capabilities it is megabytes, and others want the event loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from itertools import islice

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

_SAMPLES = 500
"""In a piece: 3 ms."""


def pieces(registry: CollectorRegistry) -> Iterator[bytes]:
    """Yield what `generate_latest` returns, some lines at a time."""
    for metric in registry.collect():
        samples = iter(metric.samples)
        yield generate_latest(_Part.of(metric, islice(samples, _SAMPLES)))
        while part := list(islice(samples, _SAMPLES)):
            yield _without_head(generate_latest(_Part.of(metric, part)))


class _Part(Collector):
    """Some samples of one family."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    @classmethod
    def of(cls, metric: Metric, samples: Iterable[Sample]) -> _Part:
        part = copy(metric)
        part.samples = list(samples)
        return cls(part)

    def collect(self) -> Iterator[Metric]:
        yield self._metric


def _without_head(page: bytes) -> bytes:
    """Drop HELP and TYPE."""
    return page.split(b"\n", 2)[2]
