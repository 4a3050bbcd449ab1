"""eFEL without the library by which it reads files, which takes longer to import than all the rest.

What the package needs of eFEL is imported from here.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


def _import_efel_without(name: str) -> None:
    """Import eFEL, and what it imports under a name as soon as it uses something of it."""
    if name in sys.modules or "efel" in sys.modules:
        return

    def of_the_real_one(attribute: str) -> Any:
        return getattr(importlib.import_module(name), attribute)

    stand_in = ModuleType(name)
    stand_in.__getattr__ = of_the_real_one  # type: ignore[method-assign]
    sys.modules[name] = stand_in
    try:
        importlib.import_module("efel")
    finally:
        del sys.modules[name]


_import_efel_without("neo")

import efel  # noqa: E402
from efel import cppcore, pyfeatures  # noqa: E402
from efel.api import get_py_feature  # noqa: E402
from efel.pyfeatures.cppfeature_access import get_cpp_feature  # noqa: E402

__all__ = ["cppcore", "efel", "get_cpp_feature", "get_py_feature", "pyfeatures"]
