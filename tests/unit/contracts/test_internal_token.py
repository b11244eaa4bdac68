"""The token between our processes, and how it is replaced without a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_contracts.internal_token import is_accepted, sent_token


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "token"


@pytest.mark.parametrize("given", ["", "wrong", "old-token\n", "old-tokenx", "old-toke", "ä", "old-token new-token"])
def test_nothing_else_is_accepted(file: Path, given: str) -> None:
    file.write_text("old-token\n")
    assert not is_accepted(given, file)
    assert is_accepted("old-token", file)


@pytest.mark.parametrize("content", ["", "\n", " \n\n"])
def test_a_file_without_a_token_accepts_nothing_and_sends_nothing(file: Path, content: str) -> None:
    file.write_text(content)
    assert not is_accepted("", file)
    with pytest.raises(OSError, match="holds no token"):
        sent_token(file)


def test_a_missing_file_is_an_error(file: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        is_accepted("", file)


def test_a_token_is_replaced_without_a_moment_in_which_anybody_is_refused(tmp_path: Path) -> None:
    sender, receiver = tmp_path / "sender", tmp_path / "receiver"
    steps = ["old", "old\nnew", "new\nold", "new"]
    sender.write_text(steps[0])
    receiver.write_text(steps[0])
    for step in steps[1:]:  # each pod gets the file when its kubelet looks
        for first, second in ((sender, receiver), (receiver, sender)):
            before = (sender.read_text(), receiver.read_text())
            first.write_text(step)
            assert is_accepted(sent_token(sender), receiver)
            second.write_text(step)
            assert is_accepted(sent_token(sender), receiver)
            sender.write_text(before[0])
            receiver.write_text(before[1])
        sender.write_text(step)
        receiver.write_text(step)
    assert not is_accepted("old", receiver)
