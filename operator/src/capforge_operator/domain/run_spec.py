"""From a TrainingRun that passed the checks to the trainer's run.json."""

from __future__ import annotations

from capforge_contracts.dataset import Split
from capforge_contracts.run import Champion, DatasetSelection, InitialWeights, RunDatasets, RunSpec, run_digest
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.checks.case import Case, Role
from capforge_operator.domain.checks.classes_in_train import class_warnings
from capforge_operator.domain.manifest_facts import ALL
from capforge_operator.domain.parameters import merged
from capforge_operator.domain.run_view import Accepted


def accept(
    run: TrainingRun,
    case: Case,
    default_image: str,
    champion: Champion | None = None,
    weights: InitialWeights | None = None,
) -> Accepted:
    """Return what the trainer is asked for; the case has no violations."""
    if case.capability is None or case.template is None:
        raise ValueError("a case without capability or template is never accepted")
    draft = RunSpec(
        namespace=run.metadata.namespace,
        capability=case.capability_name,
        capability_type=case.capability.type,
        run=run.metadata.name,
        digest="",
        outputs=list(case.capability.shape.outputs),
        fields=list(case.capability.shape.fields),
        datasets=RunDatasets(
            train=_chosen(case, Role.TRAIN), dev=_chosen(case, Role.DEV), test=_chosen(case, Role.TEST)
        ),
        template=case.template_name,
        parameters=merged(case.template.defaults, case.overrides),
        seed=run.spec.seed,
        time_budget_seconds=run.spec.time_budget_seconds,
        image=case.template.image or default_image,
        gpus=run.spec.resources.gpu,
        champion=champion,
        initial_weights=weights,
    )
    spec = draft.model_copy(update={"digest": run_digest(draft)})
    return Accepted(spec, tuple(class_warnings(case)), case.ignored_classes())


def _chosen(case: Case, role: Role) -> list[DatasetSelection]:
    return [
        DatasetSelection(name=one.dataset, digest=one.digest or "", split=_split(one.split)) for one in case.of(role)
    ]


def _split(choice: str) -> Split | None:
    return None if choice == ALL else Split(choice)
