# Files generated from the operator's API models.

.PHONY: crds check-crds
crds: venv ## generate the CRDs, the chart's copy and the resource reference
	$(VENV)/bin/python -m capforge_crds

check-crds: venv
	$(VENV)/bin/python -m capforge_crds --check
