"""Fixtures `site`, `served`: a whole serving side with two pods and two gateways, and a capability that answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.serving.site import Site, serving_site
from tests.integration.faults.serving.story import Served
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def whole_site(kube: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Ends with the module: its operator would work on the objects of everybody else's tests too."""
    with serving_site(kube, tmp_path_factory.mktemp("serving")) as made:
        yield made


@pytest.fixture
def site(whole_site: Site) -> Site:
    """Two ready serving pods and two ready gateways, whatever the test before left."""
    for pod in whole_site.pods[2:]:
        whole_site.remove_pod(pod)
    while len(whole_site.pods) < 2:
        whole_site.add_pod()
    eventually(lambda: all(pod.is_ready() for pod in whole_site.pods), 60)
    eventually(lambda: all(gateway.is_ready() for gateway in whole_site.gateways), 60)
    return whole_site


@pytest.fixture
def served(site: Site) -> Iterator[Served]:
    """A capability of the test's own whose v1.1 answers from both pods."""
    made = Served(site.client, site.installation.s3.store(), site.tenant)
    made.apply()
    made.publish()
    made.until_answers("1.1", replicas=2)
    yield made
    made.delete()
