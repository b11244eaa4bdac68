"""Signed links: who has one gets that file until that time, and nothing else."""

from __future__ import annotations

import hmac
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from capforge_contracts import layout, links
from capforge_contracts.links import Verdict, key_from, run_file_path, sign, verify

DIGEST = "a1" * 32
PATH = run_file_path("team-a", DIGEST, layout.REPORT)
KEY = key_from("internal-token")
EXPIRES = 1_800_000_000


def given(link: str) -> tuple[str, str, str]:
    parts = urlsplit(link)
    query = parse_qs(parts.query)
    return parts.path, query[links.EXPIRES][0], query[links.SIGNATURE][0]


def test_a_link_is_good_until_it_expires() -> None:
    path, expires, signature = given(sign(PATH, EXPIRES, KEY))
    assert path == f"/v1/runs/team-a/{DIGEST}/report.html"
    assert verify(path, expires, signature, [KEY], EXPIRES - 0.5) is Verdict.VALID
    assert verify(path, expires, signature, [KEY], EXPIRES) is Verdict.EXPIRED


@pytest.mark.parametrize(
    "other",
    [
        run_file_path("team-b", DIGEST, layout.REPORT),
        run_file_path("team-a", "b2" * 32, layout.REPORT),
        run_file_path("team-a", DIGEST, layout.MODEL),
        PATH + "/",
        PATH + "?",
        "",
    ],
)
def test_a_link_opens_no_other_path(other: str) -> None:
    _, expires, signature = given(sign(PATH, EXPIRES, KEY))
    assert verify(other, expires, signature, [KEY], 0) is Verdict.WRONG


@pytest.mark.parametrize("later", [str(EXPIRES + 1), f"0{EXPIRES}", f" {EXPIRES}", f"{EXPIRES}.0", "", "-1", "9" * 13])
def test_a_links_time_cannot_be_changed(later: str) -> None:
    _, _, signature = given(sign(PATH, EXPIRES, KEY))
    assert verify(PATH, later, signature, [KEY], 0) is Verdict.WRONG


def test_a_changed_signature_is_worth_nothing() -> None:
    _, expires, signature = given(sign(PATH, EXPIRES, KEY))
    changed = [
        "",
        signature[:-1],
        signature + "0",
        signature.upper(),
        "\xe4" * 64,
        "\udc80" * 64,
        "0" * 64,
        *(signature[:at] + ("0" if signature[at] != "0" else "1") + signature[at + 1 :] for at in range(64)),
    ]
    assert {verify(PATH, expires, one, [KEY], 0) for one in changed} == {Verdict.WRONG}


@pytest.mark.parametrize("expires", ["0", "x", "1e9", "-5", "\uff11\uff18"])
def test_a_time_that_is_none_is_refused_even_when_signed(expires: str) -> None:
    signature = hmac.new(KEY, f"{expires}\n{PATH}".encode(), "sha256").hexdigest()
    assert verify(PATH, expires, signature, [KEY], 0) is Verdict.WRONG


def test_without_a_key_nothing_is_valid() -> None:
    _, expires, signature = given(sign(PATH, EXPIRES, KEY))
    assert verify(PATH, expires, signature, [], 0) is Verdict.WRONG


def test_an_expired_link_with_a_wrong_signature_does_not_say_that_it_is_expired() -> None:
    assert verify(PATH, str(EXPIRES), "0" * 64, [KEY], EXPIRES + 1) is Verdict.WRONG


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counting(left: bytes, right: bytes) -> bool:
        compared.append(len(right))
        return left == right

    _, expires, signature = given(sign(PATH, EXPIRES, KEY))
    monkeypatch.setattr("capforge_contracts.links.hmac.compare_digest", counting)
    keys = [KEY, key_from("another"), key_from("a third")]
    assert verify(PATH, expires, signature, keys, 0) is Verdict.VALID
    assert len(compared) == len(keys), "each key is looked at, whichever fits"


def test_a_token_is_replaced_while_links_stay_good(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    path, expires, signature = given(sign(PATH, EXPIRES, links.signing_key(file)))
    for tokens, verdict in (("old\nnew", Verdict.VALID), ("new\nold", Verdict.VALID), ("new", Verdict.WRONG)):
        file.write_text(tokens)
        assert verify(path, expires, signature, links.verifying_keys(file), 0) is verdict


def test_the_signing_key_is_not_the_token(tmp_path: Path) -> None:
    assert KEY != b"internal-token"
    assert len(KEY) == 32


@pytest.mark.parametrize(
    ("namespace", "digest", "name"),
    [
        ("team/a", DIGEST, layout.REPORT),
        ("..", DIGEST, layout.REPORT),
        ("", DIGEST, layout.REPORT),
        ("team-a", "../" + DIGEST[3:], layout.REPORT),
        ("team-a", DIGEST.upper(), layout.REPORT),
        ("team-a", DIGEST, "run.json"),
        ("team-a", DIGEST, "../../manifests/x"),
        ("team-a\n", DIGEST, layout.REPORT),
    ],
)
def test_only_a_runs_files_have_an_address(namespace: str, digest: str, name: str) -> None:
    with pytest.raises(ValueError, match="expected a namespace"):
        run_file_path(namespace, digest, name)
