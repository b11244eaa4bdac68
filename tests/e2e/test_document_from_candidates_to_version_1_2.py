"""A person uploads receipts, picks candidates, validates; models come by themselves and get better, or are kept back.

The public `mindee` client speaks to the deployed gateway. The tests are one story and run in this order; operator,
gateway and Triton pods are killed on the way. Some documents are read by the deployed Tesseract, for the others the words
are sent along, which saves minutes.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from capforge.cluster.reach import reachable
from capforge_demo import material, story
from capforge_demo.documents.folder import DocumentFolder
from capforge_demo.documents.judging import judged, score
from capforge_demo.documents.picking import annotation, choices
from tests.e2e import documents as pieces
from tests.e2e.test_nothing_is_lost import strike
from tests.support.annotator import Annotator, connected, documents
from tests.support.e2e import Json, Tenant
from tests.support.eventually import PATIENCE, eventually
from tests.support.workloads import Workloads

NAME = "receipts"
FIRST, SECOND, THIRD = 20, 40, 60
READ_BY_TESSERACT = 3
UNSEEN = 12
BEFORE_ANY_MODEL = "1.0"
SECONDS = 180.0
BEYOND_TRAINING_SECONDS = 10.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> DocumentFolder:
    return documents(tmp_path_factory.mktemp("receipts"))


@pytest.fixture(scope="module")
def person(tenant: Tenant, folder: DocumentFolder) -> Iterator[Annotator]:
    tenant.apply(pieces.capability(NAME, folder.data_fields))
    types = {one["name"]: one["type"] for one in folder.data_fields}
    with pytest.MonkeyPatch.context() as patch, reachable(story.GATEWAY, tenant.system.cluster) as gateway:
        yield connected(patch, gateway, tenant.namespace, NAME, tenant.key, types)


def test_before_any_model_a_prediction_gives_candidates(
    tenant: Tenant, person: Annotator, folder: DocumentFolder
) -> None:
    tenant.until("capability", NAME, "Ready", "CollectingAnnotations")
    kept = person.uploaded(folder.train[0], words_given=False)
    inference = kept.answer["inference"]
    assert inference["product"]["version"] == BEFORE_ANY_MODEL
    assert set(choices(kept.answer)) == set(person.types)
    assert all(one["values"] == [] for one in inference["prediction"].values())
    person.validate(kept, annotation(kept.answer, kept.gold, person.types))


def test_nineteen_annotations_train_nothing(tenant: Tenant, person: Annotator, folder: DocumentFolder) -> None:
    for number, gold in enumerate(folder.train[1 : FIRST - 1], start=1):
        person.annotated(gold, words_given=number >= READ_BY_TESSERACT)
    eventually(lambda: progress(tenant) == f"{FIRST - 1}/{FIRST}", SECONDS, 0.5)
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < 5:  # nothing is to happen: it is given the time to
        assert tenant.names("trainingruns") == []
        assert tenant.names("jobs") == []
        time.sleep(0.5)
    assert version(person, folder) == BEFORE_ANY_MODEL


def test_the_twentieth_annotation_trains_and_version_1_1_answers(
    tenant: Tenant, person: Annotator, folder: DocumentFolder
) -> None:
    person.annotated(folder.train[FIRST - 1])
    annotated = time.time()
    eventually(lambda: version(person, folder) == "1.1", SECONDS, 0.25)
    seen = pieces.moments(tenant, run(FIRST), annotated, time.time())
    began, ended = pieces.trained(tenant, run(FIRST))
    beyond = seen[-1].seconds - annotated - (ended - began)
    print(*pieces.table(seen), f"  beyond the training process: {beyond:.1f} s", sep="\n")  # noqa: T201 - a figure for docs/testing.md
    assert beyond <= PATIENCE * BEYOND_TRAINING_SECONDS

    def told() -> None:
        status = tenant.get("capability", NAME)["status"]
        assert [one["version"] for one in status["history"]] == ["1.1"]
        assert status["annotations"]["trainedThreshold"] == FIRST

    eventually(told, SECONDS, 0.5)


def test_from_then_on_an_answer_is_filled_in(tenant: Tenant, person: Annotator, folder: DocumentFolder) -> None:
    answers = [person.api.predict(gold, give_words=True) for gold in folder.dev[:UNSEEN]]
    right = score([judged(one, gold, person.types) for one, gold in zip(answers, folder.dev, strict=False)])
    print(f"  version 1.1: {right.percent} % of {right.fields} fields of unseen documents are right")  # noqa: T201 - a figure
    assert right.percent >= 30, "far from what 20 documents give"
    model = answers[0]["inference"]["model"]
    assert model["run"] == run(FIRST)
    assert model["dataset_digests"] == [tenant.get("dataset", run(FIRST))["status"]["digest"]]
    read = person.parsed(folder.dev[0])
    assert read.product.version == "1.1"
    assert set(read.prediction.fields) == set(person.types)
    assert person.endpoint.openapi_get_req().status_code == HTTPStatus.OK


def test_an_answer_leads_back_to_the_annotations_and_who_made_them(tenant: Tenant, person: Annotator) -> None:
    command = [material.program(), "lineage", f"{NAME}/1.1", "--namespace", tenant.namespace, "--output", "json"]
    environment = tenant.system.clients.whole_environment
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["run"]["name"] == run(FIRST)
    said = [one for dataset in found["datasets"] for one in dataset["submissions"]]
    assert {one["annotator"] for one in said} == {"tests"}, "the name of the tenant's key"
    assert sorted(one["document"] for one in said) == sorted(one.id for one in person.kept)


def test_twenty_more_make_version_1_2_while_pods_are_killed(
    tenant: Tenant, person: Annotator, folder: DocumentFolder, workloads: Workloads, first_answers: list[Json]
) -> None:
    assert first_answers
    for number, gold in enumerate(folder.train[FIRST:SECOND]):
        if number == (SECOND - FIRST) // 2:
            workloads.delete_now(workloads.ready("gateway")[0])
        person.annotated(gold)
    strike(workloads, "operator")
    eventually(lambda: tenant.get("trainingrun", run(SECOND)), SECONDS, 0.5)
    strike(workloads, "serving", "gateway")
    strike(workloads, "operator")
    eventually(lambda: version(person, folder) == "1.2", SECONDS, 0.5)
    assert tenant.names("trainingruns") == [run(FIRST), run(SECOND)]


@pytest.fixture(scope="module")
def first_answers(person: Annotator, folder: DocumentFolder) -> list[Json]:
    """What version 1.1 says while it is the newest."""
    return answers_of(person, folder, "1.1")


def test_version_1_1_answers_as_before(person: Annotator, folder: DocumentFolder, first_answers: list[Json]) -> None:
    assert eventually(lambda: answers_of(person, folder, "1.1"), SECONDS, 0.5) == first_answers
    answers = [person.api.predict(gold, give_words=True) for gold in folder.dev[:UNSEEN]]
    right = score([judged(one, gold, person.types) for one, gold in zip(answers, folder.dev, strict=False)])
    print(f"  version 1.2: {right.percent} % of {right.fields} fields of unseen documents are right")  # noqa: T201 - a figure


def test_with_shuffled_labels_the_challenger_is_kept_back_and_the_status_says_why(
    tenant: Tenant, person: Annotator, folder: DocumentFolder
) -> None:
    last = folder.train[THIRD - 1]
    for gold in folder.train[SECOND : THIRD - 1]:
        person.annotated(gold)
    for number, kept in enumerate(one for one in person.kept if person.role(one) == "train"):
        person.replace(kept, pieces.wrong_annotation(kept, person.types, seed=number))
    kept = person.uploaded(last)
    person.validate(kept, pieces.wrong_annotation(kept, person.types, seed=THIRD))
    held = eventually(lambda: tenant.get("capability", NAME)["status"]["heldChallenger"], SECONDS, 0.5)
    print(f"  {held['reason']}: {held['message']}")  # noqa: T201 - what a person reads
    assert (held["run"], held["champion"], held["reason"]) == (run(THIRD), "1.2", "WorseThanChampion")
    assert "%" in held["message"]
    assert version(person, folder) == "1.2"
    status = tenant.get("capability", NAME)["status"]
    assert [one["version"] for one in status["history"]] == ["1.2", "1.1"]


def test_nothing_was_trained_twice(tenant: Tenant) -> None:
    assert tenant.names("trainingruns") == [run(FIRST), run(SECOND), run(THIRD)]
    assert tenant.names("datasets") == [run(FIRST), run(SECOND), run(THIRD)]


def run(threshold: int) -> str:
    """Return the name of the run, and of its dataset, that a threshold makes."""
    return f"{NAME}-auto-{threshold}"


def progress(tenant: Tenant) -> str:
    """Return `17/20`."""
    return str(tenant.get("capability", NAME)["status"]["annotations"]["progress"])


def version(person: Annotator, folder: DocumentFolder) -> str:
    """Return the version that answers."""
    return person.prediction(folder.dev[0])[0]


def answers_of(person: Annotator, folder: DocumentFolder, number: str) -> list[Json]:
    """Return what a pinned version says about a few unseen documents."""
    found = [person.prediction(gold, f"v{number}") for gold in folder.dev[:3]]
    assert {answered for answered, _ in found} == {number}
    return [prediction for _, prediction in found]
