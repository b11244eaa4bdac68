# Training without a cluster.
OUT ?= out/train-local
TIME_BUDGET ?= 1200
SET ?=
TEMPLATE ?=

.PHONY: train-local bench-trainer
train-local: trainer-venv ## train on a folder of COCO data or annotated documents without a cluster: DATA=<folder> [OUT=<folder>] [TEMPLATE=<name>] [TIME_BUDGET=<s>] [SET="a.b=1 …"]
	@[ -n "$(DATA)" ] || { echo "say which data: make train-local DATA=<folder with train.json and dev.json, or documents.jsonl and readings/> OUT=<folder>" >&2; exit 2; }
	$(TRAINER_VENV)/bin/capforge-trainer local "$(DATA)" --out "$(OUT)" --time-budget $(TIME_BUDGET) $(if $(TEMPLATE),--template $(TEMPLATE)) $(foreach one,$(SET),--set $(one))

bench-trainer: trainer-venv ## the cost of a training step beside a bare loop's (3 min)
	$(TRAINER_VENV)/bin/python -m benchmarks.trainer_step

.PHONY: bench-accuracy-detector
bench-accuracy-detector: trainer-venv ## mAP of the detector from scratch with its defaults on boards and on cells, and what is lost to classes and places (40 min; BENCH="--data ../shared/data/boards --seconds 600 --clock cpu")
	$(TRAINER_VENV)/bin/python -m benchmarks.accuracy_detector $(BENCH)

.PHONY: bench-accuracy-classifier
bench-accuracy-classifier: trainer-venv ## top-1 of a classifier on the cells' regions beside simple ways (BENCH="--seconds 900 --template box-classifier-resnet")
	$(TRAINER_VENV)/bin/python -m benchmarks.accuracy_classifier $(BENCH)

.PHONY: bench-accuracy-embedder
bench-accuracy-embedder: trainer-venv ## recall@k and mAP@R of both embedders beside plain pixels, on characters never trained on and on cells (BENCH="--kind characters")
	$(TRAINER_VENV)/bin/python -m benchmarks.accuracy_embedder $(BENCH)
