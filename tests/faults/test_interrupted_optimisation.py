"""An optimisation that is killed: no process left, nothing half-written, and the next run goes on
where it was, to the same history that a run on more cores gets without an interruption."""

import os
import signal
from pathlib import Path

from workflow.small_experiments import FITTED
from workflow.workspace import Workspace, wait_until

# So that there is a time to kill it.
SLOWLY = "import time\n\n        time.sleep(0.01)\n        self.soma = h.Section"
OPTIMISE = FITTED["optimise"] | {"offspring": 12, "generations": 6}


def slow(workspace: Workspace) -> Workspace:
    source = workspace.model("squid_soma").read_text()
    assert "self.soma = h.Section" in source
    slowed = source.replace("self.soma = h.Section", SLOWLY)
    workspace.write("models/slow_soma/model.py", slowed)
    workspace.project("fitted")
    return workspace.experiment("fitted", FITTED, model="slow_soma", optimise=OPTIMISE)


def only(workspace: Workspace, name: str) -> Path:
    (path,) = workspace.results.glob(f"fitted/*/optimisation/*/{name}")
    return path


def test_a_search_that_is_killed_goes_on_to_the_same_result(new_workspace):
    killed = slow(new_workspace())
    try:
        process = killed.start("features", cores=1)
        pattern = "fitted/*/optimisation/*/generation-000003.parquet"
        wait_until(lambda: list(killed.results.glob(pattern)), "three generations are kept")
        job, _ = killed.job_and_workers("optimise.py")
        os.kill(job, signal.SIGKILL)
        assert process.wait(60) != 0
    finally:
        killed.kill()
    wait_until(lambda: not killed.processes(), "no process is left", 20)
    assert killed.unfinished_files() == []
    assert not list(killed.results.glob("fitted/*/optimisation/*/history-*"))
    kept = {path: path.stat().st_mtime_ns for path in killed.results.glob(pattern[:-14] + "*")}
    assert 4 <= len(kept) < 7  # the reference, and some of six generations

    run = killed.run("features", cores=1).succeeded()
    assert run.jobs["optimise"] == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    (log,) = killed.results.glob("logs/optimise/*.log")
    assert log.read_text().count(": 0 points simulated") == len(kept) - 1

    whole = slow(new_workspace())
    history = only(killed, "history-6.parquet").relative_to(killed.folder)
    whole.run(str(history), cores=2).succeeded()
    assert (whole.folder / history).read_bytes() == (killed.folder / history).read_bytes()
    points = killed.table("fitted/features.parquet")
    assert points.column("status").to_pylist() == ["ok", "ok"]
