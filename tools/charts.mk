# The demo. Included by the Makefile.
DEMO := $(VENV)/bin/python -m capforge_demo
export CLUSTER DATA NAMESPACE REGISTRY TIME_BUDGET_SECONDS

.PHONY: demo down
demo: venv ## labelled images to a prediction over HTTP (DATA=<coco folder>, CLUSTER=current|kind|local)
	@$(DEMO) run

down: venv ## remove everything that the demo started
	@$(DEMO) down
