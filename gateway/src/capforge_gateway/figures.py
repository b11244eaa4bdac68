"""What is counted about the predictions of one version, in plain numbers.

The Prometheus client's own collectors take a lock and a look-up for each number, about ten microseconds a request. All
counting and all reading happens on one event loop, so numbers and lists will do; families are made when somebody reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

Product = tuple[str, str, str]
"""Namespace, capability, version; empty where a request did not come so far."""
PRODUCT = ("namespace", "capability", "version")
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_CLASSES = ("2xx", "4xx", "5xx")
_WATCHED_FAULTS = ("Overloaded", "ServingUnavailable", "TooManyRequests")
"""There from the start: a rate that alerts are made of must not miss the first one."""
IMAGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Distribution:
    """How many values fell below each bound, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, product: Product) -> None:
        """Append this as one series; nothing where no value was counted."""
        reached, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            reached += count
            buckets.append((bound, reached))
        if reached:
            family.add_metric(product, buckets=buckets, sum_value=self._sum)


class Figures:
    """Of one product."""

    __slots__ = ("answers", "batches", "decode", "duration", "entities", "failures", "faults", "upstream")

    def __init__(self) -> None:
        self.answers = dict.fromkeys(_CLASSES, 0)
        """By class of the status."""
        self.faults = dict.fromkeys(_WATCHED_FAULTS, 0)
        """By the error's code."""
        self.duration = Distribution(SECONDS)
        self.decode = Distribution(SECONDS)
        self.upstream = Distribution(SECONDS)
        self.batches = Distribution(IMAGES)
        self.entities = 0
        self.failures = 0
        """Of model servers; each costs the request another try."""


def families(figures: Mapping[Product, Figures]) -> Iterator[Metric]:
    """Yield all families with the series of all products."""
    yield from _counters(figures)
    for name, text, of in (
        ("capforge_predict_duration_seconds", "Whole request, from its head to its answer.", "duration"),
        ("capforge_predict_decode_seconds", "Decoding and scaling of the image.", "decode"),
        ("capforge_predict_upstream_seconds", "From asking a model server to its answer, all tries.", "upstream"),
        ("capforge_predict_batch_images", "Images sent to a model server at once.", "batches"),
    ):
        histogram = HistogramMetricFamily(name, text, labels=PRODUCT)
        for product, one in figures.items():
            getattr(one, of).add_to(histogram, product)
        yield histogram


def _counters(figures: Mapping[Product, Figures]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "capforge_predict_requests", "Predictions answered, by class of the status.", labels=(*PRODUCT, "code")
    )
    errors = CounterMetricFamily(
        "capforge_predict_errors", "Predictions refused or failed, by the error's code.", labels=(*PRODUCT, "reason")
    )
    entities = CounterMetricFamily("capforge_predict_entities", "Entities answered.", labels=PRODUCT)
    failures = CounterMetricFamily(
        "capforge_predict_server_failures", "Model servers that failed a request, which was sent again.", labels=PRODUCT
    )
    for product, one in figures.items():
        for code, count in one.answers.items():
            requests.add_metric((*product, code), count)
        for reason, count in one.faults.items():
            errors.add_metric((*product, reason), count)
        if product[2]:
            entities.add_metric(product, one.entities)
            failures.add_metric(product, one.failures)
    yield from (requests, errors, entities, failures)
