"""Morphologies that the tests share."""

import importlib.util
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data" / "morphologies"
SHARED = Path(__file__).parents[4] / "shared" / "morphologies"


@pytest.fixture
def branched_swc() -> bytes:
    return (DATA / "branched.swc").read_bytes()


@pytest.fixture
def branched_asc() -> bytes:
    return (DATA / "branched.asc").read_bytes()


@pytest.fixture
def real_cell():
    """Return the path of a real reconstruction that stands beside the checkout, or skip."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"the reconstruction {name} is not in ../shared/morphologies")
        return path

    return find


@pytest.fixture
def l5pc() -> Path:
    """Return the Neurolucida cell that BluePyOpt's wheel ships."""
    spec = importlib.util.find_spec("bluepyopt")
    assert spec and spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    return package / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"
