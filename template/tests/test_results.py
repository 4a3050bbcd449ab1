"""What the results have to agree with: `make test`."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "results"


def query(statement):
    database = RESULTS / "dendroflow.sqlite"
    if not database.exists():
        pytest.fail("there are no results yet: make run")
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(statement).fetchall()


def test_all_points_ended_well():
    assert query("SELECT DISTINCT status FROM current_steps") == [("ok",)]


def test_the_potential_obeys_ohms_law():
    area = math.pi * 20 * 20 * 1e-8  # cm², as long as it is wide
    resistance = 1e-6 / (1e-4 * area)  # MΩ
    for current, potential in query("SELECT amplitude, soma_v_final FROM current_steps"):
        assert potential == pytest.approx(-65 + resistance * current, rel=1e-6)


def test_the_figure_is_drawn():
    assert (RESULTS / "paper" / "current_voltage.pdf").stat().st_size > 1000
