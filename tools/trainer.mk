# Training without a cluster.
OUT ?= out/train-local
TIME_BUDGET ?= 1200
SET ?=

.PHONY: train-local bench-trainer
train-local: trainer-venv ## train on a COCO folder without a cluster: DATA=<folder> [OUT=<folder>] [TIME_BUDGET=<s>] [SET="a.b=1 …"]
	@[ -n "$(DATA)" ] || { echo "say which data: make train-local DATA=<folder with train.json and dev.json> OUT=<folder>" >&2; exit 2; }
	$(TRAINER_VENV)/bin/capforge-trainer local "$(DATA)" --out "$(OUT)" --time-budget $(TIME_BUDGET) $(foreach one,$(SET),--set $(one))

bench-trainer: trainer-venv ## accuracy on the cells data (20 min) and the cost of a training step
	$(TRAINER_VENV)/bin/python benchmarks/trainer_step.py
	$(TRAINER_VENV)/bin/python benchmarks/accuracy_detector.py
