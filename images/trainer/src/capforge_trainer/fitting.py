"""A fit as an attempt asks for it: the template's parameters, the run's limits, this process among others."""

from __future__ import annotations

from capforge_trainer.config import OptimizerParameters, ScheduleParameters
from capforge_trainer.fit.plan import FitPlan
from capforge_trainer.strategy import Work


def fit_plan(
    work: Work,
    optimizer: OptimizerParameters,
    schedule: ScheduleParameters,
    dev_images: int,
    plain_share: float = 0.0,
) -> FitPlan:
    """Return the plan; `dev_images` is how many inputs a look at dev takes."""
    return FitPlan(
        optimizer=optimizer,
        schedule=schedule,
        budget_seconds=work.spec.time_budget_seconds,
        device=work.device,
        processes=work.processes,
        dev_images=dev_images,
        plain_share=plain_share,
        stop_asked=work.around.stopping.asked,
        clock=work.around.clock,
    )
