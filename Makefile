# The checks that every change passes. `make check` is what .ci/run begins with.
GO ?= go

.PHONY: check build test race law fmt vet lint docs demo

check: fmt vet lint race law

build:
	CGO_ENABLED=0 $(GO) build -o riffle ./cmd/riffle

fmt:
	@bad=$$(gofmt -l . | grep -v '^bench/'); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

lint:
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) test ./internal/lint

test:
	$(GO) test ./...

race:
	$(GO) test -race -timeout 15m ./dataflow/... ./spill ./datasets/kafka ./datasets/files ./streaming ./repl/... ./jobs/...

law:
	$(GO) test ./internal/prove/law -law.duration=10s
	$(GO) test -tags collide ./internal/prove/law -law.duration=4s

# Reference pages that are made from the code; CI fails when they are stale.
docs:
	$(GO) test ./repl -run TestReference -rewrite
	$(GO) test ./jobs -run TestOpenAPI -rewrite
	$(GO) test ./cmd/riffle -run 'TestTranscripts|TestTour|TestPicture|TestFirstMinutes' -rewrite

demo:
	$(GO) run ./cmd/riffle demo
