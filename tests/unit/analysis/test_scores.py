"""Observations, the scores they give, and their figure."""

import math

import pytest
from pydantic import ValidationError

from dendroflow.analysis.morphometrics import MORPHOMETRICS
from dendroflow.analysis.scores import score_morphologies
from dendroflow.analysis.scores_figure import draw_scores
from dendroflow.errors import ConfigurationError
from dendroflow.settings.morphometry import Comparison, Observation
from dendroflow.settings.observations import read_observations
from dendroflow.settings.style import Style

LENGTH = {"metric": "basal_total_length", "source": "made up"}
HEAD = "metric,mean,sd,sem,low,high,n,source\n"


def measures(**values):
    import pyarrow as pa

    rows = [
        {
            "morphology": name,
            "metric": "basal_total_length",
            "unit": "µm",
            "value": value,
            "status": "absent" if value is None else "ok",
            "error": "the cell has no basal dendrite" if value is None else None,
        }
        for name, value in values.items()
    ]
    return pa.Table.from_pylist(rows, schema=MORPHOMETRICS)


@pytest.mark.parametrize(
    ("given", "value", "score", "status"),
    [
        ({"mean": 100, "sd": 10}, 115.0, 1.5, "within"),
        ({"mean": 100, "sd": 10}, 75.0, -2.5, "outside"),
        ({"mean": 100, "sem": 5, "n": 4}, 120.0, 2.0, "within"),
        ({"low": 80, "high": 120}, 120.0, 2.0, "within"),
        ({"low": 80, "high": 120}, 121.0, 2.1, "outside"),
        ({"low": -1, "high": 1}, 0.0, 0.0, "within"),
    ],
)
def test_scores(given, value, score, status):
    (row,) = score_morphologies(
        measures(cell=value), [Observation(**LENGTH, **given)], 2.0
    ).to_pylist()
    assert row["score"] == pytest.approx(score)
    assert row["status"] == status
    assert (row["low"] <= value <= row["high"]) == (status == "within")


def test_the_limit_is_the_users():
    observed = [Observation(**LENGTH, mean=100, sd=10)]
    statuses = [
        score_morphologies(measures(cell=125.0), observed, limit).to_pylist()[0]["status"]
        for limit in (2, 3)
    ]
    assert statuses == ["outside", "within"]


def test_what_was_not_measured_has_no_score():
    observed = [Observation(**LENGTH, mean=100, sd=10)]
    first, second = score_morphologies(measures(a=None, b=100.0), observed, 2.0).to_pylist()
    assert (first["status"], first["score"]) == ("absent", None)
    assert first["error"] == "the cell has no basal dendrite"
    assert (second["status"], second["score"]) == ("within", 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "give either `mean` with one of `sd` and `sem`, or `low` and `high`"),
        ({"mean": 1}, "give either"),
        ({"mean": 1, "sd": 1, "sem": 1, "n": 3}, "give either"),
        ({"mean": 1, "sd": 1, "low": 0}, "give either"),
        ({"low": 0, "high": 1, "mean": 0.5}, "give either"),
        ({"low": 0}, "give either"),
        ({"mean": 1, "sem": 1}, "`sem` needs `n`"),
        ({"low": 2, "high": 1}, "low 2 is not less than high 1"),
        ({"mean": 1, "sd": 0}, "sd"),
    ],
)
def test_observations_that_say_too_little_or_too_much(given, message):
    with pytest.raises(ValidationError, match=message):
        Observation(**LENGTH, **given)


def test_csv_and_yaml_say_the_same(tmp_path):
    table, text = tmp_path / "a.csv", tmp_path / "a.yaml"
    table.write_text(f"# where from\n{HEAD}basal_tips,3,,0.5,,,4,A and B\naxon_tips,,,,1,5,,C\n")
    text.write_text(
        "- {metric: basal_tips, mean: 3, sem: 0.5, n: 4, source: A and B}\n"
        "- {metric: axon_tips, low: 1, high: 5, source: C}\n"
    )
    found = read_observations(table)
    assert found == read_observations(text)
    assert list(found) == ["basal_tips", "axon_tips"]
    assert found["basal_tips"].deviation == pytest.approx(0.5 * math.sqrt(4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no list of observations"),
        (
            HEAD + "basal_tip,1,1,,,,,A\n",
            "observation 1: metric: .* no morphometric 'basal_tip'; did you mean",
        ),
        (HEAD + "basal_tips,many,1,,,,,A\n", "observation 1: mean: .*'many'"),
        (HEAD + "basal_tips,1,1,,,,,A\nbasal_tips,1,1,,,,,A\n", "basal_tips is given twice"),
        (HEAD + "basal_tips,1,1,,,,,A,B\n", "more cells than the first"),
        (HEAD + "basal_tips,1,1,,,,,\n", "observation 1: source"),
        (HEAD.replace("sd", "std") + "basal_tips,1,1,,,,,A\n", "observation 1: std: unknown key"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=message) as error:
        read_observations(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_other_files(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no such file"):
        read_observations(tmp_path / "table.csv")
    with pytest.raises(ConfigurationError, match=r"ends in \.csv or \.yaml"):
        read_observations(tmp_path / "table.xlsx")


def test_a_morphology_is_compared_once():
    with pytest.raises(ValidationError, match="'a' is listed twice"):
        Comparison(morphologies=("a", "a"), reference="table.csv")


def test_the_figure_is_the_same_for_the_same_scores(tmp_path):
    observed = [Observation(**LENGTH, mean=100, sd=10)]
    scores = score_morphologies(measures(a=115.0, b=300.0, c=None), observed, 2.0).to_pandas()
    first, second = (
        draw_scores(scores, "Lengths", 2.0, Style(), tmp_path / folder / "lengths")
        for folder in "ab"
    )
    assert [path.name for path in first] == ["lengths.svg", "lengths.pdf", "lengths.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
