"""What all tests share: repeatable property tests, small projects, and a checkout left clean."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from workflow.workspace import Workspace

CHECKOUT = Path(__file__).parents[1]

# Property tests draw the same examples in every run, however slow the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
# A shell makes what it starts in the background deaf to Ctrl-C, and runs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Under nohup the tests stay deaf to a hang-up; what they start must not be: a handler ends there.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


def _what_a_run_might_leave() -> set[Path]:
    """Names beside the Snakefile and under config, without those of tools for developers."""
    top = {path for path in CHECKOUT.iterdir() if path.name == ".snakemake" or path.name[0] != "."}
    below = {path for path in (CHECKOUT / "config").rglob("*") if "__pycache__" not in path.parts}
    return top | below


@pytest.fixture(autouse=True, scope="session")
def _checkout_stays_clean() -> Iterator[None]:
    before = _what_a_run_might_leave()
    yield
    left = sorted(str(path) for path in _what_a_run_might_leave() - before)
    assert not left, f"tests left files in the checkout: {left}"


@pytest.fixture(autouse=True, scope="module")
def _neuron_as_it_starts() -> None:
    """A module that simulates in this process finds NEURON as it starts, whatever ran before."""
    if "neuron" in sys.modules:
        h = sys.modules["neuron"].h
        h.secondorder, h.celsius, h.dt = 0, 6.3, 0.025
        h.CVode().active(0)
        h.usetable_hh = 1


@pytest.fixture(scope="module")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workspace]:
    """Make empty projects, each in a folder of its own."""
    return lambda: Workspace(tmp_path_factory.mktemp("project"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty project."""
    return Workspace(tmp_path / "project")


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Workspace], Workspace]:
    """Copy a project with its results, so that a test can go on from there."""
    return lambda original: original.copy_to(tmp_path / "copy")
