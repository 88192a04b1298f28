# Each target calls one script of scripts/; continuous integration calls the same ones.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-long check bench lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## make .venv, install what is locked, build the page
	@scripts/setup

run: ## set up, then the whole product on this machine (ARGS="--port 9000")
	@scripts/run $(ARGS)

check: ## formatting, lint, types, import rules, generated files
	@scripts/check

test: ## everything that must pass before a merge
	@scripts/test $(ARGS)

test-long: ## more rounds of the same, with reports in benches/reports/
	@scripts/test-long $(ARGS)

bench: ## cost per message beside the stock library, and per packet of a call (ARGS="media --rounds 1")
	@scripts/bench $(ARGS)

lock: ## rewrite requirements/*.lock from pyproject.toml
	@scripts/lock $(ARGS)
