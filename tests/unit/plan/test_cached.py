"""Which points are simulated already, and which batches do not count any more."""

import pyarrow as pa
import pytest

from dendroflow.plan.cached import Cached
from dendroflow.tables.schemas import OUTCOMES
from dendroflow.tables.tables import write_table

CODE, FEATURE_CODE, BATCH = "0123456789abcdef", "fedcba9876543210", "00000000000000aa"
MINE, OTHER = {"cell": "1" * 16}, {"cell": "2" * 16}


@pytest.fixture
def cached(tmp_path):
    """Where batches are looked for, by what is known of the sections of morphologies."""
    return lambda sections=(), feature_code=FEATURE_CODE: Cached(
        tmp_path, "steps", CODE, feature_code, dict(sections)
    )


@pytest.fixture
def simulate(cached):
    """Store a batch of points of a status."""

    def store(points, batch=BATCH, status="ok", sections=(), files="traces"):
        rows = [{"point_id": p, "status": status, "runtime_s": 0.1} for p in points]
        table = pa.Table.from_pylist(rows, schema=OUTCOMES)
        notes = {"sections": dict(sections)}
        write_table(table, cached().outcomes(batch), OUTCOMES, notes)
        if files:
            path = getattr(cached(), files)(batch)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return store


def found(cached, retry=()):
    return cached.points(retry)["batch"].to_dict()


def test_where_nothing_is_simulated(cached):
    points = cached().points([])
    assert points.empty
    assert list(points) == ["batch", "runtime_s"]


@pytest.mark.parametrize(
    ("simulated", "known", "counts"),
    [
        (MINE, MINE, True),
        (MINE, OTHER, False),
        # Not fetched yet, so that nothing is known; the job that imports it will tell.
        (MINE, {}, True),
        (MINE, {"another": "2" * 16}, True),
        # Models that need no morphology.
        ({}, {}, True),
        ({}, MINE, True),
        (MINE | {"another": "3" * 16}, MINE, True),
        (MINE | {"another": "3" * 16}, MINE | {"another": "4" * 16}, False),
    ],
)
def test_a_batch_counts_if_its_sections_are_those_of_now(
    cached, simulate, simulated, known, counts
):
    simulate(["a", "b"], sections=simulated)
    assert cached(known).is_usable(BATCH) == counts
    assert found(cached(known)) == (dict.fromkeys("ab", BATCH) if counts else {})


@pytest.mark.parametrize(
    ("files", "feature_code", "counts"),
    [
        ("traces", FEATURE_CODE, True),
        ("features", FEATURE_CODE, True),
        ("features", "0" * 16, False),
        ("features", "", False),
        (None, FEATURE_CODE, False),
    ],
)
def test_a_batch_counts_if_its_features_are_there_or_can_be_extracted(
    cached, simulate, files, feature_code, counts
):
    simulate(["a"], files=files)
    assert cached(feature_code=feature_code).is_usable(BATCH) == counts


def test_a_sound_point_comes_before_any_other(cached, simulate):
    first, second, third = ("00000000000000a1", "00000000000000a2", "00000000000000a3")
    simulate(["a", "b"], first, "timeout")
    simulate(["b", "c"], second)
    simulate(["c", "d"], third, "failed")
    assert found(cached()) == {"a": first, "b": second, "c": second, "d": third}
    assert found(cached(), ["timeout"]) == {"b": second, "c": second, "d": third}
    assert found(cached(), ["timeout", "failed"]) == {"b": second, "c": second}
    assert cached().statuses(first) == {"timeout"}


def test_files_of_others_are_not_looked_at(cached, simulate):
    simulate(["a"])
    folder = cached().outcomes(BATCH).parent
    (folder / "mine.parquet").write_text("no table")
    (folder / f".{BATCH}.parquet.17.part").write_text("no table")
    assert found(cached()) == {"a": BATCH}
