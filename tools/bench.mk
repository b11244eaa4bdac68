# Benchmarks: one command each, everything is printed. BENCH="…" passes flags on.
BENCH ?=

.PHONY: bench-peers bench-predict
bench-peers: venv ## install the servers that bench-predict compares with ours, each into its own environment
	@$(VENV)/bin/python -m benchmarks.peers.environments

bench-predict: venv ## our gateway beside Triton, KServe, MLServer, Envoy (7 min; BENCH=--quick: 90 s)
	@$(VENV)/bin/python -m benchmarks.predict $(BENCH)

.PHONY: bench-operator
bench-operator: venv binaries ## the operator at rest and in a burst, beside kopf's own handlers (10 min; BENCH=--quick: 90 s)
	@$(VENV)/bin/python -m benchmarks.operator $(BENCH)

.PHONY: bench-ocr
bench-ocr: venv binaries ## words, values and positions that Tesseract finds on real receipts (3 min; BENCH="--count 10")
	@$(VENV)/bin/python -m benchmarks.ocr $(BENCH)

.PHONY: bench-candidates
bench-candidates: venv ## CPU time of candidate building, recall of gold values on the receipts (20 s)
	@$(VENV)/bin/python -m benchmarks.candidates $(BENCH)

.PHONY: bench-candidate-kinds
bench-candidate-kinds: venv ## recall of candidates on fourteen made kinds of documents in nine languages (1 min; BENCH="--pdf")
	@$(VENV)/bin/python -m benchmarks.candidate_generality $(BENCH)

.PHONY: bench-datasets
bench-datasets: venv ## memory and CPU time of a gateway that shows and exports 100,000 images (BENCH=20000: fewer)
	@PYTHONPATH=tools $(VENV)/bin/python -m benchmarks.datasets_over_http $(BENCH)

.PHONY: bench-vision-generality
bench-vision-generality: trainer-venv ## detector, classifier and embedder with their defaults on drawn sets of thirteen kinds (30 CPU minutes; BENCH="--kind tiny --seconds 300")
	@OMP_NUM_THREADS=1 $(TRAINER_VENV)/bin/python -m benchmarks.vision_generality $(BENCH) 2>out/vision-generality.log
