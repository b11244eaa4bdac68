"""No image or document is in train and also in dev or test."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Role, Violation

_EXAMPLES = 3


def splits_disjoint(case: Case) -> Iterator[Violation]:
    """Compare by content: the same image under two names is the same image."""
    train = {item.sha256: (selection, item.name) for selection in case.of(Role.TRAIN) for item in selection.items}
    for other in case.of(Role.DEV, Role.TEST):
        shared = sorted((item.name, *_place(train[item.sha256])) for item in other.items if item.sha256 in train)
        if not shared:
            continue
        examples = "; ".join(f"{name} = {theirs} in {where}" for name, theirs, where in shared[:_EXAMPLES])
        more = " …" if len(shared) > _EXAMPLES else ""
        noun = "document" if other.holds_documents else "image"
        yield Violation(
            "SplitsOverlap",
            f"datasets.{other.role}: {len(shared)} of {len(other.items)} {noun}s of {other} are also in train"
            f" (same content): {examples}{more}; train may share no {noun} with dev or test",
        )


def _place(found: tuple[object, str]) -> tuple[str, str]:
    selection, name = found
    return name, str(selection)
