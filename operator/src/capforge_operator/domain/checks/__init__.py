"""What is checked before a GPU is used: the whole policy is the list POLICIES."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from capforge_operator.domain.checks.capability_known import capability_known
from capforge_operator.domain.checks.case import Case, Violation
from capforge_operator.domain.checks.classes_in_train import classes_in_train
from capforge_operator.domain.checks.data_of_a_kind import data_of_a_kind
from capforge_operator.domain.checks.datasets_locked import datasets_locked
from capforge_operator.domain.checks.overrides_valid import overrides_valid
from capforge_operator.domain.checks.regions_there import regions_there
from capforge_operator.domain.checks.selections_filled import selections_filled
from capforge_operator.domain.checks.splits_disjoint import splits_disjoint
from capforge_operator.domain.checks.template_known import template_known
from capforge_operator.domain.checks.weights_known import weights_known

Policy = Callable[[Case], Iterable[Violation]]

POLICIES: tuple[Policy, ...] = (
    capability_known,
    datasets_locked,
    data_of_a_kind,
    selections_filled,
    splits_disjoint,
    regions_there,
    classes_in_train,
    template_known,
    overrides_valid,
    weights_known,
)
"""Each says everything that it finds wrong; the first violation gives the summary its reason."""


def violations(case: Case) -> list[Violation]:
    """Return everything that is wrong."""
    return [violation for policy in POLICIES for violation in policy(case)]
