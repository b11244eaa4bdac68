# The local cluster, image building and pinned upstream programs. Included by the Makefile.
TOOLS := PYTHONPATH=tools $(PYTHON) -m capforge_tools

.PHONY: binaries cluster-up cluster-down cluster-status
binaries: ## build the pinned upstream programs (etcd, Kubernetes, helm, S3 server, CoreDNS)
	@$(TOOLS) binaries

cluster-up: ## the Kubernetes to work on: CLUSTER=current, kind, or one run from source here
	@$(TOOLS) cluster up

cluster-down: ## remove the cluster that cluster-up made
	@$(TOOLS) cluster down

cluster-status: ## what of the cluster runs
	@$(TOOLS) cluster status

.PHONY: images
images: ## build what changed of the images and bring it to the cluster (REGISTRY=<registry> pushes instead)
	@$(TOOLS) images build $(IMAGES) $(if $(REGISTRY),--push $(REGISTRY)) >/dev/null
