"""From annotated documents to a served version with nobody asking, and the one end that it must have."""

from __future__ import annotations

from dataclasses import dataclass, field

from capforge_contracts import layout
from capforge_contracts.ledger import AnyEntry, AutomaticTraining, VersionPublished, read_entry
from capforge_contracts.model import sha256_hex
from capforge_contracts.submissions import read_documents_manifest
from tests.integration.faults.story import OURS, Story
from tests.support.counting_gateway import CountingGateway
from tests.support.kubeclient import Json
from tests.unit.operator.training_world import resource
from tests.unit.snapshot.slips import FIELDS, put_readings, submission

DOCUMENTS = 20


@dataclass
class AutomaticStory(Story):
    """One field extractor, and people who annotate its documents."""

    gateway: CountingGateway = field(default_factory=lambda: CountingGateway(""))

    @property
    def run(self) -> str:
        return f"{self.name}-auto-{DOCUMENTS}"

    def upload(self) -> None:
        put_readings(self.store, range(1, DOCUMENTS + 1), self.namespace)
        # Other documents than in the story before: equal data would be an equal run, which takes that one's result.
        ones = [submission(number, document=f"{self.name}-{number}") for number in range(1, DOCUMENTS + 1)]
        self.gateway.submissions[self.namespace, self.name] = ones

    def documents(self) -> list[Json]:
        fields = [one.model_dump(mode="json", by_alias=True, include={"name", "type"}) for one in FIELDS]
        fields[1]["classes"] = FIELDS[1].classes
        spec = {"type": "FieldExtractorElement", "dataModel": {"fields": fields}}
        return [resource("Capability", self.name, spec, self.namespace)]

    def status(self, kind: str) -> Json:
        name = self.name if kind == "Capability" else self.run
        found = self.kube.get(kind, self.namespace, name)
        assert found is not None, f"{kind} {name} is not there"
        return dict(found.get("status", {}))

    def entries(self) -> list[AnyEntry]:
        prefix = layout.ledger_prefix(self.namespace, self.name)
        return [read_entry(self.store.get(one.key)) for one in self.store.list(prefix)]

    def assert_ended(self) -> None:
        super().assert_ended()
        assert self.reason("Capability", "AutomaticTraining") == "Waiting", self.message(
            "Capability", "AutomaticTraining"
        )
        assert self.status("Capability")["annotations"]["progress"] == f"{DOCUMENTS}/40"

    def assert_whole(self) -> None:
        """One dataset, one run, one word about each in the ledger; the data is what was annotated when it fired."""
        self.assert_ended()
        for kind in ("Dataset", "TrainingRun"):
            assert [one["metadata"]["name"] for one in self.kube.list(kind, self.namespace)] == [self.run]
        dataset, run = self.status("Dataset"), self.status("TrainingRun")
        manifest = self.store.get(layout.manifest(self.namespace, dataset["digest"]))
        assert sha256_hex(manifest) == dataset["digest"]
        assert len(list(read_documents_manifest(manifest)[1])) == dataset["items"] == DOCUMENTS
        fired, published = self.entries()
        assert isinstance(fired, AutomaticTraining)
        assert (fired.threshold, fired.documents, fired.as_of_sequence) == (DOCUMENTS, DOCUMENTS, DOCUMENTS)
        assert (fired.dataset, fired.run) == (self.run, self.run)
        assert isinstance(published, VersionPublished)
        assert (published.version, published.run_digest) == ("1.1", run["runDigest"])
        self._assert_no_orphans()

    def clean(self) -> None:
        self.gateway.submissions.pop((self.namespace, self.name), None)
        for kind in OURS:
            self.kube.delete_all(kind, self.namespace)
