# The candidate scorer: its generic weights, and how well it reads fields.
PRETRAIN ?=

.PHONY: pretrain bench-fields bench-kinds
pretrain: trainer-venv ## make the generic weights of the candidate scorer from made documents (10 min, one core; PRETRAIN="--seed 1")
	$(TRAINER_VENV)/bin/python -m capforge_pretrain $(PRETRAIN)

bench-fields: trainer-venv ## fields read right after 20, 50, 150 receipts (DATA=../shared/data/receipts; BENCH="--words given")
	PYTHONPATH="$(PYTHONPATH):$(CURDIR)" $(TRAINER_VENV)/bin/python -m benchmarks.fields $(if $(DATA),--data "$(DATA)") $(BENCH)

bench-kinds: trainer-venv ## fields read right after 20 documents of each of fourteen made kinds (15 min; BENCH="--kinds payslip form")
	PYTHONPATH="$(PYTHONPATH):$(CURDIR)" $(TRAINER_VENV)/bin/python -m benchmarks.candidate_generality.learning $(BENCH)
