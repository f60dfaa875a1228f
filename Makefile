# Thin on purpose: each target is one command somebody could type.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  INSTALL=no     name missing system packages instead of installing them (root on Debian or Ubuntu)"
	@echo "  PROVIDER=...   local | kind | existing: where demo and tests find their cluster (chosen by what is there)"
	@echo "  GROUP=...      backbone | contracts | observability | safety: which figures to measure"

$(VENV)/installed: requirements.lock pyproject.toml $(wildcard operator/*/pyproject.toml) tools/environment
	@tools/environment $(PYTHON) $(VENV)

.PHONY: venv
venv: $(VENV)/installed ## The Python environment alone

.PHONY: demo
demo: $(VENV)/installed ## From nothing to a running, guarded service on a real Kubernetes
	@$(RUN)/concordat demo $(if $(PROVIDER),--provider $(PROVIDER))

.PHONY: test
test: $(VENV)/installed ## Every test but the long ones, on a real API server and a real node
	@$(RUN)/python -m tests.setup
	@$(RUN)/pytest -m "not slow" $(ARGS)

.PHONY: check
check: lint ## Formatting, rules, types, layers, and every test that needs no cluster, in two or three minutes
	@$(RUN)/pytest -q -n auto --dist loadfile -m "not slow and not controlplane and not node" \
	    --ignore=tests/e2e --ignore=tests/live --ignore=tests/lab --ignore=tests/conformance $(ARGS)

.PHONY: test-long
test-long: $(VENV)/installed ## The long ones: whole soundness runs, month-long simulations, outage storms
	@$(RUN)/python -m tests.setup
	@$(RUN)/pytest -m slow --timeout=7200 $(ARGS)

.PHONY: figures
figures: $(VENV)/installed ## Measure what the documentation claims; one JSON line a figure
	@$(RUN)/python -m tests.setup >&2
	@$(RUN)/python -m tests.figures $(GROUP)

.PHONY: lint
lint: $(VENV)/installed ## Formatting, rules, types, layers
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports

dashboards/preview/dist/index.html: $(wildcard dashboards/preview/src/* dashboards/preview/*.*)
	@tools/preview dashboards/preview

.PHONY: preview
preview: dashboards/preview/dist/index.html ## The page of `concordat dashboard preview`; needs Node.js 18 and npm

.PHONY: generated
generated: $(VENV)/installed ## Write what is made from code again: CRDs, dashboards, reference pages
	@$(RUN)/python -m tests.generated

.PHONY: sbom
sbom: $(VENV)/installed ## A bill of materials of each image, CycloneDX, in build/sbom
	@$(RUN)/python tools/sbom.py build/sbom

.PHONY: pins
pins: $(VENV)/installed ## Pin base images by digest and releases by checksum anew; needs Docker and the origins
	@tools/pin-images
	@$(RUN)/python tools/pin-downloads

OURS   := --no-emit-package concordat-contracts --no-emit-package concordat-lab --no-emit-package concordat
LOCKED := $(OURS) --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: lock
lock: $(VENV)/installed ## Resolve the dependencies anew, for people and for the images
	@$(RUN)/uv pip compile $(LOCKED) --all-extras pyproject.toml -o requirements.lock
	@$(RUN)/uv pip compile $(LOCKED) --constraint requirements.lock --no-annotate pyproject.toml -o operator/requirements.lock
	@$(RUN)/uv pip compile $(LOCKED) --constraint requirements.lock --no-annotate operator/conformance.in -o operator/conformance.lock
