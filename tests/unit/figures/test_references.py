"""Errors against a reference point, and fitted power laws."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from synthetic import figure

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, Label, select_points
from dendroflow.figures.page import Slot, house_style
from dendroflow.figures.power_law import fit
from dendroflow.figures.references import against_reference
from dendroflow.figures.render import draw
from dendroflow.settings.figures import columns
from dendroflow.settings.style import Style

CONVERGENCE = {
    "kind": "line",
    "x": "dt",
    "y": "speed",
    "hue": "order",
    "log_x": True,
    "log_y": True,
    "power_law": True,
    "reference": {"dt": 0.001},
}


def convergence(**changed):
    """Speeds 20 (1 + dt^order), of the reference exactly 20."""
    rows = [
        {"point_id": f"{order}-{dt}", "dt": dt, "order": order, "speed": 20 * (1 + dt**order)}
        for order in (1, 2)
        for dt in (0.4, 0.2, 0.1)
    ]
    rows += [
        {"point_id": f"{order}-best", "dt": 0.001, "order": order, "speed": 20.0}
        for order in (1, 2)
    ]
    table = pd.DataFrame(rows).assign(status="ok", error=None)
    labels = {"dt": Label("time step", "ms"), "order": Label("order", ""), "speed": Label("v", "")}
    return FigureData(
        experiment="made_up",
        title="Convergence",
        points=table.assign(**changed),
        labels=labels,
        read_traces=lambda *_: None,
        swept=("dt", "order"),
    )


def judged(source, **changed):
    declared = figure(**CONVERGENCE | changed)
    return against_reference(declared, source, select_points(declared, source))


def test_errors_are_relative_and_leave_out_the_reference():
    labelled, table = judged(convergence())
    assert labelled.labels["speed"] == Label("relative error of v", "")
    assert len(table) == 6
    assert table["speed"].to_numpy() == pytest.approx(table["dt"] ** table["order"])


def test_the_reference_may_be_one_for_all():
    source = convergence()
    _, table = judged(source, reference={"dt": 0.001, "order": 2})
    # The other finest point is judged like any other.
    assert table.set_index("point_id")["speed"]["1-best"] == 0
    assert len(table) == 7


def test_the_reference_is_found_outside_of_what_is_drawn():
    _, table = judged(convergence(), where={"dt": [0.4, 0.2]})
    assert sorted(table["dt"].unique()) == [0.2, 0.4]


def test_where_the_reference_failed_there_is_no_error():
    source = convergence()
    source.points.loc[source.points["point_id"] == "1-best", ["status", "speed"]] = [
        "failed",
        np.nan,
    ]
    _, table = judged(source)
    assert table.groupby("order")["speed"].count().tolist() == [0, 3]


def test_a_reference_that_is_not_there():
    with pytest.raises(ConfigurationError, match=r"reference: no point has dt = 0\.002"):
        judged(convergence(), reference={"dt": 0.002})


def test_every_point_has_a_reference():
    source = convergence()
    source.points.drop(source.points.index[-1], inplace=True)
    with pytest.raises(ConfigurationError, match=r"with time step = 0\.1 ms, order = 2: sweep dt"):
        judged(source)


def test_columns_of_the_reference_are_known_to_planning():
    assert columns(figure(**CONVERGENCE | {"x": "order", "hue": None})) >= {"dt"}


def test_a_power_law_is_recovered():
    x = np.array([1.0, 3.0, 10.0])
    assert fit(x, 7 * x**-0.5) == pytest.approx((7, -0.5))


def test_exponents_stand_in_the_legend():
    declared, source = figure(**CONVERGENCE), convergence()
    with house_style(Style()):
        page = draw(declared, source, Slot())
    texts = [t.get_text().strip() for t in page.sheet.findobj() if hasattr(t, "get_text")]
    assert {"1: 1.000", "2: 2.000", "exponent of fit"} <= set(texts)
    assert any(text.startswith("Errors are relative to") for text in texts)


def test_a_power_law_needs_logarithmic_axes():
    with pytest.raises(ValidationError, match="set `log_x` and `log_y` too"):
        figure(**CONVERGENCE | {"log_x": False})
