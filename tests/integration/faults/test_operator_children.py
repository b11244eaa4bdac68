"""What the operator made is deleted, what it said is wiped: it comes back, equal."""

from __future__ import annotations

from typing import Any

from tests.integration.faults.conftest import Site
from tests.integration.faults.living import lived_through, until_ended
from tests.integration.faults.story import Story
from tests.integration.operator.rest import until_at_rest
from tests.support.eventually import eventually
from tests.support.faults.kinds import NeverAnswers

_TIMES = frozenset({"lastTransitionTime", "completionTime", "startTime", "lastTrainedTime"})
KINDS = ("Dataset", "TrainingRun", "Capability")


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in _TIMES}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def statuses(story: Story) -> dict[str, Any]:
    return {kind: without_times(story.status(kind)) for kind in KINDS}


def wipe(site: Site, story: Story) -> None:
    """Empty every status; a dataset's digest is all that the API server does not let go."""
    for kind in KINDS:
        nothing = dict.fromkeys(story.status(kind).keys() - {"digest"})
        site.client.patch(kind, site.namespace, story.name, {"status": nothing}, "status")


def config_maps(site: Site) -> dict[str, Any]:
    """Their content, without the generation, which goes up."""
    found = {}
    for name in ("capforge-desired-cpu", "capforge-routes"):
        made = site.client.get("ConfigMap", site.installation.namespace, name)
        assert made is not None, name
        found[name] = made["metadata"]["labels"]
    return found


def test_statuses_that_are_wiped_are_rebuilt_equal(site: Site):
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="0.5")
    lived_through(site, story, operator)
    until_at_rest(operator.plan)
    before = statuses(story)
    wipe(site, story)

    def rebuilt() -> None:
        assert statuses(story) == before

    eventually(rebuilt, 30)
    story.assert_whole()


def test_statuses_that_are_wiped_while_nobody_looks_are_rebuilt_without_the_jobs(site: Site):
    """The Jobs are cleaned up, the operator is away: result and ledger say what became of the run."""
    story, operator = site.story(), site.operator()
    lived_through(site, story, operator)
    operator.end()
    wipe(site, story)
    site.client.delete_all("Job", site.namespace)
    site.client.delete_all("Pod", site.namespace)
    operator.start()

    def rebuilt() -> None:
        assert story.reason("Dataset", "Ready") == "Locked"
        assert story.reason("TrainingRun", "Succeeded") in {"Attached", "Completed"}
        assert story.status("TrainingRun")["version"] == "1.1"
        assert story.desired() == ["1.1"]

    eventually(rebuilt, 30)
    assert len(story.ledger()) == 1
    assert site.client.list("Job", site.namespace) == [], "nothing was done again"


def test_config_maps_that_are_deleted_come_back(site: Site):
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="0.5")
    lived_through(site, story, operator)
    until_at_rest(operator.plan)
    before = config_maps(site)
    for name in before:
        site.client.delete("ConfigMap", site.installation.namespace, name)
    eventually(lambda: config_maps(site) == before, 40)
    assert story.desired() == ["1.1"]


def test_jobs_and_pods_that_are_deleted_at_work_come_back(site: Site):
    story, operator, node = site.story(), site.operator(), site.node()
    hanging = [site.jobs_store.rules.add(NeverAnswers(), "PUT", path) for path in ("/blobs/", "/model-card.json")]
    with node.running():
        operator.start()
        story.begin()
        for kind, part, rule in (("Job", "-snapshot-", hanging[0]), ("Job", "-train", hanging[1])):
            eventually(lambda rule=rule: rule.done >= 1, 40)
            [job] = [one for one in site.client.list(kind, site.namespace) if part in one["metadata"]["name"]]
            site.client.delete(kind, site.namespace, job["metadata"]["name"])
            eventually(lambda job=job: _uid(site, job) not in {None, job["metadata"]["uid"]}, 20)
            site.jobs_store.rules.remove(rule)
        until_ended(story, operator)
        story.assert_whole()
    assert sorted(node.starts.values()) == [2, 2]


def _uid(site: Site, job: dict[str, Any]) -> str | None:
    live = site.client.get("Job", site.namespace, job["metadata"]["name"])
    return live["metadata"]["uid"] if live else None


def test_objects_that_are_deleted_and_applied_again_train_nothing_anew(site: Site):
    story, operator, node = site.story(), site.operator(), site.node()
    lived_through(site, story, operator, node=node)
    story.clean()
    with site.node().running() as later:
        for document in story.documents():
            site.client.create(document)

        def attached() -> None:
            assert story.reason("TrainingRun", "Succeeded") == "Attached"
            assert story.status("TrainingRun")["version"] == "1.1"
            assert story.status("Capability")["version"] in {"1.0", "1.1"}
            assert story.desired() == ["1.1"]

        eventually(attached, 30)
        assert later.starts == {}
    assert len(story.ledger()) == 1
