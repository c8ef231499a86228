# make check is what a change must pass before it is sent. Tools are installed, pinned, under ./.cache by .ci/tools.

.PHONY: check fmt vet lint test race fuzz chaos conformance compose-test ci

check: fmt vet lint race

fmt:
	@.ci/fmt

vet:
	go vet ./...

lint:
	@.ci/tools lint
	.cache/bin/golangci-lint run --allow-parallel-runners ./...

test:
	go test ./...

race:
	go test -race ./...

fuzz:
	@.ci/fuzz

# Breaks everything for a while, and checks what was promised: make chaos CHAOS=3m SEED=7. Without SEED, any; it is printed.
CHAOS = 20m
SEED = 0

chaos:
	@.ci/tools redis
	go test ./e2e/chaos -run '^TestChaos$$' -v -count 1 -timeout 2h -args -chaos $(CHAOS) -seed $(SEED)

conformance:
	@.ci/tools redis conformance
	@.ci/conformance
	@.ci/conformance-proxy

# Needs a Docker engine; .ci/run starts one of its own.
compose-test:
	@.ci/compose-test

ci:
	bash .ci/run
