"""The figures of a search: what they are drawn from, and that they are drawn whatever it found."""

import numpy as np
import pandas as pd
import pytest

from dendroflow.figures.headings import failure_note
from dendroflow.figures.optimisation import Course, draw_all
from dendroflow.settings.style import Style

COLUMNS = [
    {"name": "gnabar", "meaning": "sodium conductance", "unit": "S/cm²", "kind": "swept"},
    {"name": "tau", "meaning": "time constant", "unit": "ms", "kind": "swept"},
    {"name": "AP_amplitude", "meaning": "AP amplitude", "unit": "mV", "kind": "feature"},
    {
        "name": "soma_v_minimum",
        "meaning": "minimum of membrane potential",
        "unit": "mV",
        "kind": "feature",
    },
]


def course(reference=None, **changes):
    rng = np.random.default_rng(1)
    n = 60
    scores = 100 * 0.9 ** np.arange(n) * rng.uniform(0.5, 1, n)
    history = pd.DataFrame(
        {
            "seed": 1,
            "generation": np.repeat(np.arange(1, 7), 10),
            "parameters.tau": rng.uniform(1, 10, n),
            "parameters.gnabar": rng.uniform(0.1, 0.2, n),
            "point_id": [f"{k}" for k in range(n)],
            "status": "ok",
            "soma_v_minimum": rng.uniform(-80, -70, n),
            "AP_amplitude": 90 + scores,
            "AP_amplitude.score": scores,
            "soma_v_minimum.score": 0.0,
            "score": scores,
        }
    ).assign(**changes)
    ranges = {"range": None, "log_range": None}
    settings = {
        "algorithm": "IBEA",
        "seed": 1,
        "offspring": 10,
        "reference": reference,
        "parameters": {
            "parameters.gnabar": ranges | {"range": [0.1, 0.2]},
            "parameters.tau": ranges | {"log_range": [1, 10]},
        },
    }
    targets = {
        "AP_amplitude": {"mean": 90.0, "sd": 1.0},
        "soma_v_minimum": {"mean": -75.0, "sd": 1.0},
    }
    return Course(history, {"settings": settings, "targets": targets, "columns": COLUMNS})


def test_names_come_in_the_order_of_the_history():
    assert course().paths == ["parameters.tau", "parameters.gnabar"]
    assert course().targets == ["soma_v_minimum", "AP_amplitude"]
    assert str(course().label("parameters.tau")) == "time constant (ms)"


@pytest.mark.parametrize(
    "drawn",
    [
        course(reference={"parameters.gnabar": 0.12, "parameters.tau": 3.0}),
        course(score=0.0, **{"AP_amplitude.score": 0.0}),
        course(status="failed", AP_amplitude=np.nan, score=500.0, **{"AP_amplitude.score": 250.0}),
    ],
    ids=["as usual", "all perfect", "all failed"],
)
def test_whatever_was_found_is_drawn(drawn, tmp_path):
    paths = draw_all(drawn, "A search", Style(), tmp_path)
    assert len(paths) == 12
    assert all(path.stat().st_size > 3000 for path in paths)
    svg = (tmp_path / "optimisation-scores.svg").read_text()
    assert "<svg" in svg


def test_failures_are_counted_by_point():
    statuses = ["failed"] * 3 + ["ok"] * 57
    failing = course(status=statuses, point_id=["a", "a", "b", *map(str, range(57))])
    (note,) = failure_note(failing.points)
    assert "2 of 59 points" in note
    assert failure_note(course().points) == []
