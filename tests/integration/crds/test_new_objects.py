"""Good and bad new objects, as a person would apply them, on the real API server."""

from __future__ import annotations

import json

import pytest

from capforge_tools.errors import CommandFailedError
from tests.integration.crds.bad_capabilities import BAD_CAPABILITIES
from tests.integration.crds.bad_data_and_runs import BAD_DATA_AND_RUNS
from tests.integration.crds.good_objects import GOOD
from tests.integration.crds.objects import Document
from tests.support.apiserver import KubeApi


@pytest.fixture(scope="module")
def namespace(kube: KubeApi) -> str:
    """One namespace: every case is a server-side dry run, so nothing stays."""
    kube.apply_crds()
    return kube.create_namespace()


def dry_run(kube: KubeApi, namespace: str, document: Document) -> str:
    return kube.kubectl(
        "apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", "-", stdin=json.dumps(document)
    )


@pytest.mark.parametrize("document", [pytest.param(value, id=name) for name, value in GOOD.items()])
def test_a_good_object_is_accepted(kube: KubeApi, namespace: str, document: Document):
    assert "serverside-applied" in dry_run(kube, namespace, document)


@pytest.mark.parametrize(
    ("document", "said"),
    [pytest.param(*value, id=name) for name, value in {**BAD_CAPABILITIES, **BAD_DATA_AND_RUNS}.items()],
)
def test_a_bad_object_is_refused_with_what_is_allowed(kube: KubeApi, namespace: str, document: Document, said: str):
    with pytest.raises(CommandFailedError) as refused:
        dry_run(kube, namespace, document)
    assert said in str(refused.value)
