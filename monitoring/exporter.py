"""The answer to GET /metrics."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .metrics import Metrics

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _WithoutCreated(Collector):
    """Leaves out the `_created` series: they double the page and nobody queries them.

    prometheus_client has a switch for it, but for the whole process.
    """

    def __init__(self, inner: Collector) -> None:
        self._inner = inner

    def collect(self) -> Iterator[Metric]:
        for family in self._inner.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def render(metrics: Metrics) -> bytes:
    """All series in the Prometheus text format; send it with `CONTENT_TYPE`."""
    return generate_latest(_WithoutCreated(metrics.registry))
