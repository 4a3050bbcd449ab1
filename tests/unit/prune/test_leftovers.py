"""Only names that the workflow gives can be leftovers."""

from pathlib import Path

import pytest

from dendroflow.errors import ConfigurationError
from dendroflow.plan.leftovers import Leftover, leftovers, listing, remove
from dendroflow.plan.requested import Asked, configurations

A, B = "0123456789abcdef", "fedcba9876543210"
MADE = [
    f"steps/{A}/outcomes/{B}.parquet",
    f"steps/{A}/traces/{B}.parquet",
    f"steps/{A}/features/{B}.parquet",
    f"steps/{A}/features/{B}/{B}.parquet",
    f"steps/{A}/optimisation/{B}/history-40.parquet",
    f"steps/{A}/optimisation/{B}/checkpoints/generation-000012.parquet",
    f"steps/plans/{A}.parquet",
    "steps/plans/current",
    "steps/features.xlsx",
    "audits/steps.parquet",
    "report/steps/peaks.rst",
    f"mechanisms/{A}/coreneuron/libcorenrnmech.so",
    f"morphologies/n123.x/{A}/n123.x.swc.json",
    "morphologies/n123/unpinned/sections-9.0.2.npz",
    f"quality/n123/{A}/picture.pdf",
    f"models/squid_soma-{A}-{B}.json",
    f"logs/simulate_batch/steps-{A}-{B}.log.traceback",
    "benchmarks/export_traces/steps.csv.tsv",
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
    f"Steps/{A}/outcomes/{B}.parquet",
    f"backup/steps/{A}/outcomes/{B}.parquet",
    "figures/steps/mine.svg",
    f"rxd/{A}{B}.so",
    f"morphologies/n123/{A}/other.swc",
    "logs/mine/steps.log",
    "logs/prune.log",
    "quality/catalogue.html",
]


def fill(results, names):
    for name in names:
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_what_nobody_asks_for(tmp_path):
    fill(tmp_path, MADE + OWN)
    found = leftovers(tmp_path, [Asked()])
    assert {leftover.path.as_posix() for leftover in found} == set(MADE)
    remove(tmp_path, found)
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == set(OWN)
    assert all(any(folder.iterdir()) for folder in tmp_path.rglob("*") if folder.is_dir())


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith(("logs", "bench"))])
def test_what_one_of_several_asks_for_stays(tmp_path, name):
    fill(tmp_path, [name])
    assert leftovers(tmp_path, [Asked(), Asked(files={Path(name)})]) == []
    assert leftovers(tmp_path, [Asked(folders={Path(name).parents[1]}), Asked()]) == []


def test_logs_stay_with_what_they_tell_of(tmp_path):
    fill(tmp_path, [name for name in MADE if name.startswith(("logs", "benchmarks"))])
    mine = Asked(logs={("simulate_batch", f"steps-{A}-{B}")})
    (other,) = leftovers(tmp_path, [mine])
    assert other.path.as_posix() == "benchmarks/export_traces/steps.csv.tsv"


def test_a_figure_is_ours_if_it_has_a_caption(tmp_path):
    fill(tmp_path, ["figures/steps/peaks.svg", "figures/steps/mine.svg", "report/steps/peaks.rst"])
    found = leftovers(tmp_path, [Asked()])
    assert {leftover.kind for leftover in found} == {"figures", "captions"}
    assert len(found) == 2


def test_the_listing_adds_up(tmp_path):
    fill(tmp_path, MADE)
    kept = Asked(files={Path(MADE[0])})
    found = leftovers(tmp_path, [kept])
    text = listing(tmp_path, {"config.yaml": kept}, found, removed=False)
    assert "config.yaml: 1 file" in text
    assert f"{len(MADE) - 1} files" in text.splitlines()[-1]
    assert f"steps/{A}" in text
    assert listing(tmp_path, {}, [], removed=False).endswith("nothing else is there to remove")


def test_removing_twice_is_harmless(tmp_path):
    fill(tmp_path, MADE)
    found = [*leftovers(tmp_path, []), Leftover(Path("gone/x.parquet"), "tables", "gone", 0)]
    remove(tmp_path, found)
    remove(tmp_path, found)
    assert list(tmp_path.iterdir()) == []


def test_configurations_beside_and_elsewhere(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("a/config.yaml", "a/other.yaml", "b.yaml"):
        (tmp_path / name).write_text("experiments: [steps]\n")
    (tmp_path / "a/morphologies.yaml").write_text("{}\n")
    source = tmp_path / "a/config.yaml"
    assert configurations(source, []) == [tmp_path / "a/other.yaml"]
    assert configurations(source, [tmp_path / "b.yaml", source])[1:] == [tmp_path / "b.yaml"]
    with pytest.raises(ConfigurationError, match=r"gone\.yaml: there is no such file"):
        configurations(source, [tmp_path / "gone.yaml"])
