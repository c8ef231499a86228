# make check is what a change must pass before it is sent. Tools are installed, pinned, under ./.cache by .ci/tools.

.PHONY: check fmt vet lint test race fuzz conformance compose-test ci

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

conformance:
	@.ci/tools redis conformance
	@.ci/conformance

# Needs a Docker engine; .ci/run starts one of its own.
compose-test:
	@.ci/compose-test

ci:
	bash .ci/run
