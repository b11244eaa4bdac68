"""The end of the demo: lines to copy."""

from __future__ import annotations

from capforge_demo import material
from capforge_demo.clients import Clients
from capforge_demo.documents.api import DocumentApi
from capforge_demo.documents.folder import Gold
from capforge_demo.settings import SYSTEM_NAMESPACE, Settings
from capforge_tools.console import say
from capforge_tools.selection import Cluster as Selected


def say_next(settings: Settings, clients: Clients, api: DocumentApi, document: Gold) -> None:
    """Print what to try next."""
    local = settings.cluster is Selected.LOCAL
    gateway = str(api.http.base_url).rstrip("/") if local else "http://localhost:8080"
    kubectl = f"{clients.kubectl_program} --namespace {settings.namespace}"
    say("\nWhat to try next")
    say(f"  export KUBECONFIG={settings.kubeconfig}")
    say(f"  {kubectl} get capabilities,datasets,trainingruns")
    say(f"  {material.program()} status --namespace {settings.namespace}")
    if not local:
        forward = f"port-forward --namespace {SYSTEM_NAMESPACE} service/capforge-gateway 8080:80"
        say(f"  {clients.kubectl_program} {forward} &")
    say(f'  curl -H "Authorization: Token $(cat {settings.key_file})" -F document=@{document.path} \\')
    say(f"    {gateway}{api.url()}/predict                # v1.1 instead of v1 asks the first model again")
    say(f"  {gateway}{api.url()}/docs in a browser")
    say("  with the public client (pip install 'mindee==4.10.*'):")
    say(f"    export MINDEE_BASE_URL={gateway}/v1 MINDEE_API_KEY=$(cat {settings.key_file})")
    say("  docs/how-to/documents-from-zero.md shows how people annotate from there")
    say("  make demo-documents DATA=<folder>      # your own documents (see its README for the form)")
    say("  make down                              # removes everything again")
