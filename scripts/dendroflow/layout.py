"""Every path under `results/`, once: rules, plan, prune, summary and docs take them from here."""

import re
from pathlib import Path
from typing import Any

NAME, HEX = r"[a-z][a-z0-9_]*", r"[0-9a-f]{16}"

# What may stand for a name in braces; the same for Snakemake and for prune.
WILDCARDS = {
    "experiment": NAME,
    "comparison": NAME,
    **dict.fromkeys(
        ("simulation_code", "feature_code", "batch", "search", "build", "recorded"), HEX
    ),
    **dict.fromkeys(("model_copy", "reader"), HEX),
    "generations": r"\d+",
    "number": r"\d+",
    "generation": r"\d{6}",
    "morphology": r"[A-Za-z0-9][A-Za-z0-9._-]*",
    "pin": f"{HEX}|unpinned",
    "suffix": "swc|asc",
    "format": "csv|xlsx",
    "image": "svg|pdf|png",
    "scope": "morphologies|catalogue",
    "figure": r"[^/]+",
    "kind": "svg|pdf|png|html",
    "file": ".+",
}


class Pattern(str):
    """A path below the results, as Snakemake takes it: what stands in braces varies."""

    def of(self, **values: Any) -> str:
        """The path for these values."""
        return self.format(**values)

    def below(self, results: Path, **values: Any) -> Path:
        """The same in a folder of results that may lie elsewhere."""
        return results / self.format(**values).removeprefix("results/")

    @property
    def expression(self) -> "re.Pattern[str]":
        """What matches such a path, relative to the results, and its parts by name."""
        seen: set[str] = set()

        def group(found: "re.Match[str]") -> str:
            name = found[1]
            if name in seen:
                return f"(?P={name})"
            seen.add(name)
            return f"(?P<{name}>{WILDCARDS[name]})"

        text = re.escape(self.removeprefix("results/")).replace(r"\{", "{").replace(r"\}", "}")
        return re.compile(re.sub(r"\{(\w+)\}", group, text))


_OF_CODE = "results/{experiment}/{simulation_code}"
_OF_CELL = "results/morphologies/{morphology}/{pin}"
_OF_QUALITY = "results/quality/{morphology}/{pin}"

# A row per requested point: point_id, batch, swept values; in its notes what a job must know.
PLAN = Pattern("results/{experiment}/plan.parquet")
# The requested points with their features, and all values of features that have several.
FEATURES = Pattern("results/{experiment}/features.parquet")
FEATURE_VALUES = Pattern("results/{experiment}/feature_values.parquet")
# What became of each point under each protocol, and what was searched.
RUNS = Pattern("results/{experiment}/runs.parquet")
# How much each swept value decides each feature, where that is asked.
SENSITIVITY = Pattern("results/{experiment}/sensitivity.parquet")
# Tables for other programs, where asked for.
FEATURES_EXPORT = Pattern("results/{experiment}/features.{format}")
TRACES_EXPORT = Pattern("results/{experiment}/traces.{format}")
ACCEPTED_EXPORT = Pattern("results/{experiment}/accepted.csv")
SBI_EXPORT = Pattern("results/{experiment}/sbi.npz")

# Batches: never changed once they are written.
TRACES = Pattern(f"{_OF_CODE}/traces/{{batch}}.parquet")
OUTCOMES = Pattern(f"{_OF_CODE}/outcomes/{{batch}}.parquet")
BATCH_FEATURES = Pattern(f"{_OF_CODE}/features/{{feature_code}}/{{batch}}.parquet")
# Where traces are not kept, the code that extracts features is part of the simulation's.
FEATURES_ALONE = Pattern(f"{_OF_CODE}/features/{{batch}}.parquet")
# Whether its points may share a process, as some of them have shown.
SHARING = Pattern(f"{_OF_CODE}/sharing.json")

# Finished groups of batches that are not finished.
UNFINISHED = Pattern(f"{_OF_CODE}/unfinished/{{batch}}-{{number}}.groups")

# What recordings give for the targets, and their traces beside those that are simulated.
RECORDED = Pattern("results/{experiment}/recordings/{recorded}.parquet")
RECORDED_TRACES = Pattern("results/{experiment}/recordings/{recorded}.traces.parquet")

# Searches: all individuals, and the points of each generation, from which a search goes on.
HISTORY = Pattern(f"{_OF_CODE}/optimisation/{{search}}/history-{{generations}}.parquet")
CHECKPOINT = Pattern(f"{_OF_CODE}/optimisation/{{search}}/generation-{{generation}}.parquet")

# Models: a copy of the folder, from which jobs import, and what planning knows of it.
MODEL_COPY = Pattern("results/models/{model_copy}/model.py")
MODEL_FILE = Pattern("results/models/{model_copy}/{file}")
DESCRIPTION = Pattern("results/models/{model_copy}.json")
MECHANISMS = Pattern("results/mechanisms/{build}/libnrnmech.so")
MECHANISMS_FOR_CORENEURON = Pattern("results/mechanisms/{build}/coreneuron/libnrnmech.so")
CORENEURON = Pattern("results/mechanisms/{build}/coreneuron/libcorenrnmech.so")
LOOPS = Pattern("results/mechanisms/{build}/coreneuron/loops.txt")

# Morphologies: the file, its metadata and citations, NEURON's sections, morphometrics.
MORPHOLOGY = Pattern(f"{_OF_CELL}/{{morphology}}.{{suffix}}")
METADATA = Pattern(f"{_OF_CELL}/{{morphology}}.{{suffix}}.json")
SECTIONS = Pattern(f"{_OF_CELL}/sections-{{reader}}.npz")
MORPHOMETRICS = Pattern(f"{_OF_CELL}/morphometrics.parquet")
MORPHOMETRY_SCORES = Pattern("results/morphometry/{comparison}.parquet")
MORPHOMETRY_FIGURE = Pattern("results/figures/morphometry/{comparison}.{image}")

# Quality control: checks of each morphology, the reports, and what experiments require.
CHECKS = Pattern(f"{_OF_QUALITY}/checks.parquet")
PICTURE = Pattern(f"{_OF_QUALITY}/picture.png")
PICTURE_PDF = Pattern(f"{_OF_QUALITY}/picture.pdf")
QUALITY_PAGE = Pattern("results/quality/{scope}.html")
QUALITY_CHECKS = Pattern("results/quality/{scope}.checks.parquet")
QUALITY_USES = Pattern("results/quality/{scope}.uses.parquet")
REQUIREMENTS = Pattern("results/quality/requirements/{experiment}.txt")

# Audits: points that were simulated again, and what differed.
AUDIT = Pattern("results/audits/{experiment}.parquet")
AUDIT_VERDICT = Pattern("results/audits/verdict.txt")

# What comes out.
DATABASE = Pattern("results/dendroflow.sqlite")
FAILURES = Pattern("results/failures.csv")
VERDICT = Pattern("results/verdict.txt")
FIGURES = Pattern("results/figures/{experiment}")
FIGURE = Pattern("results/figures/{experiment}/{figure}.{kind}")
PANELS = Pattern("results/figures/panels")
REPORT = Pattern("results/report.html")
EXPLORER = Pattern("results/explorer.html")

# The lock of a folder of results. Compiled reactions of rxd, by their text; where jobs work.
LOCK, REACTIONS, SCRATCH = "results/.lock", "results/rxd", "results/scratch"

# Rule -> what its jobs make; names in braces name a job, and so its log and what it took.
RULES = {
    "plan_points": PLAN,
    "keep_model": MODEL_COPY,
    "compile_mechanisms": MECHANISMS,
    "compile_mechanisms_for_coreneuron": MECHANISMS_FOR_CORENEURON,
    "fetch_morphology": MORPHOLOGY,
    "import_morphology": SECTIONS,
    "measure_morphology": MORPHOMETRICS,
    "compare_morphologies": MORPHOMETRY_SCORES,
    "check_morphology": CHECKS,
    "report_morphologies": QUALITY_PAGE,
    "check_requirements": REQUIREMENTS,
    "simulate_batch": OUTCOMES,
    "optimise": HISTORY,
    "extract_features": BATCH_FEATURES,
    "measure_recordings": RECORDED,
    "gather_features": FEATURES,
    "analyse_sensitivity": SENSITIVITY,
    "build_database": DATABASE,
    "check_failures": VERDICT,
    "write_report": REPORT,
    "write_explorer": EXPLORER,
    "export_features": FEATURES_EXPORT,
    "export_traces": TRACES_EXPORT,
    "export_accepted": ACCEPTED_EXPORT,
    "export_sbi": SBI_EXPORT,
    "render_figures": FIGURES,
    "compose_figures": PANELS,
    "audit_experiment": AUDIT,
    "check_audits": AUDIT_VERDICT,
}


def _job(rule: str) -> str:
    names = dict.fromkeys(re.findall(r"\{\w+\}", RULES[rule]))
    return f"{rule}/{'-'.join(names) or rule}"


def log(rule: str) -> Pattern:
    """What a job of a rule said."""
    return Pattern(f"results/logs/{_job(rule)}.log")


def usage(rule: str) -> Pattern:
    """What a job of a rule took: time (s), CPU time (s) and memory (MB)."""
    return Pattern(f"results/benchmarks/{_job(rule)}.tsv")


_PATHS = [*globals().values(), log("plan_points"), usage("plan_points")]
# Files and folders beside those of experiments: no experiment may have such a name.
TAKEN = frozenset(
    path.split("/")[1] for path in _PATHS if isinstance(path, str) and path.startswith("results/")
) - {"{experiment}"}


def results_of(log_file: str | Path) -> Path:
    """The folder of results to which the log of a job belongs, wherever it lies."""
    text = Path(log_file).as_posix()
    return Path(text[: text.rindex("/logs/")] if "/logs/" in text else "results")
