"""`config/ca1.yaml` against a loopback server that serves the real cell as NeuroMorpho.Org does."""

import json
import sqlite3
from contextlib import closing

import pytest
from neuromorpho_server import NeuroMorphoServer
from running import CHECKOUT, snakemake

CELL = CHECKOUT.parent / "shared" / "morphologies" / "c91662.CNG.swc"

pytestmark = pytest.mark.skipif(not CELL.exists(), reason=f"{CELL.name} is not beside the checkout")


def run_ca1(folder, address, *targets):
    service = json.dumps({"address": address, "retries": 1, "backoff_s": 0.01, "timeout_s": 2})
    return snakemake(folder, "ca1.yaml", "--config", f"neuromorpho={service}", "--", *targets)


def test_exercise_3_on_the_cell_that_it_names(tmp_path):
    with NeuroMorphoServer({"c91662": ("Amaral", CELL.read_bytes())}) as server:
        server.fault = "html"
        refused = run_ca1(tmp_path, server.address, "morphologies")
        assert refused.returncode != 0
        assert "morphology 'c91662'" in refused.stdout
        assert "Traceback" not in refused.stdout
        assert not list(tmp_path.glob("results/morphologies/**/*.swc"))

        server.fault = ""
        run = run_ca1(tmp_path, server.address, "database", "figures")
        assert run.returncode == 0, run.stdout
    with closing(sqlite3.connect(tmp_path / "results" / "dendroflow.sqlite")) as database:
        spikes = dict(database.execute("SELECT amplitude, spike_count FROM ca1_spike"))
        cited, metadata = database.execute(
            "SELECT citations, metadata FROM morphologies WHERE morphology = 'c91662'"
        ).fetchone()
        (pin,) = database.execute(
            "SELECT DISTINCT value FROM ca1_spike JOIN provenance USING (batch) "
            "WHERE key = 'morphology c91662'"
        ).fetchone()
    assert pin == "11727a7f2f091ccb97aad8dfe6062418bb8e9ae9425e0b58e01aab51cc606f0e"
    assert spikes[0.5] == 0
    assert spikes[2.0] == 1
    assert "RRID:SCR_002145" in cited
    assert "10.1096/fba.2024-00048" in cited
    assert len(cited.splitlines()) >= 3
    assert json.loads(metadata)["record"]["archive"] == "Amaral"
    assert (tmp_path / "results/figures/ca1_spike/mid-spike.html").exists()

    # The cell is kept: no network is needed any more.
    again = run_ca1(tmp_path, "http://127.0.0.1:9", "database", "figures")
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout
