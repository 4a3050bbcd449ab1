"""Holds a process still just before a file gets its name, so that a test can do harm just then.

Python imports it at its start if it is on its path. The process goes on when `PAUSED` is removed.
"""

import os
import time
from pathlib import Path

if pattern := os.environ.get("PAUSE_BEFORE"):
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if Path(target).match(pattern):
            flag = Path(os.environ["PAUSED"])
            flag.with_suffix(".new").write_text(f"{os.getpid()} {target}")
            rename(flag.with_suffix(".new"), flag)
            while flag.exists():
                time.sleep(0.01)
        return rename(self, target)

    Path.replace = replace
