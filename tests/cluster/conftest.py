"""A private SLURM for the tests of this folder, which `make test-cluster` runs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from private_slurm import PrivateSlurm, missing_programs
from workflow.workspace import CHECKOUT, Workspace

ASKED_FOR = "DENDROFLOW_TEST_CLUSTER"


class ClusterWorkspace(Workspace):
    """A project that runs on the cluster."""

    def command(self, *arguments: str, cores: int = 1) -> list[str]:
        """The command line of a local run, but for the profile and the number of cores."""
        command = super().command(*arguments, cores=cores)
        at = command.index("--cores")
        command[at : at + 2] = ["--slurm-init-seconds-before-status-checks", "1"]
        command[command.index("--workflow-profile") + 1] = str(CHECKOUT / "profiles" / "slurm")
        return command


@pytest.fixture(scope="session")
def slurm() -> Iterator[PrivateSlurm]:
    """Two nodes; environment variables lead to them."""
    if ASKED_FOR not in os.environ:
        pytest.skip("needs a SLURM of its own: `make test-cluster` installs it and runs this")
    if missing := missing_programs():
        pytest.skip(f"SLURM is not installed, there is no {', '.join(missing)}")
    with PrivateSlurm(CHECKOUT / ".slurm") as cluster, pytest.MonkeyPatch.context() as patch:
        for name in ("SLURM_CONF", "PATH"):
            patch.setenv(name, cluster.environment[name])
        yield cluster


@pytest.fixture
def nodes(slurm: PrivateSlurm) -> Iterator[PrivateSlurm]:
    """The cluster with both nodes up and no job; afterwards no job is left."""
    slurm.restore()
    yield slurm
    slurm.cancel()


@pytest.fixture
def on_cluster(nodes: PrivateSlurm, tmp_path: Path) -> Iterator[Callable[[Workspace], Workspace]]:
    """Copy a project, so that it runs on the cluster; what still runs afterwards is killed."""
    made: list[Workspace] = []

    def copy(original: Workspace) -> Workspace:
        original.copy_to(tmp_path / "cluster")
        made.append(ClusterWorkspace(tmp_path / "cluster"))
        return made[-1]

    yield copy
    for workspace in made:
        workspace.kill()
