"""`make demo-documents`: documents come in, a person picks candidates, models come by themselves and get better.

Every step is safe to repeat: what was annotated stays annotated, and the loop goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from rich.progress import track

from capforge.cluster.reach import reachable
from capforge.console import err
from capforge.sample import receipts as drawn
from capforge_demo.clients import Clients
from capforge_demo.documents import closing
from capforge_demo.documents.api import DocumentApi
from capforge_demo.documents.board import Board
from capforge_demo.documents.folder import DocumentFolder, Gold
from capforge_demo.documents.judging import Score, judged, score
from capforge_demo.documents.picking import annotation
from capforge_demo.follow import condition
from capforge_demo.settings import Settings
from capforge_demo.story import GATEWAY, prepared
from capforge_tools.console import say, step
from capforge_tools.errors import CommandFailedError, ToolError
from capforge_tools.places import REPOSITORY

Json = dict[str, Any]
EXAMPLE = REPOSITORY / "examples" / "receipts" / "capability.yaml"
SAMPLE = "receipts"
SAMPLE_DOCUMENTS = 80
SAMPLE_SEED = 0
THRESHOLDS = (20, 40)
MOST_UNSEEN = 12
_PAUSE_SECONDS = 1.0


def run(settings: Settings) -> None:
    """Go the whole way; raises ToolError or CliError with what to do."""
    _say_plan(settings)
    clients, cluster, key = prepared(settings)
    folder = documents(settings)
    manifest = apply(settings, clients, folder)
    with reachable(GATEWAY, cluster) as gateway:
        name = manifest["metadata"]["name"]
        api = DocumentApi.at(gateway.removesuffix(":80"), settings.namespace, name, key)
        loop = Loop(api, Board(cluster, settings.namespace, name), folder, types_of(manifest))
        for threshold in THRESHOLDS:
            loop.go_on_to(min(threshold, len(folder.train)))
            loop.say_how_good()
        closing.say_next(settings, clients, api, folder.dev[0])


@dataclass(frozen=True)
class Loop:
    """One person's annotation of a folder."""

    api: DocumentApi
    board: Board
    folder: DocumentFolder
    types: dict[str, str]

    def go_on_to(self, count: int) -> None:
        """Annotate until so many documents are, then wait until the model of this threshold answers or is kept back."""
        with self.board.showing():
            status = self._started(count)
            done = int(status["annotations"]["documents"])
            for number, gold in enumerate(self.folder.train[done:count], start=done + 1):
                answer = self.api.predict(gold, training=True)
                self.api.annotate(str(answer["id"]), annotation(answer, gold, self.types))
                status = self.board.update(_doing(answer, gold, self.types), number, count)
            while not is_settled(status, count):
                time.sleep(_PAUSE_SECONDS)
                status = self.board.update("waits for the model", count, count)
        if held := status.get("heldChallenger"):
            say(f"  the newest model was kept back: {held['message']}")

    def _started(self, count: int) -> Json:
        """Wait until the operator has seen the Capability; return its status."""
        while True:
            status = self.board.update("starts", 0, count)
            if status.get("annotations") and condition({"status": status}, "Ready").get("status") == "True":
                return status
            time.sleep(_PAUSE_SECONDS)

    def say_how_good(self) -> None:
        """Predict documents that were not annotated, and print how many fields are right."""
        chosen = _spread(self.folder.dev, MOST_UNSEEN)
        answers = [self.api.predict(gold) for gold in track(chosen, "reading unseen documents", console=err)]
        right = [judged(answer, gold, self.types) for answer, gold in zip(answers, chosen, strict=True)]
        version = answers[0]["inference"]["product"]["version"]
        whole = score(right)
        say(f"  version {version}: {whole.percent} % of {whole.fields} fields right on {len(chosen)} unseen documents")
        for name in self.types:
            each = Score(sum(one[name] for one in right), len(right))
            say(f"    {name}: {each.right} of {each.fields}")


def is_settled(status: Json, count: int) -> bool:
    """Tell whether this threshold's run has ended in a version that answers, or in a model that is kept back."""
    trained = (status.get("annotations") or {}).get("trainedThreshold") or 0
    if trained < count:
        return False
    if held := status.get("heldChallenger"):
        return str(held["run"]).endswith(f"-auto-{trained}")
    newest = (status.get("history") or [{}])[0]
    serves = condition({"status": status}, "ModelServing").get("status") == "True"
    return serves and str(newest.get("run", "")).endswith(f"-auto-{trained}") and newest["version"] == status["version"]


def documents(settings: Settings) -> DocumentFolder:
    """Return the person's folder, or the sample set, drawn unless it was before."""
    if settings.data:
        return DocumentFolder.find(settings.data)
    target = settings.places.cache / f"sample-receipts-{SAMPLE_DOCUMENTS}-{SAMPLE_SEED}"
    if not (target / "train.jsonl").is_file():
        with step(f"draw {SAMPLE_DOCUMENTS} documents (your own: make demo-documents DATA=<folder>)"):
            for _ in drawn.write(target, SAMPLE_DOCUMENTS, SAMPLE_SEED):
                pass
    return DocumentFolder.find(target)


def capability(settings: Settings, folder: DocumentFolder) -> Json:
    """Return examples/receipts as it is, or with the fields of the person's documents."""
    example: Json = yaml.safe_load(EXAMPLE.read_text())
    if not settings.data:
        return example
    described = {"description": f"Reads {', '.join(one['name'] for one in folder.data_fields)}."[:1024]}
    spec = {**example["spec"], **described, "dataModel": {"fields": folder.data_fields}}
    return {**example, "metadata": {"name": settings.name}, "spec": spec}


def types_of(manifest: Json) -> dict[str, str]:
    """Return each field's type."""
    return {one["name"]: one["type"] for one in manifest["spec"]["dataModel"]["fields"]}


def apply(settings: Settings, clients: Clients, folder: DocumentFolder) -> Json:
    """Apply the Capability as a person would; return it."""
    manifest = capability(settings, folder)
    settings.output.mkdir(parents=True, exist_ok=True)
    path = settings.output / "documents.yaml"
    path.write_text(yaml.safe_dump(manifest, sort_keys=False))
    with step(f"kubectl apply --namespace {settings.namespace} -f {path.relative_to(REPOSITORY)}"):
        try:
            clients.kubectl("apply", "--namespace", settings.namespace, "-f", path)
        except CommandFailedError as error:
            hint = "A Capability with other fields may be there: use another namespace (NAMESPACE=<name>)."
            raise ToolError(f"{error}\n{hint}") from error
    return manifest


def _doing(answer: Json, gold: Gold, types: dict[str, str]) -> str:
    """Say what the person just did; from version 1.1 on the fields come filled in."""
    if answer["inference"]["product"]["version"] == "1.0":
        return f"{gold.name}: picked"
    right = sum(judged(answer, gold, types).values())
    return f"{gold.name}: {right} of {len(types)} were right"


def _spread(documents: Sequence[Gold], most: int) -> list[Gold]:
    each = max(1, len(documents) // most)
    return list(documents[::each][:most])


def _say_plan(settings: Settings) -> None:
    source = settings.data or "receipts and invoices, drawn here (your own: DATA=<folder with train.jsonl, dev.jsonl>)"
    say(f"cluster: {settings.cluster.value} (CLUSTER=current|kind|local)   namespace: {settings.namespace}")
    say(f"documents: {source}")
    say("The first time this builds a cluster and images: up to 35 minutes on 2 cores. Stop and repeat it as you like.")
