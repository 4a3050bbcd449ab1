import shutil
import subprocess
import sys

import pytest
from synthetic import EVERY_KIND, data, figure

from dendroflow.figures import render

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="flags are those of Linux")
def test_shape_page_draws_itself_without_a_network(tmp_path):
    (declared,) = [figure(**keys) for keys in EVERY_KIND if keys["kind"] == "shape"]
    render(declared, data(), tmp_path)
    answer = subprocess.run(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-unsafe-swiftshader",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            (tmp_path / "shape.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert "The figure cannot be shown" not in answer.stdout.split("<script")[0]
    assert "js-plotly-plot" in answer.stdout
    assert 'class="main-svg"' in answer.stdout
    assert "<canvas" in answer.stdout
    assert "membrane potential (mV)" in answer.stdout
