# Nubitalk: `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

export CGO_ENABLED := 0
# No paths of this machine in what is built; the same for tests, so that nothing is compiled twice.
# Functions of modules that are never in a hurry are not copied into their callers: 2.7 MB of the program (docs/benchmarks.md).
COLD := github.com/nats-io github.com/minio github.com/Azure github.com/caddyserver github.com/mholt github.com/alecthomas github.com/pressly \
	github.com/prometheus github.com/miekg github.com/go-webauthn github.com/fxamacker github.com/go-jose github.com/nyaruka go.uber.org go.yaml.in \
	google.golang.org/protobuf golang.org/x/text github.com/pion/sctp github.com/pion/mdns github.com/microcosm-cc github.com/tinylib \
	github.com/danielgtaylor nubitalk/internal/api nubitalk/internal/app/account nubitalk/internal/app/campaign \
	nubitalk/internal/app/contact nubitalk/internal/app/export nubitalk/internal/app/quality nubitalk/internal/app/setup nubitalk/internal/server nubitalk/internal/core/setup github.com/emersion github.com/emiago github.com/go-viper github.com/google/go-tpm github.com/coreos
export GOFLAGS := $(filter-out -trimpath -gcflags=%,$(GOFLAGS)) -trimpath $(foreach module,$(COLD),-gcflags=$(module)/...=-l)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
STAMP   := -X nubitalk/internal/base/telemetry.version=$(VERSION) -X nubitalk/internal/base/telemetry.commit=$(COMMIT)

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -not -path 'web/packed/*' -not -path 'web/test/*' -not -name '*.go')
WEB_BUILT   := web/packed/desktop/index.html.gz
WEB_PARTS   := web/node_modules/.package-lock.json

.PHONY: help run build web test test-go test-web check bench components sim generate clean

help: ## List what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

run: build ## Build everything and start the demo on this machine
	@bin/nubitalk-demo

build: web ## Build the pages and two static programs: bin/nubitalk, and bin/nubitalk-demo for the demonstration
	@# Functions begin at every 16 octets, not 32: 0.66 MB of the program.
	go build -buildvcs=false -ldflags '-s -w -funcalign=16 $(STAMP)' -o bin/ ./cmd/nubitalk ./cmd/nubitalk-demo

web: $(WEB_BUILT) ## Build the pages: the desk, the telephone and the widget

$(WEB_PARTS): web/package-lock.json
	@scripts/need node
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(WEB_BUILT): $(WEB_PARTS) $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

test: test-go test-web ## Install what tests need (Debian packages), then run all tests

test-go: build
	@scripts/need postgresql chromium sipp baresip espeak-ng node azurite versitygw dovecot exim
	scripts/test go

test-web: build ## The tests of pages and widget alone (LAG=800: with answers that are up to so many milliseconds late)
	@scripts/need chromium baresip espeak-ng dovecot exim
	cd web && npm run --if-present test
	scripts/test web

check: $(WEB_PARTS) ## Formatting, vet, lint, layers, generated files, types
	scripts/check

bench: build ## Measure: one line a figure, with its goal (NAME=… for one)
	@scripts/need chromium sipp dovecot exim
	go run ./test/bench $(if $(NAME),-name '$(NAME)')

components: $(WEB_PARTS) ## Look whether components are within their times, and for known faults (PART=… for one; DB=… for a copy of the database)
	go run ./test/components $(if $(PART),-part '$(PART)') $(if $(DB),-db '$(DB)')

sim: ## Simulate the routing with a virtual clock (SEEDS=100000; FIRST=… repeats from a seed; FLOOR=1 for the whole floor)
ifdef FLOOR
	TMPDIR=$(firstword $(wildcard /dev/shm) /tmp) SEEDS=$(or $(SEEDS),1000) FIRST=$(or $(FIRST),0) go test ./internal/app/floor -run '^TestStories$$' -count=1 -timeout 0
else
	go run ./test/sim $(if $(SEEDS),-seeds $(SEEDS)) $(if $(FIRST),-first $(FIRST))
endif

generate: $(WEB_PARTS) ## Make the generated files again
	scripts/generate

clean: ## Remove what was built (never data)
	rm -rf bin web/dist web/packed/desktop web/packed/phone web/packed/widget web/node_modules coverage.out
