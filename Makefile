# Builds, installs and tests biconnector_fdw; "make help" lists the targets.

EXTENSION = biconnector_fdw
MODULE_big = biconnector_fdw
DATA = biconnector_fdw--1.0.sql
PGFILEDESC = "biconnector_fdw - foreign data wrapper for BI connectors"

# In the order of the layers: a file uses those below it
OBJS = \
	src/biconnector_fdw.o \
	src/option.o \
	src/option_value.o \
	src/setting.o \
	src/plan.o \
	src/scan.o \
	src/async.o \
	src/long_list.o \
	src/explain.o \
	src/analyze.o \
	src/import.o \
	src/import_name.o \
	src/import_dataset.o \
	src/inspect.o \
	src/dataset_statement.o \
	src/probe.o \
	src/probe_ahead.o \
	src/probe_ask.o \
	src/probe_basics.o \
	src/probe_condition.o \
	src/probe_group.o \
	src/probe_report.o \
	src/probe_value.o \
	src/source.o \
	src/portal.o \
	src/portal_function.o \
	src/portal_import.o \
	src/portal_modify.o \
	src/portal_modify_plan.o \
	src/portal_write.o \
	src/portal_plan.o \
	src/portal_explain.o \
	src/portal_scan.o \
	src/portal_read.o \
	src/portal_filter.o \
	src/portal_value.o \
	src/portal_object.o \
	src/portal_option.o \
	src/portal_call.o \
	src/portal_effect.o \
	src/portal_token.o \
	src/portal_error.o \
	src/portal_exchange.o \
	src/attempt.o \
	src/resultset.o \
	src/filter.o \
	src/filter_bind.o \
	src/filter_value.o \
	src/trust.o \
	src/connector.o \
	src/connector_data.o \
	src/fixed_filter.o \
	src/convert.o \
	src/convert_number.o \
	src/convert_datetime.o \
	src/mask.o \
	src/http.o \
	src/http_transfer.o \
	src/connection.o \
	src/url.o \
	src/document.o \
	src/body.o \
	src/unpack.o \
	src/rows.o \
	src/rows_text.o

# The libraries
PKG_CONFIG ?= pkg-config
PG_CPPFLAGS = $(shell $(PKG_CONFIG) --cflags libcurl json-c zlib)
SHLIB_LINK = $(shell $(PKG_CONFIG) --libs libcurl json-c zlib)

# PostgreSQL's own headers do not pass these three of -Wextra
PG_CFLAGS = -Wall -Wextra \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
ifdef WERROR
PG_CFLAGS += -Werror
endif

# No bitcode for the JIT compiler: nothing of a scan over HTTP would be inlined,
# and making it needs clang.  "make with_llvm=yes" makes it nevertheless.
ifneq ($(origin with_llvm),command line)
override with_llvm = no
endif

# Every file in sql/ is a test; setup creates what the others use
REGRESS = setup $(filter-out setup,$(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql))))
TAP_TESTS = 1

EXTRA_CLEAN = tmp_check*

# Python for the reference connector: the system's if there is one, because
# another user's (the server's) often has no access to what is first in PATH
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
export PYTHON

PG_CONFIG ?= pg_config
export PG_CONFIG

ifeq ($(MAKECMDGOALS),check)
# PGXS has a rule for "check" that only says no
check: check-all
else
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
endif

# Compile everything again when a header changed: simple, and a matter of seconds
$(OBJS): $(wildcard src/*.h)

# installcheck runs against a server that is running, like everywhere else; the
# reference connector is started around both kinds of tests
WITH_CONNECTOR = '$(abspath test/with-connector)'
PROVE := $(WITH_CONNECTOR) $(PROVE)
pg_regress_installcheck = \
	echo "+++ regress install-check +++" && \
	$(WITH_CONNECTOR) \
	$(top_builddir)/src/test/regress/pg_regress \
	--inputdir=$(srcdir) \
	--bindir='$(bindir)' \
	$(pg_regress_locale_flags) $(EXTRA_REGRESS_OPTS)

.PHONY: bench check check-all connector-check dist format fuzz help portal-check unit

unit:
	@status=0; \
	$(MAKE) -C test/unit check || status=1; \
	$(MAKE) -C fuzz replay || status=1; \
	exit $$status

fuzz:
	$(MAKE) -C fuzz run

connector-check:
	$(PYTHON) -B -m unittest discover --verbose --start-directory test/connector

portal-check:
	$(PYTHON) -B -m unittest discover --verbose --start-directory test/portal

check-all:
	./check

# BENCH='--rows 10000000' and the like: see bench/README.md
bench:
	@bench/run $(BENCH)

# What is committed, as the PostgreSQL Extension Network wants it
VERSION = $(shell sed -n 's/^ *"version": "\(.*\)",$$/\1/p' META.json | head -n 1)
dist:
	git archive --format=zip --prefix=biconnector_fdw-$(VERSION)/ \
		--output=biconnector_fdw-$(VERSION).zip HEAD
	@echo "wrote biconnector_fdw-$(VERSION).zip"

# pgindent comes with the server headers of PostgreSQL 17 and later.  It has to know
# the names of types: PostgreSQL's from a list beside it, ours from the sources, and
# those of the libraries.
PGINDENT ?= $(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin/pgindent)))
LIBRARY_TYPES = CURL CURLM CURLcode CURLMcode curl_socket_t jsonc_object
FORMATTED = $(wildcard src/*.[ch] test/unit/*.[ch] fuzz/*.[ch])
format:
	@test -x "$(PGINDENT)" || { \
		echo "There is no pgindent (Debian: postgresql-server-dev-17 or later, which may be"; \
		echo "installed beside 15); say where it is by PGINDENT=/path/to/pgindent"; exit 1; }
	@$(PGINDENT) --indent=$(dir $(PGINDENT))pg_bsd_indent \
		--typedefs="$$($(dir $(PGINDENT))pg_config --sharedir)/typedefs.list" \
		--list-of-typedefs="$(LIBRARY_TYPES) $$(sed -n \
			-e 's/^} *\([A-Za-z_]*\);$$/\1/p' \
			-e 's/^typedef [^{]*[ *]\([A-Za-z_]*\);$$/\1/p' $(FORMATTED))" \
		$(FORMATTED)

help:
	@echo "make                  build the extension (WERROR=1: warnings are errors)"
	@echo "make install          install it where PG_CONFIG says (needs its owner's rights)"
	@echo "make installcheck     SQL and TAP tests of what is installed, with a running server"
	@echo "                      TAP_TESTS=     only the SQL tests; add REGRESS='setup NAME' for one"
	@echo "                      REGRESS=       only the TAP tests; add PROVE_TESTS=t/NAME.pl for one"
	@echo "make unit             tests of the parts that do not know PostgreSQL"
	@echo "make fuzz             fuzz the reader of answers (clang; SECONDS=60; see fuzz/README.md)"
	@echo "make connector-check  tests of the reference connector"
	@echo "make portal-check     tests of the portal that is tested against"
	@echo "make check            ./check: all of these from scratch, with a server of their own"
	@echo "make bench            measure it beside other ways; BENCH='--help' lists options"
	@echo "make format           indent the C files as PostgreSQL does"
	@echo "make dist             an archive of what is committed"
	@echo "make clean            remove what was built"
	@echo
	@echo "PG_CONFIG=/path/to/pg_config chooses the PostgreSQL to build for."
