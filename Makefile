# `make run` starts dnswatch on 127.0.0.1 port 5353; `make test` runs the tests.  Both install first.
# `make demo` shows a simulated worm against it.  Other targets: check (lint, types, test), quick
# (the tests of what is pure), both (the tests on what is compiled and on its sources), coverage,
# lint, types, fix, fuzz, fast, pure, deb, bench, clean.
PYTHON ?= python3
VENV ?= .venv
RUN_ARGS ?=
BIN = $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE
# All that is pure, but for the detector: its tests live through weeks, and take minutes.
PURE = --ignore tests/model/detection tests/settings tests/model tests/wire tests/seams tests/resolver tests/test_addresses.py
PURE_CODE = dnswatch/settings/*,dnswatch/model/*,dnswatch/wire/*,dnswatch/seams/*,dnswatch/resolver/*,dnswatch/addresses.py
FLOOR = 94
# What goes through compiled modules, without what plays something whole.
TOUCHED = tests/fleet tests/fuzz tests/live tests/model tests/network tests/proxy tests/replay tests/resolver tests/seams tests/serve tests/sources tests/watchdog tests/wire tests/test_compiled.py

check: lint types test

run: $(VENV)/installed
	@for made in $$(find dnswatch -name '*.so' ! -name '*__mypyc*'); do test ! "$${made%%.*}.py" -nt "$$made" || \
	  { echo "$$made is older than its source: \`make fast\` compiles it anew, \`make pure\` goes back to the sources"; exit 1; }; done
	$(BIN)/dnswatch serve $(RUN_ARGS)

test: $(VENV)/installed-dev
	$(BIN)/pytest -n auto --dist worksteal $(TEST_ARGS)

# All tests on what is compiled, and those that touch it on its sources as well.
both: fast
	DNSWATCH_EXPECT=compiled $(BIN)/pytest -n auto --dist worksteal $(TEST_ARGS)
	DNSWATCH_EXPECT=pure DNSWATCH_PURE=1 $(BIN)/pytest -n auto --dist worksteal -m 'not whole' $(TEST_ARGS) $(TOUCHED)

# Readers of outside bytes against many spoilt copies of tests/fuzz/corpus; `make test` takes few.
fuzz: export DNSWATCH_FUZZ ?= 20000
fuzz: $(VENV)/installed-dev
	$(BIN)/pytest -n auto --dist worksteal --timeout 3600 $(TEST_ARGS) tests/fuzz

# With few examples of each kind, always the same ones: what they reach does not change with the day.
quick coverage: export HYPOTHESIS_PROFILE = few
quick: $(VENV)/installed-dev
	$(BIN)/pytest -n auto --dist worksteal -q -m 'not whole' $(PURE)

coverage: export DNSWATCH_PURE = 1
coverage: $(VENV)/installed-dev
	$(BIN)/coverage run --branch --source dnswatch -m pytest -q -p no:xdist -m 'not whole' $(PURE)
	$(BIN)/coverage report --skip-covered --fail-under $(FLOOR) --include '$(PURE_CODE)' --omit 'dnswatch/model/detection/*'

# Compiles what every packet goes through, in place (a C compiler and a minute); `make pure` goes back.
fast: $(VENV)/installed-dev
	$(BIN)/python hatch_build.py

pure:
	find dnswatch -name '*.so' -delete

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/installed-dev
	$(BIN)/mypy

fix: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# dist/dnswatch_VERSION_ARCHITECTURE.deb, on the Debian it is for; DNSWATCH_COMPILE=0 needs no C compiler.
deb: export DNSWATCH_COMPILE ?= 1
deb: $(VENV)/installed
	PIP=$(BIN)/pip packaging/deb/build

demo: $(VENV)/installed
	@$(BIN)/dnswatch demo

# All tables of docs/performance.md, on a machine that has nothing else to do.
bench: fast
	$(BIN)/python -m bench.replay --size 160 --rounds 1
	$(BIN)/python -m bench.study 2000000 8000000
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/installed: pyproject.toml constraints.txt
	@echo 'installing dnswatch and its libraries into $(VENV): a minute or two ...'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[plot,web]'
	touch $@

# pip learned dependency groups only in 25.1: ask for it, so that Python 3.11's own pip will do.
$(VENV)/installed-dev: $(VENV)/installed
	@echo 'installing what the tests need: some minutes ...'
	$(BIN)/pip install --quiet --constraint constraints.txt 'pip>=25.1'
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev --editable '.[fleet,notify,replay,study,spark,web]'
	touch $@

.PHONY: check run demo test both quick coverage fuzz fast pure lint types fix deb bench clean
