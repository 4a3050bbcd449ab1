"""The configuration that `make run` runs: everything that the README promises comes out."""

import sqlite3
from contextlib import closing

import pytest
import yaml
from running import CHECKOUT, snakemake

EXPERIMENTS = yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text(encoding="utf-8"))[
    "experiments"
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("default")
    run = snakemake(folder, "config.yaml")
    assert run.returncode == 0, run.stdout
    return folder


def query(folder, text):
    with closing(sqlite3.connect(folder / "results" / "dendroflow.sqlite")) as database:
        return database.execute(text).fetchall()


def test_every_point_succeeds(folder):
    counts = dict(query(folder, "SELECT experiment, points - failed FROM experiments"))
    assert counts == {
        "hh_temperature": 183,
        "synaptic_drive": 120,
        "point_source": 18,
        "pyramidal_spike": 8,
    }
    assert (folder / "results" / "failures.csv").read_text().count("\n") == 1


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_each_experiment_has_its_own_columns(folder, experiment):
    found = {row[1] for row in query(folder, f"PRAGMA table_info({experiment})")}
    text = (CHECKOUT / "config" / "experiments" / f"{experiment}.yaml").read_text(encoding="utf-8")
    sweep = yaml.safe_load(text)["sweep"]
    blocks = [block["grid"] for block in sweep] if isinstance(sweep, list) else [sweep]
    swept = {path.rpartition(".")[2] for block in blocks for path in block}
    assert swept < found
    declared = query(folder, f"SELECT name FROM columns WHERE experiment = '{experiment}'")
    assert {name for (name,) in declared} == found


def test_the_numbers_of_the_exercise_are_in_the_database(folder):
    rows = dict(
        query(
            folder,
            "SELECT celsius, AP_duration FROM hh_temperature WHERE gnabar = 0.12 ORDER BY celsius",
        )
    )
    assert rows[0.0] == pytest.approx(6.2)
    assert rows[20.0] == pytest.approx(1.425)
    assert rows[22.0] is None


def test_no_molecule_is_lost(folder):
    worst, dimensions = query(
        folder, "SELECT MAX(mass_error_final), COUNT(DISTINCT dimension) FROM point_source"
    )[0]
    assert worst < 1e-9
    assert dimensions == 2


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_figures_of_all_kinds(folder, experiment):
    figures = folder / "results" / "figures" / experiment
    for suffix in ("svg", "pdf", "png"):
        assert len(list(figures.glob(f"*.{suffix}"))) >= 2
    assert all(path.stat().st_size > 1000 for path in figures.glob("[!.]*"))


def test_the_shape_is_small_and_works_offline(folder):
    page = folder / "results" / "figures" / "pyramidal_spike" / "mid-spike.html"
    assert page.stat().st_size < 3_000_000
    assert "src=" not in page.read_text(encoding="utf-8").split("<body", 1)[1][:2000]


def test_a_second_run_does_nothing(folder):
    run = snakemake(folder, "config.yaml")
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout
    assert run.stdout.count(" 0 to run in 0 batches") == len(EXPERIMENTS)


def test_the_report_holds_every_figure(folder):
    run = snakemake(folder, "config.yaml", "--report", "report.html")
    assert run.returncode == 0, run.stdout
    report = (folder / "report.html").read_text(encoding="utf-8")
    for path in (folder / "results" / "figures").rglob("[!.]*.*"):
        assert path.name in report
