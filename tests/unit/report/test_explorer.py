"""The explorer: what a browser selects is what SQL selects; a trace is that of the table."""

import json
import re
import sqlite3

import numpy as np
import pyarrow as pa
import pytest
from browser import document, needs_browser

from dendroflow.report.explorer import FINEST, PARTS, _packed_column, _reduced, render
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import write_table

POINTS = 3000
TITLE = "A <b>title</b> of </script><script>document.documentElement.dataset.hit=1</script>"
# What the page did with the state in `STATE`, as JSON in its root.
TOLD = """<script>
(async () => {
  const pause = () => new Promise((then) => setTimeout(then, 50));
  while (!views[0]?.ready) await pause();
  const view = views[0], column = view.experiment.column("g");
  view.filter(column, column.ends(7, 19));
  view.choose(view.rows[3]);
  await pause();
  const signal = view.experiment.signals[0];
  await signal.unpack();
  const told = { count: view.rows.length, sql: view.sql(), yaml: view.yaml().split("\\n").length,
    point: view.state.point, trace: signal.of(view.chosen), text: view.count.textContent,
    rows: view.table.querySelectorAll("tbody tr").length, hash: location.hash.length > 50 };
  document.documentElement.dataset.told = JSON.stringify(told);
})();
</script></body></html>"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of results with one experiment, and the file of its traces."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "cells").mkdir()
    random = np.random.default_rng(5)
    ids = [f"{k:016x}" for k in range(POINTS)]
    g = random.uniform(0, 1, POINTS)
    features = pa.table(
        {
            "point_id": ids,
            "g": g,
            "kind": [["a", "b"][k % 2] for k in range(POINTS)],
            "peak": pa.array([None if k % 10 == 0 else x for k, x in enumerate(100 * g)]),
            "status": ["ok"] * POINTS,
            "error": pa.nulls(POINTS, pa.string()),
        }
    )
    said = [("g", "swept", "S"), ("kind", "swept", ""), ("peak", "feature", "mV")]
    columns = [{"name": n, "kind": kind, "unit": unit, "meaning": n} for n, kind, unit in said]
    columns.append({"name": "v", "kind": "signal", "unit": "mV", "meaning": "potential"})
    notes = {"columns": columns, "protocols": {}, "time_unit": "ms"}
    write_table(features, folder / "cells" / "features.parquet", features.schema, notes)
    plan = pa.table({"point_id": ids, "parameters.g": g, "parameters.kind": features["kind"]})
    write_table(plan, folder / "cells" / "plan.parquet", plan.schema, {})
    rows = [
        {"point_id": ids[k], "signal": "v", "unit": "mV", "t0": 0.0, "dt": 0.1}
        | {"values": (-65 + 100 * g[k] * np.sin(np.arange(1001) / 50)).tolist()}
        for k in range(POINTS)
    ]
    # A model that kept no sample at one point.
    empty = {"point_id": ids[0], "signal": "speed", "unit": "m/s", "t0": 0.0}
    empty |= {"t": [], "values": []}
    kept = pa.Table.from_pylist([*rows, empty], TRACES)
    write_table(kept, folder / "traces.parquet", TRACES)
    return folder, features, rows


@pytest.fixture(scope="module")
def page(results):
    folder, _, _ = results
    return render({"cells": TITLE}, folder, {"cells": [folder / "traces.parquet"]})


def test_few_values_are_packed_to_the_last_bit():
    found = _packed_column(pa.chunked_array([[0.1, None, 0.3, float("nan"), 0.1]]))
    assert found["levels"] == [0.1, 0.3]
    assert _packed_column(pa.chunked_array([["b", "a", None]]))["levels"] == ["a", "b"]
    many = _packed_column(pa.chunked_array([np.linspace(0, 1, 5000)]))
    assert set(many) == {"numbers"}


@pytest.mark.parametrize("length", [2, 100, 240, 5000])
def test_a_reduced_trace_has_the_extremes_of_the_whole(length):
    values = np.random.default_rng(length).normal(size=length)
    first, last, reduced = _reduced(values, None, 5.0, 0.5)
    assert (first, last) == (5.0, 5.0 + 0.5 * (length - 1))
    assert len(reduced) == 2 * PARTS
    assert (reduced[0], reduced[-1]) == (values[0], values[-1]) or length > 240
    if length > 240:
        assert (reduced.min(), reduced.max()) == (values.min(), values.max())


def test_nothing_is_loaded_from_elsewhere_and_texts_are_no_markup(page):
    assert not re.findall(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=", page)
    assert "<b>title" not in page


@needs_browser
def test_a_browser_selects_what_sql_selects_and_shows_the_trace_of_the_table(
    results, page, tmp_path
):
    _, features, rows = results
    path = tmp_path / "explorer.html"
    path.write_text(page.replace("</body></html>", TOLD), encoding="utf-8")
    dom = document(path, tmp_path)
    assert "data-hit" not in dom.partition("<head")[0]
    told = json.loads(
        re.search(r'data-told="([^"]*)"', dom)[1].replace("&quot;", '"').replace("&amp;", "&")
    )
    database = sqlite3.connect(":memory:")
    features.to_pandas().to_sql("cells", database)
    selected = database.execute(told["sql"]).fetchall()
    assert told["count"] == len(selected) > 100
    assert told["text"] == f"{len(selected)} of {POINTS} points"
    assert told["yaml"] == len(selected) + 3
    assert told["rows"] == 100
    assert told["hash"]
    (row,) = [row for row in rows if row["point_id"] == told["point"]]
    values, trace = np.array(row["values"]), np.array(told["trace"]["values"])
    assert told["trace"]["last"] == pytest.approx(100.0)
    span = max(max(r["values"]) for r in rows) - min(min(r["values"]) for r in rows)
    assert trace.max() == pytest.approx(values.max(), abs=span / FINEST)
    assert trace.min() == pytest.approx(values.min(), abs=span / FINEST)
