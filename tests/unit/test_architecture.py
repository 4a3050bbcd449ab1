"""A room of the library imports only what lies below it."""

import ast
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "scripts" / "dendroflow"

FLOORS = [
    {"__init__", "errors", "layout"},
    {"files"},
    {"settings", "provenance"},
    {"vector"},
    {"tables", "mechanisms"},
    {"kernel"},
    {"model", "morphology"},
    {"design", "features"},
    {"runs"},
    {"plan", "figures"},
    {"analysis", "quality", "report"},
    {"jobs"},
    {"commands"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Rooms whose `names.py` may be imported from anywhere: settings check names that they define.
NAMING = {"analysis", "features", "quality"}


def _imports(path):
    """Names of modules; a function's imports are no way around the floors, either."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dendroflow":
            yield from (f"dendroflow.{alias.name}" for alias in node.names if alias.name in LEVEL)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _room(path):
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def test_every_room_has_a_floor():
    assert {_room(path) for path in LIBRARY.rglob("*.py")} == set(LEVEL)


def test_rooms_import_only_what_lies_below():
    wrong = []
    for path in LIBRARY.rglob("*.py"):
        for name in _imports(path):
            package, _, rest = name.partition(".")
            if package == "snakemake":
                wrong.append(f"{path.name} imports {name}")
            # What the package offers to notebooks lies on the highest floor.
            if package != "dendroflow" or not rest or _room(path) == "__init__":
                continue
            other, _, module = rest.partition(".")
            if other == _room(path) or (other in NAMING and module == "names"):
                continue
            if LEVEL[other] >= LEVEL[_room(path)]:
                wrong.append(f"{path.relative_to(LIBRARY)} imports {name}")
    assert not wrong


@pytest.mark.parametrize("room", sorted(NAMING))
def test_names_that_all_rooms_may_import_stand_alone(room):
    path = LIBRARY / room / "names.py"
    assert {name.partition(".")[0] for name in _imports(path)} <= sys.stdlib_module_names
    assert not list(_imports(path.with_name("__init__.py")))


def test_files_and_their_ideas_stay_small():
    long = [path.name for path in LIBRARY.rglob("*.py") if len(path.read_text().splitlines()) > 500]
    assert not long


def test_the_kernel_stays_small():
    """Whatever lies in it simulates all anew when it changes."""
    lines = [line for path in (LIBRARY / "kernel").glob("*.py") for line in path.open()]
    assert len(lines) < 2000
    said = ast.get_docstring(ast.parse((LIBRARY / "kernel/__init__.py").read_text()))
    assert len(said.splitlines()) <= 10
    rooms = {path.stem for path in (LIBRARY / "kernel").glob("*.py")} - {"__init__"}
    assert [room for room in sorted(rooms) if f"`{room}`" not in said] == []
