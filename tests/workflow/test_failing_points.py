"""Points that fail in every way: each is a row that says so, and its neighbours are unharmed."""

import csv
import json

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace

# fault, amplitude -> status, and what the message must hold.
BAD = {
    ("raises", 0.02): ("failed", ["ValueError: this model is made to raise"]),
    ("segfault", 0.02): ("crashed", ["SIGSEGV"]),
    ("not_a_number", 0.02): ("nonfinite", ["soma_v", "finite"]),
    ("hangs", 0.02): ("timeout", ["not finished after 3 s"]),
    ("none", 1e6): ("out_of_range", ["soma_v", "mV", "-200", "200"]),
    ("exits", 0.02): ("crashed", ["exit code 7"]),
    ("undeclared", 0.02): ("failed", ["'surprise'", "not declared"]),
    ("unrecorded", 0.02): ("failed", ["soma_v", "not recorded"]),
}
SOUND = [("none", amplitude) for amplitude in (0.01, 0.02, 0.03)]
# Sound points stand before and among the bad ones, one of them beside the one that hangs.
POINTS = [
    SOUND[0],
    ("raises", 0.02),
    ("segfault", 0.02),
    ("not_a_number", 0.02),
    SOUND[1],
    ("none", 1e6),
    SOUND[2],
    ("hangs", 0.02),
    ("exits", 0.02),
    ("undeclared", 0.02),
    ("unrecorded", 0.02),
]
FAULTY = STEPS | {
    "model": "faulty",
    "features": STEPS["features"] | {"efel": ["spike_count", "AP_amplitude"]},
    "execution": {"timeout_s": 3.0},
}


def listed(points):
    return {
        "list": [
            {"parameters.fault": fault, "parameters.amplitude": value} for fault, value in points
        ]
    }


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    """A project with all bad points, more than it allows, and beside it one without any."""
    workspace = new_workspace().project("mixed", "sound")
    workspace.experiment("mixed", FAULTY, sweep=listed(POINTS))
    workspace.experiment("sound", FAULTY, sweep=listed(SOUND))
    run = workspace.run(cores=2)
    run.refused("mixed", "8 of 11 points failed", "max_failed_share 0.1")
    assert (run.points_of("mixed"), run.points_of("sound")) == (11, 3)
    assert run.jobs["simulate_batch"] == 2
    return workspace


@pytest.fixture(scope="module")
def rows(finished) -> dict:
    names = ("fault", "amplitude", "status", "error", "spike_count", "AP_amplitude")
    names += ("soma_v_maximum", "point_id")
    found = finished.query(f"SELECT {', '.join(names)} FROM mixed")
    assert len(found) == len(POINTS)
    return {row[:2]: dict(zip(names, row, strict=True)) for row in found}


@pytest.mark.parametrize("point", BAD)
def test_a_bad_point_is_a_row_that_says_why(rows, point):
    status, parts = BAD[point]
    row = rows[point]
    assert row["status"] == status, row
    assert all(part in row["error"] for part in parts), row
    assert "\n" not in row["error"]


@pytest.mark.parametrize("point", BAD)
def test_a_bad_point_has_no_features(rows, point):
    assert {rows[point][name] for name in ("spike_count", "AP_amplitude", "soma_v_maximum")} == {
        None
    }


def test_neighbours_of_bad_points_are_ok(rows):
    for point in SOUND:
        row = rows[point]
        assert (row["status"], row["error"]) == ("ok", None)
        assert row["soma_v_maximum"] is not None
    assert rows["none", 0.02]["spike_count"] == 1


def test_neighbours_of_bad_points_have_the_same_bits_as_without_them(finished, rows):
    alone = finished.trace_digests("sound")
    among = finished.trace_digests("mixed")
    assert alone.keys() == {(rows[point]["point_id"], "soma_v") for point in SOUND}
    assert alone.items() <= among.items()
    assert len(set(alone.values())) == len(SOUND)


def test_more_failures_than_allowed_come_after_the_database(finished):
    assert finished.query("SELECT points, failed FROM experiments ORDER BY experiment") == [
        (11, 8),
        (3, 0),
    ]


def test_the_verdict_of_a_run_that_fails_is_there(finished):
    mixed, sound = (finished.results / "verdict.txt").read_text().splitlines()
    assert mixed.startswith("mixed: 8 of 11 points failed, more than max_failed_share 0.1 allows: ")
    assert sound == "sound: 0 of 3 points failed"


def test_failures_are_listed_where_they_are_allowed(finished, copy_of):
    project = copy_of(finished).project("mixed", "sound", max_failed_share=0.75)
    run = project.run(cores=2).succeeded()
    assert run.jobs == {"build_database": 1, "write_report": 1, "check_failures": 1}
    with (project.results / "failures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["experiment"] for row in rows} == {"mixed"}
    expected = {(status, f"fault={fault}") for (fault, _), (status, _) in BAD.items()}
    assert {(row["status"], row["values"].split(",")[0]) for row in rows} == expected
    assert all(row["error"] and row["point_id"] for row in rows)


def test_retrying_reruns_the_points_of_that_status_alone(finished, copy_of):
    project = copy_of(finished).project(
        "mixed", "sound", execution={"retry": ["timeout"], "timeout_s": 1.0}
    )
    foreseen = project.run("features", "-n").succeeded()
    run = project.run("features").succeeded()
    assert run.points == 1
    assert foreseen.announced == run.jobs
    (point,) = project.table(str(run.batches[0].relative_to(project.results))).to_pylist()
    assert (point["status"], point["error"]) == ("timeout", "not finished after 1 s")
    # What is known of the others stands, and the new outcome of this one takes effect.
    statuses = project.table("mixed/features.parquet").to_pandas()
    assert sorted(statuses["status"]) == sorted(
        ["ok"] * len(SOUND) + [status for status, _ in BAD.values()]
    )
    (timed_out,) = statuses[statuses["status"] == "timeout"]["error"]
    assert timed_out == "not finished after 1 s"


def test_outcomes_name_their_provenance(finished):
    statement = "SELECT value FROM provenance WHERE key = 'mechanisms'"
    ((build,), _) = finished.query(statement)
    assert (finished.results / "mechanisms" / build / "libnrnmech.so").exists()
    ((declared,),) = finished.query("SELECT sweep FROM experiments WHERE experiment = 'sound'")
    assert len(json.loads(declared)[0]["list"]) == 3
