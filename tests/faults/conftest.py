"""A project that has gone through every stage, made once."""

import pytest
from whole_project import whole_project
from workflow.workspace import Workspace


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = whole_project(Workspace(tmp_path_factory.mktemp("whole")))
    workspace.run(cores=2).succeeded()
    return workspace
