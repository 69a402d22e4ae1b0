# The mall. `make run` and `make test` do all the set-up; `make help` lists the rest.

DAEMONS  := order product delivery gateway
PROGRAMS := $(DAEMONS) mallctl
TIERS    := base data event http service

# release (default), asan (address, undefined), tsan (thread)
VARIANT ?= release
OUT     := build/$(VARIANT)

CC ?= gcc
PACKAGES := libmicrohttpd rdkafka libcjson sqlite3 libcurl yaml-0.1

# Warnings and the language standard are the project's; CFLAGS and LDFLAGS belong to the packager.
CFLAGS ?= -O2 -g
STANDARD := -std=gnu17 -D_GNU_SOURCE -Icommon -I.
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
            -Wundef -Wformat=2 -Wvla -Wcast-qual -Wno-missing-field-initializers
HARDENING_release := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer

VERSION := 1.0.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(HARDENING_$(VARIANT)) $(SANITIZE_$(VARIANT)) \
             $(shell pkg-config --cflags $(PACKAGES)) $(CFLAGS)
ALL_LIBS   = $(LDFLAGS) $(SANITIZE_$(VARIANT)) $(shell pkg-config --libs $(PACKAGES)) -lpthread -lm

library_sources := $(filter-out %_test.c %_fuzz.c,$(foreach t,$(TIERS),$(wildcard common/$(t)/*.c)))
library         := $(OUT)/libcommon.a
tests           := $(patsubst %.c,$(OUT)/%,$(wildcard common/*/*_test.c) $(foreach p,$(PROGRAMS),$(wildcard $(p)/*_test.c)))
program_objects  = $(patsubst %.c,$(OUT)/%.o,$(filter-out %_test.c %_fuzz.c,$(wildcard $(1)/*.c)))

.PHONY: all programs unit-tests clean help
.SECONDARY:

all: deps programs

programs: $(PROGRAMS:%=$(OUT)/bin/%)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# the only file that knows the commit, so that a commit rebuilds one object
$(OUT)/common/service/build.o: ALL_CFLAGS += -DMALL_VERSION='"$(VERSION)"' -DMALL_COMMIT='"$(COMMIT)"'
$(OUT)/common/service/build.o: .git/HEAD

$(library): $(library_sources:%.c=$(OUT)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

define program
$(OUT)/bin/$(1): $(call program_objects,$(1)) $(library)
	@mkdir -p $$(@D)
	$$(CC) -o $$@ $$^ $$(ALL_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# A test of a program's folder links that folder, but its main().
$(OUT)/%_test: $(OUT)/%_test.o $(library)
	$(CC) -o $@ $< $(filter-out %/main.o,$(call program_objects,$(firstword $(subst /, ,$*)))) $(library) $(ALL_LIBS)

unit-tests: $(tests)

clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
