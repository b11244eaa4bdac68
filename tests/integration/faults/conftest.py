"""A real API server and S3 server, each behind proxies that break things; processes that start in a moment."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from capforge_tools.certificates import Authority
from capforge_tools.places import REPOSITORY
from tests.integration.faults.forked_operator import ForkedOperator
from tests.integration.faults.node import Node, Program
from tests.integration.faults.story import Story
from tests.integration.operator.process import Installation, install
from tests.integration.operator.rest import forget_earlier_tests
from tests.support.apiserver import KubeApi
from tests.support.faults.journal import Journal
from tests.support.faults.nursery import Nursery, nursery
from tests.support.faults.proxy import Proxy
from tests.support.faults.words import kubernetes_words, s3_words
from tests.support.kubeclient import KubeClient
from tests.support.objectstore import S3Server

TRAINER_PYTHON = REPOSITORY / ".venv-trainer" / "bin" / "python"
SNAPSHOT_IMAGE, TRAINER_IMAGE = "snapshot:1", "trainer:1"
_STORIES = itertools.count(1)


@dataclass
class Site:
    """An installation whose operator sees API server and store through proxies, and a node whose Jobs have a third."""

    installation: Installation
    """As the operator sees it."""
    s3: S3Server
    """As it is."""
    client: KubeClient
    namespace: str
    nursery: Nursery
    api: Proxy
    store: Proxy
    """Between operator and object store."""
    jobs_store: Proxy
    """Between Jobs and object store."""
    folder: Path
    _operators: list[ForkedOperator] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """Of the operator's requests, to both servers."""
        return self.api.journal

    def story(self, **changes: object) -> Story:
        number = next(_STORIES)
        values = {"name": f"cells-{number}", "seed": number, **changes}
        release = self.installation.namespace
        return Story(self.client, self.s3.store(), self.namespace, release, **values)  # type: ignore[arg-type]

    def operator(self, **environment: str) -> ForkedOperator:
        made = ForkedOperator.of(self.nursery, self.installation, **environment)
        self._operators.append(made)
        return made

    def node(self, trainer: Program | None = None) -> Node:
        """Return what runs the Jobs; without a trainer, with one that learns nothing."""
        programs = {
            SNAPSHOT_IMAGE: Program(self.nursery, "capforge_snapshot"),
            TRAINER_IMAGE: trainer or Program(self.nursery, "tests.support.faults.quick_trainer"),
        }
        environment = replace(self.s3, endpoint_url=self.jobs_store.url).environment
        folder = self.folder / f"node-{next(_STORIES)}"
        folder.mkdir()
        return Node(self.client, self.namespace, programs, environment, folder)

    def settle(self, *stories: Story) -> None:
        """Leave nothing behind for the next test."""
        for one in self._operators:
            one.end()
        self._operators.clear()
        for proxy in (self.api, self.store, self.jobs_store):
            proxy.rules.clear()
            proxy.journal.restart()
            proxy.journal.ignored = ""
        for story in stories:
            story.clean()


@pytest.fixture(scope="session")
def python_nursery() -> Iterator[Nursery]:
    modules = ["capforge_operator.__main__", "capforge_snapshot.__main__", "tests.support.faults.quick_trainer"]
    with nursery([*modules, "tests.support.faults.warm_s3"]) as running:
        yield running


@pytest.fixture(scope="session")
def torch_nursery() -> Iterator[Nursery]:
    """Processes with torch imported."""
    if not TRAINER_PYTHON.exists():
        pytest.skip("the trainer's environment is missing: make trainer-venv")
    modules = ["capforge_trainer.run", "capforge_trainer.__main__", "tests.support.faults.warm_s3"]
    with nursery(modules, TRAINER_PYTHON) as running:
        yield running


@contextmanager
def site_of(kube: KubeApi, s3: S3Server, python_nursery: Nursery, folder: Path) -> Iterator[Site]:
    authority = Authority(kube.certificate_authority.parent)
    pair = authority.issue("fault-proxy", "fault-proxy", hosts=("127.0.0.1",))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(pair.certificate, pair.key)
    believed = ssl.create_default_context(cafile=str(kube.certificate_authority))
    journal = Journal()
    with ExitStack() as stack:
        api = stack.enter_context(Proxy(kube.url, kubernetes_words, journal, believed, shown).running())
        store = stack.enter_context(Proxy(s3.endpoint_url, s3_words, journal).running())
        jobs_store = stack.enter_context(Proxy(s3.endpoint_url, s3_words).running())
        seen = install(replace(kube, url=api.url), replace(s3, endpoint_url=store.url), folder)
        forget_earlier_tests(kube)
        client = KubeClient.of(kube.kubeconfig)
        site = Site(seen, s3, client, seen.tenant(), python_nursery, api, store, jobs_store, folder)
        yield site
        site.settle()
        for map_name in ("capforge-desired-cpu", "capforge-routes"):
            client.delete("ConfigMap", seen.namespace, map_name)


@pytest.fixture(scope="module")
def shared_site(
    kube: KubeApi, s3: S3Server, python_nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site_of(kube, s3, python_nursery, tmp_path_factory.mktemp("faults")) as site:
        yield site


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The site, without rules, operators and objects of earlier tests."""
    yield shared_site
    shared_site.settle(shared_site.story())
