# Each target sets up what it needs. Only Python 3.11+ with pip, and make, must be there.
PYTHON ?= python3
BIN := .venv/bin
# What packs wheels and source archives. Its version is in each wheel, and so in their bytes.
PACKER := .tools/hatchling-1.33.0

# The tests of the rooms without I/O (pyproject.toml lists these): they must run each line of them.
PURE_TESTS := tests/text tests/prompt tests/trim tests/test_errors.py tests/test_shown.py \
	tests/test_shells.py tests/test_editors.py tests/test_counters.py tests/test_experience.py \
	tests/project/test_windows.py tests/lsp/test_frames.py tests/lsp/test_admission.py \
	$(patsubst %,tests/engines/test_%.py,calls measurements prompts_seen rates) \
	tests/test_visits.py $(patsubst %,tests/diagnosis/test_%.py,check facts sample speed mending \
	report wording engine_wording) \
	$(patsubst %,tests/completion/test_%.py,alignment answer breaker confidence counts history judgement \
		offers pace patience policy recall record)

.PHONY: help demo test test-editors test-llama-server reliability soak fuzz audit sbom screenshots \
	doctor-picture editor-requests vsix vsix-files version dist schema lint lock \
	bench bench-pages bench-levers bench-starts bench-real bench-knobs bench-busy bench-ollama \
	eval eval-ends calibrate perfect fresh-debian clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: .venv/.ready  ## the main job: the real server completes real code with real weights
	$(BIN)/infill-ls pull
	$(BIN)/python tests/demo.py

test: .venv/.ready $(PACKER)/.ready  ## the tests, but for those that need editors or a llama-server
	$(BIN)/infill-ls pull
	$(BIN)/python -m coverage run -m pytest -q $(PURE_TESTS)
	$(BIN)/python -m coverage report
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore tests/editors \
		--ignore tests/llama_server $(addprefix --ignore ,$(PURE_TESTS))

# Real editors, driven from end to end; EDITORS="neovim helix" for some of them.
test-editors: .venv/.ready  ## real editors, from end to end
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m editors $(EDITORS)
	$(BIN)/python -m pytest -q tests/editors -k "$(subst $(eval) , or ,$(EDITORS))"

# A real llama-server with the embedded weights, as engine "openai"; it is Debian's newest.
test-llama-server: .venv/.ready  ## a real llama-server as engine
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m llama_server
	$(BIN)/python -m pytest -q tests/llama_server

# What the user sees when something goes wrong, and what is left then: docs/reliability.md, anew.
reliability: .venv/.ready  ## the table of faults in docs/reliability.md
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m faults.table

# Pictures of the editors with a fill of the embedded model, for the README.
screenshots: .venv/.ready  ## the README's pictures
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m editors $(EDITORS)
	PYTHONPATH=tests $(BIN)/python -m editors.screenshots $(EDITORS)

# What the doctor says on a terminal, for docs/troubleshooting.md. It times a fill, so nothing else
# should run.
doctor-picture: .venv/.ready  ## the picture of infill-ls doctor
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m doctor_picture

# How often editors ask and cancel, between each and the server.
editor-requests: .venv/.ready  ## how often editors ask and cancel
	PYTHONPATH=tests $(BIN)/python -m editors $(EDITORS)
	PYTHONPATH=tests $(BIN)/python -m editors.requests $(EDITORS)

$(PACKER)/.ready:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target $(@D) \
		$(subst hatchling-,hatchling==,$(notdir $(@D)))
	touch $@

# The time of all entries, in archives of vsce as in those of hatchling, whose own default it is: the
# same source gives the same bytes on another day too. A zip's times are local ones.
SOURCE_DATE_EPOCH ?= 1580601600

# The extension for VS Code; needs Node 20 or later with npm. vsce is what VS Code's own makers pack
# with: it checks the manifest and takes the packages that are needed at run time.
VSCODE := editor-configs/vscode
VSCE := TZ=UTC SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) npx --yes @vscode/vsce@4.1.0
PACK := umask 022 && $(VSCE) package --allow-missing-repository
vsix: $(VSCODE)/infill-ls.vsix  ## the extension for VS Code, with the server's wheel in it

# The extension alone; the wheel has it inside, for `infill-ls editor vscode`.
$(VSCODE)/client.vsix: $(addprefix $(VSCODE)/,extension.js server.js package.json package-lock.json README.md .vscodeignore)
	rm -rf $(VSCODE)/wheel
	cd $(VSCODE) && umask 022 && \
		npm ci --ignore-scripts --omit=dev --no-audit --no-fund --silent
	cd $(VSCODE) && $(PACK) --out $(@F)

# The same with that wheel, from which it installs the server where there is none.
$(VSCODE)/infill-ls.vsix: $(VSCODE)/client.vsix pyproject.toml $(PACKER)/.ready \
		$(wildcard $(addprefix server/infill_ls/,*.py */*.py */*/*.py))
	rm -rf $(VSCODE)/wheel
	PYTHONPATH=$(PACKER) $(PYTHON) -m hatchling build -t wheel -d $(VSCODE)/wheel
	cd $(VSCODE) && $(PACK) --out $(@F)

# What is in it, by vsce.
vsix-files:
	cd $(VSCODE) && $(VSCE) ls

# The one place of the version is server/infill_ls/__init__.py; this writes it where npm wants it.
version:  ## the version in the extension's files, from the package's
	$(PYTHON) tests/version.py

# All that a release consists of, in dist/: made twice, compared, checked, installed and tried. Needs
# npm, as vsix does. CONTRIBUTING.md says what a release is.
dist: $(PACKER)/.ready  ## what a release consists of, in dist/
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools/dist \
		twine virtualenv uv pipx
	$(PYTHON) tests/release.py --packer $(PACKER) --tools .tools/dist

# The settings' JSON Schema, their rows in VS Code's manifest, and their table in docs/settings.md.
schema: .venv/.ready  ## what is made from the settings: their schema, manifest and table
	PYTHONPATH=tests $(BIN)/python -m settings_files

lint: .venv/.ready  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What infill-ls itself costs, then the policies side by side in virtual time.
bench: .venv/.ready  ## what infill-ls itself costs, and its policy beside those of others
	PYTHONPATH=tests $(BIN)/python -m bench.roundtrip
	PYTHONPATH=tests $(BIN)/python -m bench.trim_cost
	PYTHONPATH=tests $(BIN)/python -m bench.replay --seeds 1-6 --processes 2

# The tables and pictures of the documentation, from figures that are made anew.
bench-pages: .venv/.ready  ## the benchmark's tables in README.md and docs/figures.md
	PYTHONPATH=tests $(BIN)/python -m bench.replay --seeds 1-3 --processes 2 --json > .bench.json
	PYTHONPATH=tests $(BIN)/python -m bench.pages .bench.json
	PYTHONPATH=tests $(BIN)/python -m bench.replay --seeds 1-3 --processes 2 --editor "VS Code" \
		--debounce 0,50,100,200,400 --plot-debounce docs/debounce.svg

# The policy of infill-ls, each of its levers off by itself.
bench-levers: .venv/.ready  ## each lever of the policy off by itself
	PYTHONPATH=tests $(BIN)/python -m bench.replay --levers --seeds 1-6 --processes 2

# The CPU time of a start, then twenty at once; ARGUMENTS="--servers 0" for the first alone.
bench-starts: .venv/.ready  ## what a start costs, and twenty at once
	PYTHONPATH=tests $(BIN)/python -m bench.starts $(ARGUMENTS)

# On the embedded engine: typing at real speed, and its settings. Nothing else should run.
bench-real: .venv/.ready  ## typing at real speed on the embedded engine
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m bench.real

bench-knobs: .venv/.ready  ## the embedded engine's settings
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m bench.knobs

# The embedded engine beside other work, which this starts itself; ARGUMENTS="--only all" for what
# else was tried.
bench-busy: .venv/.ready  ## the embedded engine beside other work
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m bench.busy $(ARGUMENTS)

# On a real Ollama that runs: make bench-ollama URL=http://127.0.0.1:11434, with MODEL=NAME for
# another model than qwen2.5-coder:0.5b; ARGUMENTS="--only a --server-source FOLDER" and the like.
bench-ollama: .venv/.ready  ## on a real Ollama: URL=http://127.0.0.1:11434
	$(if $(URL),,$(error Say where Ollama is: make bench-ollama URL=http://127.0.0.1:11434))
	PYTHONPATH=tests $(BIN)/python -m bench.ollama --url "$(URL)" $(if $(MODEL),--model "$(MODEL)") \
		$(ARGUMENTS)

# How good fills are: make eval DATA=FOLDER, with the files of HumanEval-Infilling. What was
# generated is kept in .eval; ARGUMENTS="--count 60 --prompt ours --prompt documented" and the like.
eval: .venv/.ready  ## how good fills are: DATA=FOLDER
	$(if $(DATA),,$(error Say where the files are: make eval DATA=FOLDER))
	$(BIN)/infill-ls pull
	PYTHONPATH=tests $(BIN)/python -m eval --data "$(DATA)" $(ARGUMENTS)

# What a prompt should end with, behind a blank and inside of a word: make eval-ends FILES=FOLDER,
# with any source tree; without FILES small ones in eight languages are fetched.
eval-ends: .venv/.ready  ## what a prompt should end with
	$(BIN)/infill-ls pull
	$(if $(FILES),,PYTHONPATH=tests $(BIN)/python -m eval.samples samples)
	PYTHONPATH=tests $(BIN)/python -m eval.ends --files "$(or $(FILES),samples)" $(ARGUMENTS)

# When a fill is right, by how likely its tokens were: make calibrate DATA=FOLDER, with what eval.fills
# has put there (docs/how-sure.md says how); ARGUMENTS="--plot docs/pictures/how-sure.svg" draws it.
calibrate: .venv/.ready  ## when a fill is right: DATA=FOLDER
	$(if $(DATA),,$(error Say where the fills are: make calibrate DATA=FOLDER))
	PYTHONPATH=tests $(BIN)/python -m eval.calibrate --data "$(DATA)" $(ARGUMENTS)

# Whether a perfect model is ever harmed: make perfect FILES=FOLDER, with any source tree; without
# FILES small ones in many languages are fetched. No model runs. ARGUMENTS="--failures 20" and the
# like.
perfect: .venv/.ready  ## whether a perfect model is ever harmed
	$(if $(FILES),,PYTHONPATH=tests $(BIN)/python -m eval.samples --all samples)
	PYTHONPATH=tests $(BIN)/python -m eval.perfect --files "$(or $(FILES),samples)" $(ARGUMENTS)

# A typist for an hour while the engine fails at random, what the server takes meanwhile, and whether
# that stays the same: MINUTES=10 SEED=1 for another run; the page and its picture are written with
# ARGUMENTS="--plot docs/pictures/soak.svg --docs docs/reliability.md".
soak: .venv/.ready  ## an hour of typing while the engine fails: MINUTES=60
	PYTHONPATH=tests $(BIN)/python -m soak --minutes $(or $(MINUTES),60) --seed $(or $(SEED),15) \
		$(ARGUMENTS)

# Random input for every place where input comes in: make fuzz OPERATIONS=1000000, SEED=2 for others
# than the last time. What is found is made smaller and kept in tests/fuzz/cases, where a test
# replays it.
fuzz: .venv/.ready  ## random input of every kind: OPERATIONS=1000000
	PYTHONPATH=tests $(BIN)/python -m fuzz --operations $(or $(OPERATIONS),20000) --seed $(or $(SEED),1) \
		$(ARGUMENTS)

# virtualenv brings its own pip, so that Debian's python3-venv need not be there.
.venv/.ready: pyproject.toml requirements.lock
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools virtualenv
	PYTHONPATH=.tools $(PYTHON) -m virtualenv --quiet --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# Write requirements.lock anew from pyproject.toml, for every platform and Python from 3.11.
lock:  ## requirements.lock anew
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools uv
	PYTHONPATH=.tools $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra embedded --group dev --output-file requirements.lock pyproject.toml

# Known vulnerabilities in what the lock pins; SKIPPED where no advisory source can be reached.
# The tools for this and for the next stay out of the lock, which is for what the product needs.
audit:  ## known vulnerabilities in requirements.lock
	-$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools/audit pip-audit
	PYTHONPATH=.tools/audit $(PYTHON) tests/advisories.py

# The bill of materials, in CycloneDX's JSON; nothing is asked for over a network but the tool.
sbom:  ## sbom.json from requirements.lock (CycloneDX)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .tools/sbom cyclonedx-bom
	PYTHONPATH=.tools/sbom $(PYTHON) -W ignore -m cyclonedx_py requirements requirements.lock \
		--pyproject pyproject.toml --output-format JSON --output-reproducible --output-file sbom.json

# make demo and make test on Debian as it is after its installation. Needs root and debootstrap;
# RELEASES="bookworm" for one of them.
fresh-debian:  ## make demo and make test on bare Debians
	$(PYTHON) tests/fresh_debian.py $(RELEASES) $(ARGUMENTS)

clean:  ## what was set up here
	rm -rf .venv .tools dist sbom.json .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
