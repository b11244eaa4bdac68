"""The end of the demo: predictions on images that were not trained on, a picture, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass

from rich.progress import track

from capforge import draw
from capforge.console import err
from capforge_demo import material
from capforge_demo.boxes import matched
from capforge_demo.clients import Clients
from capforge_demo.coco import Picture
from capforge_demo.predict import Answer, Predictor
from capforge_demo.settings import SYSTEM_NAMESPACE, Settings
from capforge_demo.unseen import spread, typical
from capforge_tools.console import say
from capforge_tools.errors import ToolError
from capforge_tools.selection import Cluster as Selected

_MOST_IMAGES = 20


@dataclass(frozen=True)
class Score:
    """How many gold boxes were found."""

    gold: int
    found: int

    @property
    def percent(self) -> int:
        """Share of the gold boxes, rounded down."""
        return 100 * self.found // self.gold


def show(settings: Settings, predictor: Predictor, candidates: list[Picture]) -> Picture:
    """Predict about 20 of the images, print how many gold boxes were found, save the picture of a typical one."""
    if not candidates:
        raise ToolError(
            f"none of these images is in the locked datasets of namespace {settings.namespace}, made from other data; "
            "use another namespace: make demo NAMESPACE=<name>"
        )
    chosen = typical(candidates)
    others = [one for one in spread(candidates, _MOST_IMAGES) if one is not chosen]
    _show_one(settings, chosen, predictor.predict(chosen.path))
    scores = [_score(chosen, predictor)]
    scores += [_score(one, predictor) for one in track(others, "predicting more", console=err, transient=True)]
    total = Score(sum(one.gold for one in scores), sum(one.found for one in scores))
    say(f"  on {len(scores)} such images: {total.percent} % of {total.gold} gold boxes matched")
    return chosen


def say_next(settings: Settings, clients: Clients, predictor: Predictor, image: Picture) -> None:
    """Print lines to copy."""
    gateway = predictor.gateway if settings.cluster is Selected.LOCAL else "http://localhost:8080"
    url = predictor.url.replace(predictor.gateway, gateway)
    say("\nWhat to try next")
    say(f"  export KUBECONFIG={settings.kubeconfig}")
    say(f"  {clients.kubectl_program} get capabilities,datasets,trainingruns --namespace {settings.namespace}")
    say(f"  {material.program()} status --namespace {settings.namespace}")
    if settings.cluster is not Selected.LOCAL:
        forward = f"port-forward --namespace {SYSTEM_NAMESPACE} service/capforge-gateway 8080:80"
        say(f"  {clients.kubectl_program} {forward} &")
    say(f'  curl -H "Authorization: Token $(cat {settings.key_file})" -H "Content-Type: image/jpeg" \\')
    say(f"    --data-binary @{image.path} {url}")
    say(f"  {gateway}/docs in a browser")
    say("  make demo DATA=<coco folder>      # your own images")
    say("  make down                         # removes everything again")


def _show_one(settings: Settings, picture: Picture, answer: Answer) -> None:
    target = settings.output / f"{picture.path.stem}.png"
    draw.save(draw.drawn(picture.path, answer.objects), target)
    hits = Score(len(picture.objects), len(matched(picture.objects, answer.objects)))
    say(f"\n{picture.path.name}, not trained on: version {answer.version} of run {answer.run} answered over HTTP")
    say(f"  {len(answer.objects)} objects found in {1000 * answer.seconds:.0f} ms")
    say(f"  {hits.percent} % of its {hits.gold} gold boxes matched at IoU 0.5 (same class)")
    say(f"  picture with boxes: {target}")


def _score(picture: Picture, predictor: Predictor) -> Score:
    answer = predictor.predict(picture.path)
    return Score(len(picture.objects), len(matched(picture.objects, answer.objects)))
