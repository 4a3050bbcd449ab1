"""Generated reactions are compiled once; each test in processes of its own, since rxd is global."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]

PROGRAM = """
    import hashlib, json, sys
    from pathlib import Path
    import numpy as np
    from dendroflow.kernel import reactions as rxd_cache
    from dendroflow.kernel.lanes import run_together
    from dendroflow.kernel.points import SolverSettings, Point
    from dendroflow.runs.loading import load_model

    model = load_model(Path(sys.argv[1]) / "config" / "models" / "calcium_buffer")
    from neuron.rxd import rxd

    own, calls = rxd._cxx_compile, []

    def counted(formula):
        calls.append(formula)
        return own(formula)

    {before}
    settings = SolverSettings(20.0, 0.025, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
    states = []
    for kf in (1e6, 2e6):
        result = run_together(model, [Point("p", {{"kf": kf}}, settings, 1, None)], {{}}, {{}})
        assert result.outcomes[0].status == "ok", result.outcomes[0].error
        samples = np.concatenate(result.traces["values"].to_pylist())
        states.append(hashlib.sha256(samples.tobytes()).hexdigest())
    print(json.dumps({{"states": states, "calls": len(calls), "shared": shared}}))
"""
UNCACHED = "rxd._cxx_compile = counted; shared = False"
CACHED = """shared = rxd_cache.share_compiled_reactions(Path("cache"))"""
BROKEN = """
    rxd_cache.FLAGS = ("--no-such-flag",)
    shared = rxd_cache.share_compiled_reactions(Path("cache"))
"""


def start(folder, before):
    code = textwrap.dedent(PROGRAM).format(before=textwrap.dedent(before))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(CHECKOUT)],
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT / "scripts"), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def uncached(tmp_path_factory):
    return finish(start(tmp_path_factory.mktemp("uncached"), UNCACHED))


def test_rxd_itself_calls_the_compiler_for_every_model(uncached):
    assert uncached["calls"] >= 2
    assert len(set(uncached["states"])) == 2


def test_one_compilation_serves_all_points_to_the_same_bits(uncached, tmp_path):
    found = finish(start(tmp_path, CACHED))
    assert found["shared"]
    assert found["states"] == uncached["states"]
    (library,) = (tmp_path / "cache").iterdir()
    written = library.stat().st_mtime_ns
    again = finish(start(tmp_path, CACHED))
    assert again["states"] == uncached["states"]
    assert [path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()] == [written]


def test_writers_at_the_same_time(uncached, tmp_path):
    processes = [start(tmp_path, CACHED) for _ in range(4)]
    assert all(finish(process)["states"] == uncached["states"] for process in processes)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".so"]


def test_a_compiler_that_refuses_our_flags_is_asked_in_rxds_way(uncached, tmp_path):
    found = finish(start(tmp_path, BROKEN))
    assert found["states"] == uncached["states"]
    assert not list((tmp_path / "cache").iterdir())
