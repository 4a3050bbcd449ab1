"""Pages in a real browser: what the document is after its scripts have run."""

import re
import shutil
import subprocess
import sys

import pytest

CHROMIUM = shutil.which("chromium")
# Each way in which a text could be taken for a part of the page marks the page's root.
MARK = "document.documentElement.dataset.hit=1"
HOSTILE = (
    f"</script><script>{MARK}</script>\"'><img src=x onerror='{MARK}'>"
    f"<a href='javascript:{MARK}'>{{{{ 7*7 }}}}</a> $x^{{$ &lt;"
)
# Keeps an interactive page until it is drawn. The browser's clock jumps over what it waits for;
# messages that the page sends to itself give the machine time beside it.
WAITING = """<script>
const root = document.documentElement.dataset;
const message = () => new Promise((done) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = done;
  channel.port2.postMessage(0);
});
const until = async (done) => {
  for (let k = 0; k < 2000 && !done(); k++) {
    for (let i = 0; i < 300; i++) await message();
    await new Promise((later) => setTimeout(later, 10));
  }
};
until(() => root.drawn);
</script>"""

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or not sys.platform.startswith("linux"),
    reason="chromium on Linux is not installed",
)


def chromium(folder, *arguments, milliseconds=20_000):
    """Run the browser without a network, for so long by its own clock; returns what it prints.

    `folder` is for the browser's profile.
    """
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
            f"--user-data-dir={folder / 'profile'}",
            f"--virtual-time-budget={milliseconds}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout


def document(page, folder, milliseconds=20_000):
    """Return the document of a page as HTML."""
    return chromium(folder, "--dump-dom", page.as_uri(), milliseconds=milliseconds)


def is_hit(dom):
    """Whether a hostile text has run in the page."""
    return re.search(r"<html[^>]*\bdata-hit=", dom) is not None
