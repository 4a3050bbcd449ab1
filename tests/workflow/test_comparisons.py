"""A real run: morphologies compared with tables of observations, and the report on them."""

import pytest
from small_experiments import STEPS
from synthetic_cell import sound_cell

from dendroflow.morphology.files import data_sha256

TITLES = {"close": "Close to what is there", "far": "Far from it"}


@pytest.fixture(scope="module")
def compared(new_workspace):
    workspace = new_workspace()
    data = sound_cell().swc()
    entry = {"file": "cells/sound.swc", "sha256": data_sha256(data, "swc")}
    workspace.write("cells/sound.swc", data.decode()).write("morphologies.yaml", {"sound": entry})
    workspace.write("close.csv", "metric,mean,sd,source\nbasal_tips,8,2,drawn\n")
    workspace.write("far.csv", "metric,mean,sd,source\nbasal_tips,80,2,drawn\n")
    comparisons = {
        name: {"morphologies": ["sound"], "reference": f"{name}.csv", "title": title}
        for name, title in TITLES.items()
    }
    workspace.project("steps", morphometry=comparisons).experiment("steps", STEPS, figures=None)
    workspace.run(cores=2).succeeded()
    return workspace


def test_a_score_is_the_distance_in_standard_deviations(compared):
    for name, mean in (("close", 8), ("far", 80)):
        (row,) = compared.table(f"morphometry/{name}.parquet").to_pylist()
        assert row["score"] == pytest.approx((row["value"] - mean) / 2)


def test_the_report_holds_the_figures_with_their_words(compared):
    compared.run("results/report.html", cores=2).succeeded()
    report = (compared.results / "report.html").read_text(encoding="utf-8")
    for name in TITLES:
        assert f'href="figures/morphometry/{name}.svg"' in report
    assert report.count("as its deviation from what was observed") == len(TITLES)
