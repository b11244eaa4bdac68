# The local cluster, image building and pinned upstream programs. Included by the Makefile.
TOOLS := PYTHONPATH=tools $(PYTHON) -m capforge_tools

.PHONY: binaries
binaries: ## build the pinned upstream programs (etcd, Kubernetes, helm, S3 server, CoreDNS)
	@$(TOOLS) binaries
