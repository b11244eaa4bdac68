"""What the port Documents promises, on PostgreSQL and on its twin."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from capforge_contracts.dataset import Split
from capforge_gateway.documents.ports import (
    AlreadyAnnotated,
    Documents,
    JobStatus,
    NotAnnotated,
    NotReadYet,
    Owner,
    UnknownDocument,
)
from tests.support.labelled import READING, digest, labels, new_document

OWNER = Owner("acme", "receipts")
OTHERS = [Owner("acme", "letters"), Owner("other", "receipts")]


async def annotations(documents: Documents, as_of: int, owner: Owner = OWNER) -> list[tuple[str, int]]:
    return [(one.document, one.sequence) async for one in documents.current(owner, as_of)]


async def count(documents: Documents, owner: Owner = OWNER) -> tuple[int, int]:
    """Documents with a current annotation, newest sequence."""
    found = {(one.namespace, one.capability): (one.documents, one.sequence) for one in await documents.counts()}
    return found[owner.namespace, owner.capability]


async def test_a_kept_document_is_found_as_it_was_sent(documents: Documents) -> None:
    before = datetime.now(UTC)
    kept = await documents.keep(OWNER, new_document("a", reading_sha256=None, n_pages=None))
    assert await documents.get(OWNER, kept.id) == kept
    assert await documents.get(OWNER, kept.id.upper()) == kept
    assert (kept.name, kept.media_type, kept.sha256) == ("a.pdf", "application/pdf", digest("a"))
    assert (kept.size_bytes, kept.uploader, kept.reading_sha256, kept.n_pages) == (1, "key-1", None, None)
    assert (kept.split, kept.submission) == (None, None)
    assert kept.created.tzinfo is not None
    assert abs((kept.created - before).total_seconds()) < 60 or kept.created.year == 2026


async def test_a_document_that_is_kept_again_under_its_id_is_one(documents: Documents) -> None:
    """Whoever does not know whether it was kept, or ended in between, tries again."""
    name = str(uuid4())
    first = await documents.keep(OWNER, new_document("a", id=name))
    await documents.submit(OWNER, name, labels(), "me", replace=False)
    again = await documents.keep(OWNER, new_document("a", id=name))
    assert (again.id, again.created) == (name, first.created)
    assert again.submission is not None
    assert (await documents.list(OWNER, 1, 10)).total == 1
    for stranger in OTHERS[:1]:
        with pytest.raises(UnknownDocument):
            await documents.keep(stranger, new_document("a", id=name))


async def test_the_first_reading_of_a_document_stays(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document("a", reading_sha256=None, n_pages=None))
    await documents.read(OWNER, kept.id, READING, 2)
    await documents.read(OWNER, kept.id, digest("another engine's"), 3)
    found = await documents.get(OWNER, kept.id)
    assert (found.reading_sha256, found.n_pages) == (READING, 2)


@pytest.mark.parametrize(
    "document",
    ["6475c468-1f1e-4f3d-825f-d7213d7bcbd3", "no-uuid", "", "'; DROP TABLE documents; --", "\x00", "1" * 5000],
)
async def test_what_names_no_document_is_unknown_to_every_method(documents: Documents, document: str) -> None:
    await documents.keep(OWNER, new_document())
    for call in calls_on(documents, OWNER, document):
        with pytest.raises(UnknownDocument):
            await call
    with pytest.raises(UnknownDocument):
        await documents.job(OWNER, document)


@pytest.mark.parametrize("stranger", OTHERS, ids=str)
async def test_a_document_is_unknown_to_other_owners(documents: Documents, stranger: Owner) -> None:
    kept = await documents.keep(OWNER, new_document())
    await documents.keep(stranger, new_document())
    for call in calls_on(documents, stranger, kept.id):
        with pytest.raises(UnknownDocument):
            await call
    assert await documents.get(OWNER, kept.id) == kept
    job = await documents.add_job(OWNER, digest("a"), {})
    with pytest.raises(UnknownDocument):
        await documents.job(stranger, job.id)
    with pytest.raises(UnknownDocument):
        await documents.finish_job(stranger, job.id, {}, None)
    await documents.give_back(stranger, job.id)
    assert (await documents.job(OWNER, job.id)).status is JobStatus.WAITING


async def test_feedback_crosses_capabilities_but_not_namespaces(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document())
    await documents.feedback("acme", kept.id, {"date": {"value": "2026-01-02"}}, "key-1")
    with pytest.raises(UnknownDocument):
        await documents.feedback("other", kept.id, {}, "key-1")


async def test_the_list_is_newest_first_in_pages_without_deleted_ones(documents: Documents) -> None:
    kept = [(await documents.keep(OWNER, new_document(str(number)))).id for number in range(7)]
    await documents.keep(OTHERS[0], new_document("x"))
    await documents.delete(OWNER, kept.pop(3))
    await documents.submit(OWNER, kept[0], labels(), "me", replace=False)
    pages = [await documents.list(OWNER, page, 4) for page in (1, 2, 3)]
    assert [one.id for page in pages for one in page.documents] == kept[::-1]
    assert [len(page.documents) for page in pages] == [4, 2, 0]
    assert {(page.pages, page.total) for page in pages} == {(2, 6)}
    oldest = pages[1].documents[-1]
    assert oldest == await documents.get(OWNER, kept[0])
    assert oldest.submission is not None
    empty = await documents.list(Owner("nobody", "nothing"), 1, 4)
    assert (empty.documents, empty.page, empty.pages, empty.total) == ([], 1, 0, 0)


async def test_a_submission_is_what_was_sent(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document("a"))
    written = await documents.submit(OWNER, kept.id, labels(), "key-2", replace=False)
    assert written.labels == labels()
    assert (written.document, written.sha256, written.name) == (kept.id, digest("a"), "a.pdf")
    assert (written.sequence, written.annotator, written.reading_sha256) == (1, "key-2", READING)
    assert written.time.endswith("Z")
    found = await documents.get(OWNER, kept.id)
    assert (found.submission, found.split) == (written, written.split)
    assert [one async for one in documents.current(OWNER, 1)] == [written]


async def test_odd_letters_are_kept(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document("a", name="Ünï\U0001f600.pdf"))
    odd = '\u0000 ﷽ \U0001f600 \\u0000 "'
    written = await documents.submit(OWNER, kept.id, labels(odd), "é", replace=False)
    found = (await documents.get(OWNER, kept.id)).submission
    assert found == written
    assert found.labels[0].values[0].content == odd


async def test_annotating_twice_is_refused_and_replacing_counts_once(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document())
    with pytest.raises(NotAnnotated):
        await documents.submit(OWNER, kept.id, labels(), "me", replace=True)
    with pytest.raises(NotAnnotated):
        await documents.withdraw(OWNER, kept.id, "me")
    first = await documents.submit(OWNER, kept.id, labels("1"), "me", replace=False)
    with pytest.raises(AlreadyAnnotated):
        await documents.submit(OWNER, kept.id, labels("2"), "me", replace=False)
    assert await count(documents) == (1, 1)
    second = await documents.submit(OWNER, kept.id, labels("3"), "you", replace=True)
    assert await count(documents) == (1, 2)
    assert (second.sequence, second.split) == (2, first.split)
    assert second.submission != first.submission


async def test_a_document_that_was_not_read_cannot_be_annotated(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document(reading_sha256=None))
    with pytest.raises(NotReadYet):
        await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    assert await count(documents) == (0, 0)
    assert (await documents.get(OWNER, kept.id)).split is None


async def test_absent_everywhere_is_an_annotation(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document())
    written = await documents.submit(OWNER, kept.id, [], "me", replace=False)
    assert (await documents.get(OWNER, kept.id)).submission == written
    assert await count(documents) == (1, 1)


async def test_a_withdrawn_annotation_can_be_given_anew(documents: Documents) -> None:
    kept = await documents.keep(OWNER, new_document())
    first = await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    await documents.withdraw(OWNER, kept.id, "me")
    found = await documents.get(OWNER, kept.id)
    assert (found.submission, found.split) == (None, first.split)
    assert await count(documents) == (0, 2)
    third = await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    assert third.sequence == 3
    assert [await annotations(documents, as_of) for as_of in range(4)] == [[], [(kept.id, 1)], [], [(kept.id, 3)]]


async def test_a_deleted_document_counts_no_more_also_in_the_past(documents: Documents) -> None:
    one, two = [await documents.keep(OWNER, new_document(content)) for content in "ab"]
    for kept in (one, two):
        await documents.submit(OWNER, kept.id, labels(), "me", replace=False)
    await documents.delete(OWNER, one.id)
    for call in calls_on(documents, OWNER, one.id):
        with pytest.raises(UnknownDocument):
            await call
    assert await count(documents) == (1, 2)
    assert await annotations(documents, 2) == [(two.id, 2)]
    assert await annotations(documents, 1) == []
    await documents.delete(OWNER, two.id)
    assert await count(documents) == (0, 2)


async def test_annotations_come_by_content_and_document(documents: Documents) -> None:
    contents = ["b", "a", "c", "a", "b"]
    kept = [await documents.keep(OWNER, new_document(content)) for content in contents]
    for one in kept:
        await documents.submit(OWNER, one.id, labels(), "me", replace=False)
    found = [(one.sha256, one.document) async for one in documents.current(OWNER, 5)]
    assert found == sorted((one.sha256, one.id) for one in kept)


async def test_one_of_each_five_contents_is_dev_and_a_content_keeps_its_role(documents: Documents) -> None:
    async def annotated(content: str) -> Split:
        kept = await documents.keep(OWNER, new_document(content))
        split = (await documents.submit(OWNER, kept.id, labels(), "me", replace=False)).split
        await documents.delete(OWNER, kept.id)
        return split

    given = {str(number): await annotated(str(number)) for number in range(15)}
    for start in (0, 5, 10):
        block = Counter(given[str(number)] for number in range(start, start + 5))
        assert block == {Split.TRAIN: 4, Split.DEV: 1}
    again = {content: await annotated(content) for content in reversed(list(given))}
    assert again == given


async def test_sequences_and_roles_are_each_capabilitys_own(documents: Documents) -> None:
    for owner in (OWNER, *OTHERS):
        assert await documents.newest(owner) is None
        kept = await documents.keep(owner, new_document())
        assert await documents.newest(owner) == 0
        assert (await documents.submit(owner, kept.id, labels(), "me", replace=False)).sequence == 1
        assert await documents.newest(owner) == 1
    assert [(one.namespace, one.capability) for one in await documents.counts()] == [
        ("acme", "letters"),
        ("acme", "receipts"),
        ("other", "receipts"),
    ]


async def test_more_annotations_than_one_page_come_whole_and_once(documents: Documents) -> None:
    kept = []
    for number in range(245):
        one = await documents.keep(OWNER, new_document(str(number % 60)))
        await documents.submit(OWNER, one.id, labels(), "me", replace=False)
        kept.append(one)
    for one in kept[::10]:
        await documents.withdraw(OWNER, one.id, "me")
    expected = sorted((one.sha256, one.id) for one in kept if one not in kept[::10])
    assert [(one.sha256, one.document) async for one in documents.current(OWNER, 10**6)] == expected


async def test_a_job_is_taken_by_one_and_finished_once(documents: Documents) -> None:
    first, second = [await documents.add_job(OWNER, digest("a"), {"name": name}) for name in "ab"]
    assert (first.status, first.available, first.request) == (JobStatus.WAITING, None, {"name": "a"})
    taken = [await documents.take_job(60) for _ in range(3)]
    assert [job and job.id for job in taken] == [first.id, second.id, None]
    assert (await documents.job(OWNER, first.id)).status is JobStatus.PROCESSING
    await documents.finish_job(OWNER, first.id, {"id": "x"}, None)
    await documents.finish_job(OWNER, first.id, None, {"code": "late"})
    done = await documents.job(OWNER, first.id)
    assert (done.status, done.answer, done.error) == (JobStatus.COMPLETED, {"id": "x"}, None)
    assert done.available is not None
    await documents.finish_job(OWNER, second.id, None, {"code": "BrokenDocument"})
    failed = await documents.job(OWNER, second.id)
    assert (failed.status, failed.answer, failed.error) == (JobStatus.FAILED, None, {"code": "BrokenDocument"})


async def test_a_job_whose_taker_is_gone_is_taken_again_and_given_up_after_three(documents: Documents) -> None:
    job = await documents.add_job(OWNER, digest("a"), {})
    for _ in range(3):
        taken = await documents.take_job(-1)
        assert taken is not None
        assert taken.id == job.id
    assert await documents.take_job(-1) is None
    failed = await documents.job(OWNER, job.id)
    assert (failed.status, failed.answer) == (JobStatus.FAILED, None)
    assert failed.error is not None
    assert failed.error["code"] == "ServerError"


async def test_a_job_that_is_given_back_waits_as_before(documents: Documents) -> None:
    job = await documents.add_job(OWNER, digest("a"), {})
    for _ in range(5):
        assert await documents.take_job(60) is not None
        await documents.give_back(OWNER, job.id)
        assert (await documents.job(OWNER, job.id)).status is JobStatus.WAITING
    await documents.finish_job(OWNER, job.id, {}, None)
    await documents.give_back(OWNER, job.id)
    assert (await documents.job(OWNER, job.id)).status is JobStatus.COMPLETED
    assert await documents.take_job(60) is None


async def test_a_job_that_is_given_back_with_a_pause_lets_others_go_first(documents: Documents) -> None:
    first, second = [await documents.add_job(OWNER, digest("a"), {}) for _ in range(2)]
    assert (await documents.take_job(60)).id == first.id  # type: ignore[union-attr] # there is one
    await documents.give_back(OWNER, first.id, 3600)
    assert (await documents.job(OWNER, first.id)).status is JobStatus.WAITING
    assert (await documents.take_job(60)).id == second.id  # type: ignore[union-attr] # there is one
    assert await documents.take_job(60) is None


async def test_a_long_queue_of_one_tenant_holds_up_no_other(documents: Documents) -> None:
    long = [(await documents.add_job(OWNER, digest("a"), {})).id for _ in range(3)]
    short = (await documents.add_job(OTHERS[1], digest("a"), {})).id
    taken = [await documents.take_job(60) for _ in range(4)]
    assert [job and job.id for job in taken] == [long[0], short, long[1], long[2]]


def calls_on(documents: Documents, owner: Owner, document: str) -> list[Any]:
    """Every call that names a document."""
    return [
        documents.get(owner, document),
        documents.read(owner, document, READING, 1),
        documents.submit(owner, document, labels(), "me", replace=False),
        documents.submit(owner, document, labels(), "me", replace=True),
        documents.withdraw(owner, document, "me"),
        documents.delete(owner, document),
    ]
