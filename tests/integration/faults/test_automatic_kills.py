"""The operator is killed at each write by which annotated documents become a run: it is made once, and never missed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from capforge_contracts.ledger import AutomaticTraining, ChallengerHeld, VersionPublished
from tests.integration.faults.automatic import AutomaticStory
from tests.integration.faults.conftest import Site
from tests.integration.faults.living import lived_through, until_ended
from tests.integration.faults.node import Node
from tests.integration.faults.sweep import tell
from tests.integration.faults.test_operator_kills import EVENTS, EveryWrite
from tests.integration.operator.rest import until_at_rest
from tests.support.counting_gateway import CountingGateway, counting_gateway
from tests.support.eventually import eventually
from tests.support.faults.journal import Moment
from tests.unit.operator.training_world import resource

CHAIN = re.compile(r"request\.json|POST .*/(datasets|trainingruns)$|ledger/|capabilities/[^/]+/status")


@pytest.fixture(scope="module")
def gateway(shared_site: Site) -> Iterator[CountingGateway]:
    with counting_gateway() as running, running.pod(shared_site.client, shared_site.installation.namespace):
        yield running


def node_of(site: Site, gateway: CountingGateway, folder: Path) -> Node:
    token = folder / "token"
    token.write_text("projected-token")
    made = site.node()
    told = {"CAPFORGE_GATEWAY_URL": gateway.url, "CAPFORGE_GATEWAY_TOKEN_FILE": str(token)}
    return replace(made, environment={**made.environment, **told})


def story_of(site: Site, gateway: CountingGateway) -> AutomaticStory:
    plain = site.story()
    return AutomaticStory(
        plain.kube, plain.store, plain.namespace, plain.release, plain.name, plain.seed, gateway=gateway
    )


def test_killed_before_and_after_every_write_of_the_chain(site: Site, gateway: CountingGateway, tmp_path: Path):
    story, operator = story_of(site, gateway), site.operator()
    site.journal.ignored = EVENTS
    killer = EveryWrite(operator)
    site.journal.set_trap(lambda exchange, moment: bool(CHAIN.search(str(exchange))) and killer(exchange, moment))
    lived_through(site, story, operator, node=node_of(site, gateway, tmp_path))
    tell(f"{len(killer.killed)} kills in {operator.lives} lives:", *killer.killed)
    for write in ("request.json", "/datasets", "/trainingruns", "ledger/00000001.json", "ledger/00000002.json"):
        for moment in Moment:
            assert any(one.startswith(moment.value) and write in one for one in killer.killed), (write, moment)
    assert made(site, "datasets") == made(site, "trainingruns") == 1


def made(site: Site, plural: str) -> int:
    return len(site.journal.successful("POST", rf"/namespaces/{site.namespace}/{plural}\?"))


def test_a_worse_model_is_kept_back_and_the_operator_is_killed_as_it_writes_that_down(
    site: Site, gateway: CountingGateway, tmp_path: Path
):
    story, operator = story_of(site, gateway), site.operator()
    with node_of(site, gateway, tmp_path).running():
        story.begin()
        until_ended(story, operator)
        killer = EveryWrite(operator)
        site.journal.set_trap(lambda exchange, moment: "ledger/" in str(exchange) and killer(exchange, moment))
        automatic = story.kube.get("TrainingRun", story.namespace, story.run)
        assert automatic is not None
        chosen = {name: automatic["spec"][name] for name in ("capabilityRef", "datasets", "templateRef")}
        story.kube.create(resource("TrainingRun", "worse", {**chosen, "seed": 7}, story.namespace))

        def held() -> None:
            operator.keep_running()
            shown = story.status("Capability").get("heldChallenger", {})
            assert (shown.get("run"), shown.get("champion"), shown.get("reason")) == (
                "worse",
                "1.1",
                "WorseThanChampion",
            )
            run = story.kube.get("TrainingRun", story.namespace, "worse") or {}
            published = [one for one in run["status"]["conditions"] if one["type"] == "Published"]
            assert [(one["status"], one["reason"]) for one in published] == [("False", "WorseThanChampion")]

        eventually(held, 120)
    assert [one.split()[0] for one in killer.killed] == [moment.value for moment in Moment]
    assert story.reason("Capability", "RolloutBlocked") == "WorseThanChampion"
    assert "right in 25.0 % of 8 decisions on 4 dev documents, version 1.1 in 100.0 %" in story.message(
        "Capability", "RolloutBlocked"
    )
    assert [type(one) for one in story.entries()] == [AutomaticTraining, VersionPublished, ChallengerHeld]
    assert story.desired() == ["1.1"]


def polled(gateway: CountingGateway, times: int) -> None:
    """Wait until the counts have been asked for so many times more."""
    before = gateway.asked

    def asked() -> None:
        assert gateway.asked >= before + times

    eventually(asked, 60)


def test_nineteen_documents_train_nothing_and_at_rest_nothing_is_written(site: Site, gateway: CountingGateway):
    story, operator = story_of(site, gateway), site.operator(CAPFORGE_RESYNC_SECONDS="0.5")
    story.begin()
    gateway.submissions[story.namespace, story.name].pop()
    operator.start_healthy()

    def told() -> None:
        assert story.status("Capability")["annotations"]["progress"] == "19/20"

    eventually(told, 60)
    assert story.reason("Capability", "Ready") == "CollectingAnnotations"
    until_at_rest(operator.plan)  # what a start writes is written
    site.journal.restart()
    polled(gateway, 3)
    assert [one for one in site.journal.writes if "events" not in one.path] == []
    assert site.client.list("TrainingRun", site.namespace) == []
