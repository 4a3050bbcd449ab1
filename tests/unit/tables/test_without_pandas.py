"""Arrow without pandas: in a process of its own, since it asks but once."""

import subprocess
import sys

import pytest
from running import CHECKOUT

BEFORE = f"import sys; sys.path.insert(0, {str(CHECKOUT / 'scripts')!r})\n"
LEAVE = "from dendroflow.tables.tables import leave_pandas_out; leave_pandas_out()\n"
CONVERT = "import pyarrow as pa; assert pa.array(['a', None]).null_count == 1\n"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(LEAVE + CONVERT + "assert 'pandas' not in sys.modules", id="left out"),
        pytest.param(
            CONVERT + "assert 'pandas' in sys.modules", id="otherwise Arrow imports it by itself"
        ),
        pytest.param(
            LEAVE + CONVERT + "import pandas as pd; frame = pd.DataFrame({'a': ['x', None]})\n"
            "assert pa.Table.from_pandas(frame)['a'].to_pylist() == ['x', None]\n"
            "assert pa.table({'a': [1]}).to_pandas().equals(pd.DataFrame({'a': [1]}))",
            id="there for those who ask for it",
        ),
        pytest.param(
            "import pandas as pd\n" + LEAVE + CONVERT + "import pyarrow as pa\n"
            "assert pa.array(pd.Series(['x', None])).null_count == 1",
            id="not left out if it is there",
        ),
    ],
)
def test_in_a_process_of_its_own(code):
    subprocess.run([sys.executable, "-c", BEFORE + code], check=True, timeout=60)


@pytest.mark.parametrize(
    "modules",
    [
        "dendroflow.jobs.tables, dendroflow.tables.gathering",
        "dendroflow.tables.contents, dendroflow.tables.database",
        "dendroflow.jobs.configured",
        "dendroflow.jobs.simulation",
    ],
)
def test_jobs_that_need_no_pandas_do_not_import_it(modules):
    code = f"import {modules}; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", BEFORE + code], check=True, timeout=60)
