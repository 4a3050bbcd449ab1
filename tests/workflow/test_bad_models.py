"""Models that cannot be used: one line that names the file, and the line in it."""

import pytest
from workflow.small_experiments import STEPS

MODEL = "config/models/squid_soma/model.py"
IMPORT = "from neuron import h\n"

# What is wrong -> text of the sound model, what takes its place, and what the message must hold.
BAD_MODELS = {
    "raises on import": (
        IMPORT,
        IMPORT + "raise ValueError('two\\nlines')\n",
        ["ValueError: two lines"],
    ),
    "imports what is not there": (
        IMPORT,
        IMPORT + "import no_such_module\n",
        ["no_such_module"],
    ),
    "does not parse": ("def build(self, p):", "def build(self, p:", ["SyntaxError"]),
    "calls sys.exit": (IMPORT, IMPORT + "import sys\nsys.exit(3)\n", ["importing it", "code 3"]),
    "calls sys.exit without a word": (
        IMPORT,
        IMPORT + "import sys\nsys.exit(0)\n",
        ["importing it", "code 0"],
    ),
    "kills its process": (
        IMPORT,
        IMPORT + "import os\nos.kill(os.getpid(), 11)\n",
        ["importing it", "SIGSEGV"],
    ),
    "creates sections on import": (
        IMPORT,
        IMPORT + "soma = h.Section('soma')\n",
        ["creates sections on import"],
    ),
    "sets a temperature": (
        IMPORT,
        IMPORT + "h.celsius = 34\n",
        ["the model sets h.celsius", "set simulation.celsius in the experiment"],
    ),
    "two models": (
        "class SquidSoma(Model):",
        "class Other(Model):\n    pass\n\n\nclass SquidSoma(Model):",
        ["one subclass of Model", "Other", "SquidSoma"],
    ),
    "no model": ("class SquidSoma(Model):", "class SquidSoma:", ["one subclass of Model", "none"]),
}

NAME_THE_LINE = {
    "raises on import": "raise ValueError('two\\nlines')",
    "imports what is not there": "import no_such_module",
    "does not parse": "    def build(self, p:",
}


@pytest.mark.parametrize("wrong", BAD_MODELS)
def test_bad_model(workspace, wrong):
    old, new, parts = BAD_MODELS[wrong]
    workspace.project("steps").experiment("steps", STEPS)
    workspace.replace("models/squid_soma/model.py", old, new)
    if wrong == "no model":
        workspace.replace("models/squid_soma/model.py", "class Parameters(Model.", "class P(Model.")
    run = workspace.run()
    if wrong in NAME_THE_LINE:
        lines = (workspace.folder / MODEL).read_text().splitlines()
        (number,) = [k for k, line in enumerate(lines, 1) if line == NAME_THE_LINE[wrong]]
        parts = [*parts, f"line {number}: "]
    run.refused(MODEL, *parts)
    assert len(run.lines()) == 1, run.output
    # The lock of the run that was refused, and no result.
    assert {path.name for path in workspace.results.rglob("*")} <= {".lock"}
