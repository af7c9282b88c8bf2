# Every target is a call of cargo or of ouroc; `make help` lists them.

CARGO ?= cargo
OUROC = $(CARGO) run --quiet --release --package ouroc --
VM    = vm-source-st/vm.ron
KERNEL = vm-source-st/kernel.ron
REV  ?= HEAD

.PHONY: help vm run test test-fast fuzz diff bench check lint fmt bless clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

vm: ## translate the VM and its image, write generated/ouro with the image inside, start it as a proof
	$(OUROC) build $(VM) --manifest generated/manifest.ron
	$(OUROC) image $(KERNEL) --output generated/kernel.image
	./generated/ouro --deterministic generated/kernel.image --snapshot
	$(OUROC) build $(VM) --image generated/kernel.image
	./generated/ouro

run: vm ## start the VM on its built-in image
	./generated/ouro

test: vm ## every test
	$(CARGO) test --release --workspace
	$(OUROC) test $(VM)

test-fast: ## the translator's own tests, unoptimised
	$(CARGO) test --package ouroc --lib

fuzz: vm ## 100,000 damaged images
	OURO_FUZZ_CASES=100000 $(CARGO) test --release --package tests --test fuzz -- --nocapture

diff: ## machine code of REV (default HEAD) against the working tree
	$(OUROC) diff $(REV)

bench: vm ## figures as ratios, measured side by side in one run
	$(CARGO) run --quiet --release --package tests --bin bench

check: ## errors and warnings of the VM source
	$(OUROC) check $(VM)

lint: ## formatting and clippy
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt: ## format the Rust sources
	$(CARGO) fmt --all

bless: ## rewrite expected outputs of tests
	OURO_BLESS=1 $(CARGO) test --release --workspace

clean: ## remove what was built
	$(CARGO) clean
	git clean -fdX generated
