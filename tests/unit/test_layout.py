"""Every path of the results is written down once, and none can be taken for another."""

import itertools
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from pydantic import ValidationError

from dendroflow import layout
from dendroflow.layout import RULES, WILDCARDS, Pattern, log, results_of, usage
from dendroflow.settings.experiment import RESERVED_NAMES
from dendroflow.settings.project import Project
from dendroflow.tables.database import TABLES, VIEWS

CHECKOUT = Path(__file__).parents[2]
A, B = "0123456789abcdef", "fedcba9876543210"
# Two values each, among them names of files and folders that the layout has itself.
VALUES = {
    "experiment": ("steps", "plan"),
    "comparison": ("rats", "features"),
    "morphology": ("n123", "C0-6.CNG_2"),
    "figure": ("peaks", "of-all.points"),
    "file": ("model.py", "sub/.hidden/table.csv"),
    "generations": ("4", "400"),
    "generation": ("000001", "012345"),
    "number": ("0", "12"),
    "pin": (A, "unpinned"),
    "suffix": ("swc", "asc"),
    "format": ("csv", "xlsx"),
    "image": ("svg", "png"),
    "kind": ("pdf", "html"),
    "scope": ("morphologies", "catalogue"),
    **dict.fromkeys(("simulation_code", "feature_code", "batch", "search", "build"), (A, B)),
    **dict.fromkeys(("model_copy", "reader", "recorded"), (A, B)),
}
NAMED = {name: value for name, value in vars(layout).items() if isinstance(value, Pattern)}
NAMED |= {f"{kind.__name__} of {rule}": kind(rule) for rule in RULES for kind in (log, usage)}
# The files of a model's copy, of which one is made by a rule; the rest come with it.
MEANT = {("MODEL_COPY", "MODEL_FILE")}
EXPRESSIONS = {name: pattern.expression for name, pattern in NAMED.items()}


def examples(pattern):
    """Paths of a pattern with the values that make them."""
    names = list(dict.fromkeys(re.findall(r"\{(\w+)\}", pattern)))
    for values in itertools.product(*(VALUES[name] for name in names)):
        found = dict(zip(names, values, strict=True))
        yield pattern.of(**found), found


def test_every_wildcard_has_a_meaning_and_is_used():
    used = {name for pattern in NAMED.values() for name in re.findall(r"\{(\w+)\}", pattern)}
    assert used == set(WILDCARDS) == set(VALUES)


@pytest.mark.parametrize("name", NAMED)
def test_a_pattern_matches_its_paths_and_gives_their_parts(name, tmp_path):
    pattern, expression = NAMED[name], EXPRESSIONS[name]
    for path, values in examples(pattern):
        assert path.startswith("results/")
        match = expression.fullmatch(path.removeprefix("results/"))
        assert match and match.groupdict() == values
        assert pattern.below(tmp_path / "elsewhere", **values) == (
            tmp_path / "elsewhere" / path.removeprefix("results/")
        )
        # Not what lies beside it, or below a folder of somebody's own.
        for other in (f"{path}.bak", f"{path}~", f"mine/{path}", f"results/mine/{path[8:]}"):
            if "{file}" not in pattern:
                assert not expression.fullmatch(other.removeprefix("results/")), other


@pytest.mark.parametrize("name", NAMED)
def test_no_path_is_taken_for_another(name):
    for path, _ in examples(NAMED[name]):
        for other, expression in EXPRESSIONS.items():
            match = expression.fullmatch(path.removeprefix("results/"))
            if match and other != name and (name, other) not in MEANT | {p[::-1] for p in MEANT}:
                # An experiment cannot have the name of a folder, and the rules know that.
                assert match.groupdict().get("experiment") in RESERVED_NAMES, (other, path)


def test_no_experiment_has_the_name_of_a_folder_or_of_a_table():
    tops = {path.split("/")[1] for pattern in NAMED.values() for path, _ in examples(pattern)}
    tops |= {Path(path).name for path in (layout.LOCK, layout.REACTIONS, layout.SCRATCH)}
    assert tops - set(VALUES["experiment"]) == layout.TAKEN
    assert layout.TAKEN | set(TABLES) | set(VIEWS) <= RESERVED_NAMES
    for name in ("quality", "designs", "models"):
        with pytest.raises(ValidationError, match=f"'{name}' is the name of a table"):
            Project.model_validate({"experiments": [name]})


def test_every_rule_with_a_script_says_what_it_makes():
    text = "".join(path.read_text(encoding="utf-8") for path in CHECKOUT.glob("rules/*.smk"))
    logged = set(re.findall(r'layout\.log\("(\w+)"\)', text))
    assert logged == set(re.findall(r'layout\.usage\("(\w+)"\)', text)) == set(RULES)


@pytest.mark.parametrize(
    ("path", "results"),
    [
        ("results/logs/plan_points/steps.log", "results"),
        ("sub/results/logs/plan_points/steps.log", "sub/results"),
        ("/logs/results/logs/plan_points/steps.log", "/logs/results"),
        ("elsewhere/x.log", "results"),
    ],
)
def test_the_results_of_a_log(path, results):
    assert results_of(path) == Path(results)


def test_the_architecture_lists_what_the_layout_says():
    text = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("Every path under `results/`")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = [re.sub("<[^>]+>", "*", name) for c in cells for name in re.findall("`(.+?)`", c)]
    assert len(listed) > 15
    paths = [path[8:] for pattern in NAMED.values() for path, _ in examples(pattern)]
    for name in listed:
        # A folder, a path, or a file beside the one before.
        alike = f"{name}*" if name.endswith("/") else name if "/" in name else f"*{name}"
        assert any(fnmatch(path, alike) for path in [*paths, "rxd/x.so"]), name
    tops = {name.split("/")[0] for name in listed}
    assert layout.TAKEN - {".lock", "scratch"} <= tops
