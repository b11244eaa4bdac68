# The demos. Included by the Makefile.
DEMO := $(VENV)/bin/python -m capforge_demo
export CLUSTER DATA NAMESPACE REGISTRY TIME_BUDGET_SECONDS

.PHONY: demo demo-documents down
demo: venv ## labelled images to a prediction over HTTP (DATA=<coco folder>, CLUSTER=current|kind|local)
	@$(DEMO) run

demo-documents: venv ## documents, candidates, annotations, models that come by themselves (DATA=<folder>, CLUSTER=…)
	@$(DEMO) documents

down: venv ## remove everything that the demo started
	@$(DEMO) down
