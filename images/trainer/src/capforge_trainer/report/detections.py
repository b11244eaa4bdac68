"""What the report shows of a detector: confusion, precision by recall, worst images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from capforge_trainer.data.items import Item
from capforge_trainer.evaluate.coco import Evaluation, Found
from capforge_trainer.evaluate.matching import Matched, matched
from capforge_trainer.report.data import figures_of
from capforge_trainer.report.findings import Counts, Findings, Mark, Mistake, Picture, Trade
from capforge_trainer.report.pictures import MOST_MISTAKES
from capforge_trainer.report.trades import trade

Pixels = Callable[[Item], NDArray[np.uint8]]


def detection_findings(
    names: Sequence[str],
    roles: Sequence[tuple[str, Sequence[Item]]],
    dev: Sequence[Item],
    found: Sequence[Found],
    evaluation: Evaluation,
    threshold: float,
    pixels: Pixels,
) -> Findings:
    """Return the findings; `found` are the detections on the dev images, `pixels` reads an image in its full size."""
    matches = [matched(item, one, threshold) for item, one in zip(dev, found, strict=True)]
    return Findings(
        data=figures_of(names, roles),
        counts=(_confusion(names, dev, found, matches),),
        trades=tuple(_trades(evaluation, threshold)),
        mistakes=tuple(_mistakes(names, dev, found, matches, pixels)),
    )


def _confusion(names: Sequence[str], dev: Sequence[Item], found: Sequence[Found], matches: Sequence[Matched]) -> Counts:
    nothing = len(names)
    cells = np.zeros((nothing + 1, nothing + 1), np.int64)
    for item, one, match in zip(dev, found, matches, strict=True):
        for index, detection in match.pairs:
            cells[item.classes[index], one.classes[detection]] += 1
        for index in match.missed:
            cells[item.classes[index], nothing] += 1
        for detection in match.invented:
            cells[nothing, one.classes[detection]] += 1
    title = "Objects and detections on dev, at the threshold and IoU 0.5"
    return Counts(title, (*names, "nothing there"), (*names, "missed"), cells)


def _trades(evaluation: Evaluation, threshold: float) -> list[Trade]:
    """Return the curve of all classes together, then those of each, the worst first."""
    rows = zip(
        evaluation.names, evaluation.scores, evaluation.correct, evaluation.objects, evaluation.ap50, strict=True
    )
    each = [trade(name, scores, correct, count, threshold, ap50) for name, scores, correct, count, ap50 in rows]
    known = sorted((one for one in each if one), key=lambda one: one.average_precision)
    if len(known) < 2:  # noqa: PLR2004 - one curve is all of them
        return known
    scores, correct = np.concatenate(evaluation.scores), np.concatenate(evaluation.correct)
    together = trade("all classes", scores, correct, sum(evaluation.objects), threshold)
    return [*([together] if together else []), *known]


def _mistakes(
    names: Sequence[str], dev: Sequence[Item], found: Sequence[Found], matches: Sequence[Matched], pixels: Pixels
) -> list[Mistake]:
    """Return the images with the most to regret: a miss or a wrong class counts one, an invention its score."""
    regrets = []
    for index, (item, one, match) in enumerate(zip(dev, found, matches, strict=True)):
        wrong = [pair for pair in match.pairs if item.classes[pair[0]] != one.classes[pair[1]]]
        regret = len(match.missed) + len(wrong) + float(one.scores[list(match.invented)].sum())
        if regret:
            regrets.append((regret, index, wrong))
    regrets.sort(key=lambda row: (-row[0], row[1]))
    return [
        _mistake(names, dev[index], found[index], matches[index], wrong, pixels)
        for _, index, wrong in regrets[:MOST_MISTAKES]
    ]


def _mistake(
    names: Sequence[str],
    item: Item,
    found: Found,
    match: Matched,
    wrong: Sequence[tuple[int, int]],
    pixels: Pixels,
) -> Mistake:
    missed = Counter(names[item.classes[index]] for index in match.missed)
    invented = Counter(names[found.classes[detection]] for detection in match.invented)
    mixed = Counter((names[item.classes[index]], names[found.classes[detection]]) for index, detection in wrong)
    parts = [f"{count} {name} missed" for name, count in missed.most_common()]
    parts += [f"{count} {name} taken for {said}" for (name, said), count in mixed.most_common()]
    parts += [f"{count} {name} where nothing is" for name, count in invented.most_common()]
    truths = [*match.missed, *(index for index, _ in wrong)]
    said = [*match.invented, *(detection for _, detection in wrong)]
    marks = [Mark.box(item.boxes[index], names[item.classes[index]], truth=True) for index in truths]
    marks += [
        Mark.box(found.boxes[one], f"{names[found.classes[one]]} {found.scores[one]:.2f}", truth=False) for one in said
    ]
    return Mistake(item.name, ", ".join(parts), (Picture(lambda: pixels(item), tuple(marks)),))
