"""Which line of a model sets what belongs to the experiment."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from dendroflow.kernel.globals import SettingChangedError, settings_of_neuron
from dendroflow.kernel.model import Model
from dendroflow.runs.loading import with_origins


def line_that_sets(setting: str, model: type[Model], run: Callable[[], Any]) -> str:
    """Run again, and see after which line a setting has changed.

    Parameters
    ----------
    setting
        one of `settings_of_neuron`.
    run
        builds and runs cells of `model`, until the change is noticed.

    Returns
    -------
    str
        such as `"config/models/cell/model.py: line 12: "`; empty if no line of Python does it.
    """
    file = getattr(sys.modules.get(model.__module__), "__file__", None)
    if file is None:
        return ""
    folder = str(Path(file).parent)
    before, last, found = None, "", ""

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal before, last, found
        if not frame.f_code.co_filename.startswith(folder):
            return None
        value = settings_of_neuron()[setting]
        if before is None:
            before = value
        if value != before and not found:
            found = last
        last = f"{frame.f_code.co_filename}: line {frame.f_lineno}: "
        return look

    tracer = sys.gettrace()
    sys.settrace(look)
    try:
        with suppress(SettingChangedError):
            run()
    finally:
        sys.settrace(tracer)
    return with_origins(found)
