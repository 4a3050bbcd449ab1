"""Only names that the workflow gives can be leftovers."""

from pathlib import Path

import pyarrow as pa
import pytest

from dendroflow import layout
from dendroflow.errors import ConfigurationError
from dendroflow.layout import RULES, log, usage
from dendroflow.plan.leftovers import Leftover, leftovers, listing, remove
from dendroflow.plan.requested import Requested, configurations
from dendroflow.tables.tables import write_table

A, B = "0123456789abcdef", "fedcba9876543210"
MADE = [
    "steps/plan.parquet",
    "steps/features.parquet",
    "steps/feature_values.parquet",
    "steps/features.xlsx",
    "steps/traces.csv",
    f"steps/{A}/outcomes/{B}.parquet",
    f"steps/{A}/traces/{B}.parquet",
    f"steps/{A}/features/{B}.parquet",
    f"steps/{A}/features/{B}/{B}.parquet",
    f"steps/{A}/optimisation/{B}/history-40.parquet",
    f"steps/{A}/optimisation/{B}/generation-000012.parquet",
    "audits/steps.parquet",
    "figures/steps/peaks.svg",
    "figures/steps/film.html",
    "figures/morphometry/rats.pdf",
    "morphometry/rats.parquet",
    f"mechanisms/{A}/libnrnmech.so",
    f"mechanisms/{A}/coreneuron/libcorenrnmech.so",
    f"morphologies/n123.x/{A}/n123.x.swc",
    f"morphologies/n123.x/{A}/n123.x.swc.json",
    f"morphologies/n123/unpinned/sections-{B}.npz",
    f"morphologies/n123/{A}/morphometrics.parquet",
    f"quality/n123/{A}/checks.parquet",
    f"quality/n123/{A}/picture.pdf",
    "quality/requirements/steps.txt",
    f"models/{A}/model.py",
    f"models/{A}/sub/.hidden/table.csv",
    f"models/{A}.json",
    f"logs/simulate_batch/steps-{A}-{B}.log",
    f"logs/simulate_batch/steps-{A}-{B}.log.traceback",
    "benchmarks/export_traces/steps-csv.tsv",
]
OWN = [
    "dendroflow.sqlite",
    "failures.csv",
    "verdict.txt",
    "report.html",
    "audits/verdict.txt",
    "steps/notes.parquet",
    f"steps/{A}/outcomes/copy.parquet",
    f"steps/{A}/outcomes/{B}.parquet.bak",
    f"steps/{A}/notes.txt",
    f"Steps/{A}/outcomes/{B}.parquet",
    f"backup/steps/{A}/outcomes/{B}.parquet",
    "figures/mine.svg",
    "figures/steps/mine.txt",
    "figures/steps/old/peaks.svg",
    f"rxd/{A}{B}.so",
    f"morphologies/n123/{A}/other.swc",
    "models/mine/model.py",
    "logs/mine/steps.log",
    "logs/prune.log",
    "quality/catalogue.html",
]


def fill(results, names):
    for name in names:
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(name))


def test_what_nobody_asks_for(tmp_path):
    fill(tmp_path, MADE + OWN)
    found = leftovers(tmp_path, [asking()])
    assert {leftover.path.as_posix() for leftover in found} == set(MADE)
    remove(tmp_path, found)
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == set(OWN)
    assert all(any(folder.iterdir()) for folder in tmp_path.rglob("*") if folder.is_dir())


def asking(*files, folders=()):
    """What a configuration asks for."""
    asked = Requested()
    asked.files.update(map(Path, files))
    asked.folders.update(map(Path, folders))
    return asked


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith(("logs", "bench"))])
def test_what_one_of_several_asks_for_stays(tmp_path, name):
    fill(tmp_path, [name])
    assert leftovers(tmp_path, [asking(), asking(name)]) == []
    assert leftovers(tmp_path, [asking(folders=[Path(name).parent]), asking()]) == []


@pytest.mark.parametrize("rule", RULES)
def test_what_a_job_said_and_took_stays_with_what_it_made(tmp_path, rule):
    values = dict.fromkeys(("simulation_code", "feature_code", "batch", "search", "build"), A)
    values |= dict.fromkeys(("model_copy", "reader", "pin", "recorded"), B)
    values |= dict.fromkeys(("experiment", "comparison"), "steps")
    values |= {
        "morphology": "n123",
        "suffix": "swc",
        "generations": 40,
        "scope": "catalogue",
        "format": "csv",
    }
    makes = RULES[rule].below(Path(), **values)
    said = [pattern(rule).below(Path(), **values) for pattern in (log, usage)]
    fill(tmp_path, said)
    assert leftovers(tmp_path, [asking(makes)]) == []
    assert {leftover.path for leftover in leftovers(tmp_path, [asking()])} == set(said)


def test_the_listing_adds_up(tmp_path):
    fill(tmp_path, MADE)
    kept = asking("audits/steps.parquet")
    found = leftovers(tmp_path, [kept])
    text = listing(tmp_path, {"config.yaml": kept}, found, removed=False)
    assert "config.yaml: 1 file" in text
    assert f"{len(MADE) - 1} files" in text.splitlines()[-1]
    assert f"steps/{A}" in text
    assert listing(tmp_path, {}, [], removed=False).endswith("nothing else is there to remove")


def test_removing_twice_is_harmless(tmp_path):
    fill(tmp_path, MADE)
    found = [*leftovers(tmp_path, []), Leftover(Path("gone/x.parquet"), "tables", 0)]
    remove(tmp_path, found)
    remove(tmp_path, found)
    assert list(tmp_path.iterdir()) == []


def test_configurations_beside_and_elsewhere_and_those_that_made_results(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("a/config.yaml", "a/other.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).write_text("experiments: [steps]\n")
    (tmp_path / "a/morphologies.yaml").write_text("{}\n")
    source, results = tmp_path / "a/config.yaml", tmp_path / "results"
    assert configurations(source, [], results) == [tmp_path / "a/other.yaml"]
    found = configurations(source, [tmp_path / "b.yaml", source], results)
    assert found[1:] == [tmp_path / "b.yaml"]
    for experiment, made_by in {"x": "c.yaml", "y": "gone.yaml", "z": "a/other.yaml"}.items():
        table, notes = pa.table({"point_id": ["p"]}), {"configuration": str(tmp_path / made_by)}
        path = layout.FEATURES.below(results, experiment=experiment)
        write_table(table, path, table.schema, notes)
    found = configurations(source, [], results)
    assert found == [tmp_path / "a/other.yaml", tmp_path / "c.yaml"]
    with pytest.raises(ConfigurationError, match=r"gone\.yaml: there is no such file"):
        configurations(source, [tmp_path / "gone.yaml"], results)
