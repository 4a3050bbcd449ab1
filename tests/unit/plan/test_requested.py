"""What a configuration asks for of the results: all that its rules make, and nothing else's."""

from pathlib import Path

import pyarrow as pa
import pytest

from dendroflow import layout
from dendroflow.layout import RULES
from dendroflow.plan.cached import Cached
from dendroflow.plan.leftovers import leftovers
from dendroflow.plan.models import names_of
from dendroflow.plan.morphologies import names_of_morphology
from dendroflow.plan.planning import make_plan
from dendroflow.plan.requested import requested
from dendroflow.settings.analysis import Analysis, Sensitivity
from dendroflow.settings.project import load
from dendroflow.tables.schemas import OUTCOMES
from dendroflow.tables.tables import write_table

CONFIG = Path(__file__).parents[3] / "config"
# One that optimises; one with figures; one with mechanisms and a morphology.
FITTED, SWEPT, COMPILED = "squid_fit", "hh_temperature", "dendritic_source"
CELL, OTHER = "C060114A7", "0" * 16


@pytest.fixture(scope="module")
def configuration():
    content = {
        "experiments": [FITTED, SWEPT, COMPILED],
        "morphometry": {
            "rats": {"morphologies": [CELL], "reference": "references/frontal_pyramidal.csv"}
        },
    }
    found = load(content, CONFIG / "config.yaml")
    asked = Analysis(sensitivity=Sensitivity(method="pawn"))
    swept = found.experiments[SWEPT].model_copy(update={"analysis": asked})
    return found.model_copy(update={"experiments": {**found.experiments, SWEPT: swept}})


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def plans(configuration, results):
    """The plan of each experiment, all of which have been asked for before."""
    for name in configuration.experiments:
        (results / name).mkdir()
    return {
        name: make_plan(configuration, name, results, 1, keep=True)
        for name in configuration.experiments
    }


@pytest.fixture(scope="module")
def asked(configuration, results, plans):
    return requested(configuration, results)


@pytest.fixture(scope="module")
def made(configuration, plans):
    """The files that jobs make, by rule."""
    swept, fitted = plans[SWEPT], plans[FITTED]
    values = {
        "experiment": SWEPT,
        "simulation_code": swept.simulation_code,
        "feature_code": swept.feature_code,
        "batch": swept.batches[0],
        "comparison": "rats",
        "format": "xlsx",
        "scope": "morphologies",
        "model_copy": names_of(configuration.model_folder(SWEPT)).copy,
        "build": names_of(configuration.model_folder(COMPILED)).mechanisms,
        **names_of_morphology(configuration, CELL),
    }
    paths = {
        rule: pattern.below(Path(), **values)
        for rule, pattern in RULES.items()
        # No experiment has such a search, recordings, or this engine; and there are no panels.
        if pattern
        not in (layout.HISTORY, layout.RECORDED, layout.MECHANISMS_FOR_CORENEURON, layout.PANELS)
    }
    history = Path(fitted.notes["optimisation"]["histories"][0])
    return paths | {"optimise": history.relative_to("results")}


def test_what_rules_make_is_asked_for(asked, made):
    assert len(made) == len(RULES) - 3
    assert [rule for rule, path in made.items() if path not in asked] == []


@pytest.mark.parametrize(
    "path",
    [
        f"figures/{SWEPT}/duration.svg",
        f"figures/{FITTED}/optimisation-scores.pdf",
        "figures/morphometry/rats.png",
        "dendroflow.sqlite",
        "report.html",
    ],
)
def test_what_comes_out_is_asked_for(asked, path):
    assert Path(path) in asked


@pytest.mark.parametrize(
    "path",
    [
        f"{SWEPT}/{OTHER}/outcomes/{OTHER}.parquet",
        f"{FITTED}/{OTHER}/optimisation/{OTHER}/history-20.parquet",
        f"figures/{SWEPT}/dropped.svg",
        f"models/{OTHER}/model.py",
        f"models/{OTHER}.json",
        f"mechanisms/{OTHER}/libnrnmech.so",
        f"morphologies/{CELL}/{OTHER}/{CELL}.asc",
        "figures/morphometry/mice.png",
        "other/plan.parquet",
        "audits/other.parquet",
        f"logs/simulate_batch/{SWEPT}-{OTHER}-{OTHER}.log",
    ],
)
def test_what_no_rule_makes_any_more_is_left_over(asked, path, tmp_path):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    (found,) = leftovers(tmp_path, [asked])
    assert found.path == Path(path)


def test_the_copy_that_a_batch_was_simulated_from_is_kept(configuration, results, plans, asked):
    """A comment in `model.py` makes another copy, and simulates nothing again."""
    file, plan = Path("models", OTHER, "sub", "table.csv"), plans[SWEPT]
    assert file not in asked
    (batch,) = plan.batches
    cached = Cached(results, SWEPT, plan.simulation_code, plan.feature_code)
    rows = [
        {"point_id": point, "status": "ok", "runtime_s": 0.1}
        for point in plan.table["point_id"].to_pylist()
    ]
    table = pa.Table.from_pylist(rows, schema=OUTCOMES)
    write_table(table, cached.outcomes(batch), OUTCOMES, {"model_copy": OTHER, "sections": {}})
    cached.traces(batch).parent.mkdir()
    cached.traces(batch).touch()
    assert file in requested(configuration, results)
