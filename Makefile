# The mall. `make run` and `make test` do all the set-up; `make help` lists the rest.

# The one list of services: the programs, their tests and images, the built-in routes, the manifests, the pipelines and the tests follow it.
SERVICES := order delivery product
ifeq ($(strip $(SERVICES)),)
$(error SERVICES is empty)
endif
ifneq ($(words $(SERVICES)),$(words $(sort $(SERVICES))))
$(error SERVICES names a service twice: $(SERVICES))
endif
WRONG_NAMES := $(filter common frontend gateway mallctl mall siege build buildspec deploy docs examples scripts tests,$(SERVICES)) \
               $(shell printf '%s\n' $(SERVICES) | LC_ALL=C grep -vxE '[a-z][a-z0-9]*')
ifneq ($(strip $(WRONG_NAMES)),)
$(error SERVICES: no service can be called $(strip $(WRONG_NAMES)): a name is lower case letters and digits, and no other folder or image of this tree)
endif
DAEMONS  := $(SERVICES) frontend gateway
PROGRAMS := $(DAEMONS) mallctl
TIERS    := base data event http service audit

# release (default), asan (address, undefined), tsan (thread), nodedup (applies twice what comes twice: the audit must see it),
# fuzz (libFuzzer, address, undefined; clang's), coverage (gcov)
VARIANT ?= release
OUT     := build/$(VARIANT)

ifeq ($(origin CC),default)
CC := $(if $(shell command -v ccache),ccache )$(if $(filter fuzz,$(VARIANT)),clang,gcc)
endif
JOBS ?= $(shell nproc)
Q    := $(if $(V),,@)# V=1 shows the commands
PACKAGES := libmicrohttpd rdkafka libcjson sqlite3 libpq libcurl zlib yaml-0.1 libpcre2-8

# Warnings and the language standard are the project's; CFLAGS and LDFLAGS belong to the packager.
CFLAGS ?= -O2 -g
STANDARD := -std=gnu17 -D_GNU_SOURCE -Icommon -I.
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
            -Wundef -Wformat=2 -Wvla -Wcast-qual -Wno-missing-field-initializers
WITHOUT_nodedup   := -DMALL_WITHOUT_DEDUP
HARDENING_release := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer
# NULL + 0 is what C2y allows, and what an empty text is here
SANITIZE_fuzz := -Wno-format-nonliteral -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer
# counters of several threads
SANITIZE_coverage := --coverage -fprofile-update=atomic -Wl,--wrap=_exit
BESIDE_coverage   := build/coverage/tests/coverage_exit.o
BESIDE_tsan       := build/tsan/tests/tsan_threads.o

VERSION := 1.0.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(WITHOUT_$(VARIANT)) $(HARDENING_$(VARIANT)) $(SANITIZE_$(VARIANT)) \
             $(shell pkg-config --cflags $(PACKAGES)) $(CFLAGS)
ALL_LIBS   = -Wl,--as-needed $(LDFLAGS) $(SANITIZE_$(VARIANT)) $(shell pkg-config --libs $(PACKAGES)) -lpthread -lm

.PHONY: help all run test bench lint format unit wire schema proxy system neighbours page console traces monitoring logging fifth pictures pictures-test docs-test site site-test examples fuzz mutants images images-test cluster cluster-down cluster-test deploy-check deploy-mutants generate compdb install coverage programs next generated linked deps-run deps-kafka deps-postgres deps-monitor \
        deps-test deps-bench deps-fuzz deps-images deps-emulator deps-cluster deps-jaeger deps-logging unit-tests unit-here concurrent-tests ceiling fuzzers clean
.SECONDARY:

# ---- what people call ----

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

all: deps-run ## build all programs; build/bin leads to them
	@$(MAKE) --no-print-directory -j$(JOBS) programs

run: $(if $(KAFKA),deps-kafka,deps-run) $(if $(PG),deps-postgres) $(if $(MONITOR),deps-monitor) ## build and start all daemons here; KAFKA=1 with a Kafka broker, PG=1 with a PostgreSQL server, FAULTS=1 with switches for faults, MONITOR=1 with Prometheus and its alerts, PORTS=frontend=18080 moves one
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@scripts/run.py $(if $(KAFKA),--kafka) $(if $(PG),--postgres) $(if $(FAULTS),--faults) $(if $(MONITOR),--monitor) $(PORTS:%=--port %)

TESTS := lint unit page wire schema proxy system console traces monitoring logging neighbours fifth pictures-test docs-test \
         examples site-test deploy-check
images_test = $(shell [ "$$(id -u)" = 0 ] && unshare --mount --net true 2>/dev/null && echo images-test)

test: deps-test ## run all checks and tests, from lint to deploy-check, and count what passed and failed
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@scripts/tally.py $(TESTS) $(images_test)
	@$(if $(images_test),,echo "images-test was left out: it takes root, and the right to mount and to make networks")

lint: deps-test ## check includes, layout, generated files and warnings, and run cppcheck, clang-tidy and shellcheck
	@$(MAKE) --no-print-directory -j$(JOBS) linked build/bin
	@scripts/lint.py $(TIERS)

format: deps-test ## lay out the C files as .clang-format says
	@scripts/format

unit: deps-test ## run the unit tests under the sanitizers; ONLY=json picks
	$(if $(ONLY),,-@tests/mutants/check.py)
	$(if $(ONLY),,-@tests/tools/check.py)
	-@$(MAKE) --no-print-directory -k -j$(JOBS) VARIANT=asan unit-tests fuzzers
	-@$(MAKE) --no-print-directory -k -j$(JOBS) VARIANT=tsan concurrent-tests
	@scripts/beside.py scripts/unit.py $(foreach o,$(ONLY),--only $(o)) \
		$(patsubst %.c,build/asan/%,$(test_sources) $(fuzz_sources)) $(patsubst %.c,build/tsan/%,$(concurrent_sources)) \
		$(foreach v,asan tsan,$(patsubst %.c,build/$(v)/%@postgresql,$(filter $($(v)_sources),$(store_sources))))

wire: deps-test ## compare the answers of each service with those recorded from the reference
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/wire/run.py

schema: deps-test ## let schemathesis ask each service what its /openapi.json allows and forbids; SEED=2 for other requests, ONLY=product picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/schema/run.py --seed $(SEED) $(ONLY)

proxy: deps-test ## test the gateway alone, over raw sockets, with clients and upstreams that misbehave; ONLY=retry picks, VARIANT=asan
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=$(VARIANT) programs
	@tests/gateway/run.py --variant $(VARIANT) $(ONLY)

system: deps-test ## test the daemons together, with faults; ONLY=siege picks, VARIANT=asan
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=$(VARIANT) programs
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=nodedup programs
	@tests/system/run.py --variant $(VARIANT) $(ONLY)

neighbours: deps-test ## test order, delivery and product together with Spring's, on one Kafka; ONLY=mixes picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/neighbours/run.py $(ONLY)

traces: deps-test ## have the daemons send traces to a collector of the tests, and to Jaeger where `make deps-jaeger` was called; ONLY=sampler picks
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=$(VARIANT) programs
	@tests/traces/run.py --variant $(VARIANT) $(ONLY)

logging: deps-test ## have a real collector bring a mall's lines to a real VictoriaLogs, and sample traces for a real Jaeger, where `make deps-logging` was called; ONLY=killed picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/logging/run.py $(ONLY)

monitoring: deps-test ## ask a real Prometheus every query of the rules and dashboards, replay what should raise an alert, and hold runbooks to alerts; ONLY=queries picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/monitoring/run.py $(ONLY)

page: deps-test ## run the tests of the page's parts that need no browser, in Node; ONLY=board picks
	@tests/page/run.py $(ONLY)

console: deps-test ## have a browser use the console through the gateway, on both buses; ONLY=stream picks, PICTURES=1 makes those of both READMEs anew
	@$(MAKE) --no-print-directory -j$(JOBS) programs next
	@tests/console/run.py $(if $(PICTURES),--pictures) $(ONLY)

fifth: deps-test ## build the services of docs/fifth-service.md and docs/lab/en/own-domain.md in copies of the tree and test that all else follows; ONLY=Kafka picks
	@tests/fifth/run.py $(ONLY)

docs-test: deps-test ## type the commands of the lab book (docs/lab) and compare what they print; WHERE=cluster types those for the Kubernetes of `make cluster`, PAGE=cancel picks, SHOW=1 shows
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/docs/run.py $(if $(filter cluster,$(WHERE)),--cluster) $(if $(SHOW),--show) $(PAGE)

pictures: deps-test ## draw the pictures of docs/pictures and write the feature lists of docs/lab, from the code and the manifests; ONLY=msa picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@scripts/pictures.py $(ONLY)

pictures-test: deps-test ## draw those pictures again and compare, look whether all is in them and fits, also with services more; ONLY=browser picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/pictures/run.py $(ONLY)

examples: deps-test ## build the programs of examples/ in Python, Java, Go and Spring Boot, and run them beside a mall on Kafka; ONLY=mypage picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/examples/run.py $(ONLY)

site: deps-run ## build the documentation site of these Markdown files, to be read from the disk: build/site/html/index.html
	@scripts/build_site.py

site-test: deps-test ## build that site and read it in a browser without a network: links, search, both languages, phone and desk; ONLY=links picks
	@tests/site/run.py $(ONLY)

SECONDS ?= 5
ROUNDS  ?= 5
bench: deps-bench ## measure speed, latency and memory, beside their targets; SECONDS=3 ROUNDS=3 for a quick run, PART=gateway picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs ceiling
	@tests/bench/run.py --seconds $(SECONDS) --rounds $(ROUNDS) $(PART)

FUZZ_SECONDS ?= 60
fuzz: deps-fuzz ## run each fuzzer (x_fuzz.c) under libFuzzer; ONLY=json picks, FUZZ_SECONDS=600 for longer
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=fuzz fuzzers
	@scripts/fuzz.py --seconds $(FUZZ_SECONDS) $(foreach o,$(ONLY),--only $(o)) $(patsubst %.c,build/fuzz/%,$(fuzz_sources))

MOST ?= 100
SEED ?= 1
mutants: deps-test ## change one place of FILE=common/event/inbox.c at a time and count what its tests notice; TESTS=common/event/inbox_test, MOST=0 for all, SEED=2
	@test -n "$(FILE)" || { echo "FILE=common/event/inbox.c, or another"; exit 2; }
	@scripts/mutants.py --most $(MOST) --seed $(SEED) $(FILE) $(TESTS)

# siege's is put together by its own architecture's apt
IMAGES ?= $(DAEMONS) mallctl mall $(if $(ARCH),,siege)
images: deps-images ## build the container images, build/images/NAME.tar; IMAGES=order for one, ARCH=arm64 into build/images/arm64
	@ARCH=$(ARCH) VERSION=$(VERSION) COMMIT=$(COMMIT) scripts/images $(IMAGES)

images-test: deps-test images $(if $(ARCH),deps-emulator) ## as root, run the images read-only with the lab's commands and a rollout; ONLY=names picks, ARCH=arm64
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@ARCH=$(ARCH) tests/images/run.py $(ONLY)

cluster: ## as root, start a real Kubernetes in namespaces of its own on this machine (deploy/cluster); QUICK=1 with daemons of build/bin, MESH=1 with Istio
	@deploy/cluster/cluster.py check
	@$(MAKE) --no-print-directory deps-cluster
	@$(if $(QUICK),$(MAKE) --no-print-directory -j$(JOBS) programs)
	@deploy/cluster/cluster.py up $(if $(QUICK),--quick) $(CPUS:%=--cpus=%)
	@$(if $(MESH),deploy/cluster/mesh.py up)

cluster-down: ## end it; nothing of it is left
	@deploy/cluster/cluster.py down

cluster-test: cluster ## tell the lab's stories on that Kubernetes, and write what they measured into docs/evidence.md; PART=hpa picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/cluster/run.py $(PART)

deploy-check: deps-test ## check manifests, pipelines and templates without a cluster; ONLY=undo picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@failed=0; for of in k8s deploy; do tests/$$of/run.py $(ONLY) || failed=1; done; exit $$failed

deploy-mutants: deps-test ## spoil what deploy-check reads, in one place at a time: each of its stories must fail; ONLY=undo picks
	@$(MAKE) --no-print-directory -j$(JOBS) programs
	@tests/deploy/run.py --mutants $(ONLY)

generate: all ## write the files that follow from the list of services and their settings; all, run and test do it too

compdb: deps-run ## write compile_commands.json, which tells editors and clang's tools how each file is compiled
	@$(MAKE) --no-print-directory -nB V=1 CC="$(filter-out ccache,$(CC))" linked unit-tests fuzzers ceiling | scripts/compdb.py

PREFIX ?= /usr/local
install: programs ## install the programs and their man pages; PREFIX=/usr, DESTDIR=/tmp/root for a package
	install -d $(DESTDIR)$(PREFIX)/bin
	install $(PROGRAMS:%=$(OUT)/bin/%) $(DESTDIR)$(PREFIX)/bin
	scripts/man.py --bin $(OUT)/bin $(DESTDIR)$(PREFIX)/share/man

coverage: deps-test ## run the unit tests and show how much of each tier and room they run; ONLY=json picks, FILES=1 shows each file
	@find build -path 'build/coverage/*.gcda' -delete
	-@$(MAKE) --no-print-directory -k -j$(JOBS) VARIANT=coverage unit-tests
	-@scripts/beside.py scripts/unit.py $(foreach o,$(ONLY),--only $(o)) $(patsubst %.c,build/coverage/%,$(test_sources)) \
		$(patsubst %.c,build/coverage/%@postgresql,$(store_sources))
	@scripts/coverage.py $(if $(FILES),--files) build/coverage

clean: ## remove build/ (data/ stays)
	rm -rf build

# What scripts/services.py asks: print-SERVICES, print-WARNINGS
print-%:
	@echo '$($*)'

# A stamp each, so that looking costs nothing the second time.
deps-run deps-kafka deps-postgres deps-monitor deps-test deps-bench deps-fuzz deps-images deps-emulator deps-cluster: deps-%: build/deps-%

# outside of the tree, so that `make clean` costs no ten minutes
deps-jaeger: deps-test ## build the Jaeger that `make traces` also asks, once; it is kept in ~/.cache/mall
	@scripts/parts.py jaeger

deps-logging: deps-test ## build what `make logging` runs, once, in some half an hour; it is kept in ~/.cache/mall
	@scripts/parts.py victoria-logs jaeger collector

build/deps-%: scripts/deps
	@scripts/deps $*
	@mkdir -p build && touch $@

# ---- what is built ----

library_sources := $(filter-out %_test.c %_fuzz.c,$(foreach t,$(TIERS),$(wildcard common/$(t)/*.c)))
library         := $(OUT)/libcommon.a
# What only tests link: common/testing, and the folder testing/ of a program.
testing_sources := $(wildcard common/testing/*.c)
testing         := $(OUT)/libtesting.a
in_program       = $(wildcard $(1)/*.c $(1)/*/*.c)
test_sources    := $(filter %_test.c,$(wildcard common/*/*.c) $(foreach p,$(PROGRAMS),$(call in_program,$(p))))
fuzz_sources    := $(filter %_fuzz.c,$(wildcard common/*/*.c tests/fuzz/*.c) $(foreach p,$(PROGRAMS),$(call in_program,$(p))))
# Sources of a program that the build writes, under $(OUT).
written_gateway  := gateway/routing/builtin_routes.c
written_frontend := frontend/page_files.c
program_objects  = $(patsubst %.c,$(OUT)/%.o,$(filter-out %_test.c %_fuzz.c $(1)/testing/%,$(call in_program,$(1))) $(written_$(1)))
testing_objects  = $(patsubst %.c,$(OUT)/%.o,$(wildcard $(1)/testing/*.c))

# Tests of what several threads share; they run under the thread sanitizer too.
CONCURRENT         := reads read bus bus_idle dead_watch bus_wanted bus_follower kafka_follower process_span commit_spans relay_spans audit relay_kafka relay_life relay_flights \
                      relay_faults loop row_cache server exchange limits deadline stream \
                      log metrics writer batch purge inbox inbox_trouble outbox relay service resource lifecycle upstream upload pool resolver write postgres \
                      idempotency_keys breaker limiter snapshot tries_counted admission fetch inquiry own sent contend dial \
                      span_queue otlp try_span server_span sse fresh pass roll_call lookout event_stream \
                      injected injected_cut injected_stream try_fault admin commit_faults publish_faults consume_faults relay_beside errands fault_desk host_lookup \
                      admin_places faults fault_load figures standing_gauges
concurrent_sources := $(foreach c,$(CONCURRENT),$(filter %/$(c)_test.c,$(test_sources)))

# Tests of what works on every kind of store; they run on PostgreSQL too, as PROGRAM@postgresql.
STORES             := store reads read commit_spans process_span relay_spans dedup renew purge table writer batch parts relay relay_kafka relay_life relay_flights relay_faults inbox inbox_trouble \
                      dead_letter own write transition resource policy postgres postgres_fault contend relay_parts relay_parts_life \
                      commit_faults publish_faults relay_beside figures foresight
store_sources := $(foreach s,$(STORES),$(filter %/$(s)_test.c,$(test_sources)))
asan_sources   = $(test_sources)
tsan_sources   = $(concurrent_sources)

# The services come first: what they say of themselves decides some files, of which the gateway is then built.
programs: generated
	@$(MAKE) --no-print-directory linked
	@scripts/settings.py --bin $(OUT)/bin
	@scripts/metrics.py --bin $(OUT)/bin

linked: $(PROGRAMS:%=$(OUT)/bin/%)
	@:

generated: $(SERVICES:%=$(OUT)/bin/%) build/bin
	@scripts/generate.py --bin $(OUT)/bin

build/bin:
	@mkdir -p build/release/bin
	@ln -sfn release/bin $@

define compile
	@mkdir -p $(@D)
	@echo "  CC  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
endef
$(OUT)/%.o: %.c
	$(compile)
$(OUT)/%.o: $(OUT)/%.c
	$(compile)

# The built-in routes: application.yml as a string of C.
$(OUT)/gateway/routing/builtin_routes.c: gateway/application.yml
	@mkdir -p $(@D)
	@{ printf '#include "gateway/routing/builtin.h"\n\nconst char builtin_routes[] =\n'; \
	   sed 's/[\\"]/\\&/g; s/.*/        "&\\n"/' $<; echo '        ;'; } > $@.new && mv $@.new $@

# The page: what a browser may load of its folder, as bytes of C.
page_files := $(foreach kind,html js css svg png ico json webmanifest woff2,$(wildcard frontend/page/*.$(kind) frontend/page/*/*.$(kind)))
$(OUT)/frontend/page_files.c: scripts/embed.py frontend/page frontend/page/index.html $(page_files)
	@mkdir -p $(@D)
	@scripts/embed.py page_files frontend/page $(page_files) > $@.new && mv $@.new $@

# the only file that knows the commit, so that a commit rebuilds one object
$(OUT)/common/service/build.o: ALL_CFLAGS += -DMALL_VERSION='"$(VERSION)"' -DMALL_COMMIT='"$(COMMIT)"'
$(OUT)/common/service/build.o: $(wildcard .git/HEAD .git/logs/HEAD)

# the same service of another version: what a rolling update brings
NEXT_VERSION := 9.9.9
next: $(OUT)/next/order
$(OUT)/next/build.o: common/service/build.c
	$(compile)
$(OUT)/next/build.o: ALL_CFLAGS += -DMALL_VERSION='"$(NEXT_VERSION)"' -DMALL_COMMIT='"$(COMMIT)"'
$(OUT)/next/order: $(call program_objects,order) $(OUT)/next/build.o $(library)
	@echo "  LD  $@"
	$(Q)$(CC) -o $@ $^ $(ALL_LIBS)

$(library): $(library_sources:%.c=$(OUT)/%.o)
$(testing): $(testing_sources:%.c=$(OUT)/%.o)
$(library) $(testing):
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

define program
$(OUT)/bin/$(1): $(call program_objects,$(1)) $(BESIDE_$(VARIANT)) $(library) | $(1)/main.c
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	$$(Q)$$(CC) -o $$@ $$^ $$(ALL_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# Only where there is none.
$(PROGRAMS:%=%/main.c):
	@echo "there is no $@, though the Makefile lists $(@D) among its programs" >&2; exit 1

# A test of a program's folder links that folder, but its main().
.SECONDEXPANSION:
folder = $(firstword $(subst /, ,$(1)))
beside = $(foreach p,$(filter $(PROGRAMS),$(folder)),$(filter-out %/main.o,$(call program_objects,$(p))) $(call testing_objects,$(p)))
$(OUT)/%_test: $(OUT)/%_test.o $$(call beside,$$*) $(BESIDE_$(VARIANT)) $(testing) $(library)
	@echo "  LD  $@"
	$(Q)$(CC) -o $@ $^ $(ALL_LIBS)

# A fuzzer, or what replays its files. One of tests/fuzz has all services beside it.
beside_fuzz = $(foreach p,$(if $(findstring tests/,$(1)),$(SERVICES),$(1)),$(call beside,$(p)))
FUZZER_fuzz := -fsanitize=fuzzer
REPLAY = $(if $(filter fuzz,$(VARIANT)),,$(OUT)/tests/fuzz/replay.o)
$(OUT)/%_fuzz: $(OUT)/%_fuzz.o $$(call beside_fuzz,$$*) $$(REPLAY) $(testing) $(library)
	@echo "  LD  $@"
	$(Q)$(CC) -o $@ $^ $(FUZZER_$(VARIANT)) $(ALL_LIBS)

fuzzers: $(fuzz_sources:%.c=$(OUT)/%)

# what it lets fail
PQ_FAULTS := PQconnectStartParams PQconnectPoll PQsetnonblocking PQenterPipelineMode PQexitPipelineMode PQsendQuery PQsendPrepare \
          PQsendQueryPrepared PQsendQueryParams PQpipelineSync PQflush PQconsumeInput PQgetResult
$(OUT)/common/data/postgres_fault_test: ALL_LIBS += $(PQ_FAULTS:%=-Wl,--wrap=%)

# libmicrohttpd answering a constant: what a service on it can reach at most
ceiling: $(OUT)/tests/bench/ceiling
$(OUT)/tests/bench/ceiling: $(OUT)/tests/bench/ceiling.o
	$(Q)$(CC) -o $@ $< $(ALL_LIBS)

unit-tests: $(test_sources:%.c=$(OUT)/%)

# What an image's build calls, where there is what `scripts/deps run` brings and no more; UNDER=common, or folders of programs
here := $(patsubst %.c,$(OUT)/%,$(filter $(UNDER:%=%/%),$(test_sources)))
ifeq ($(RUNNER),)
unit-here: $(here)
	@$(if $(here),scripts/unit.py $(here),echo "there are no unit tests under $(UNDER)")
else
# scripts/cross: another architecture's. To a process of its, qemu says that it takes no memory, which metrics_test does not believe.
unit-here: $(here)
	@set -e; for test in $(filter-out %/metrics_test,$(here)); do echo "== $$test"; timeout 180 $(RUNNER) $$test; done
endif

concurrent-tests: $(concurrent_sources:%.c=$(OUT)/%)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
