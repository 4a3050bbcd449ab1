"""A room of the library imports only what lies below it."""

import ast
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "scripts" / "dendroflow"

FLOORS = [
    {"errors", "files", "__init__"},
    {"settings", "provenance"},
    {"tables", "mechanisms"},
    {"kernel"},
    {"model", "morphology"},
    {"design", "features"},
    {"runs"},
    {"plan", "figures"},
    {"analysis", "quality"},
    {"jobs", "reference"},
    {"commands"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Settings and stores are looked up by many; these few may be used from anywhere above.
HEAVY = {"seaborn", "matplotlib", "SALib", "bluepyopt", "plotly"}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
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
            if package != "dendroflow" or not rest:
                continue
            other = rest.split(".")[0]
            if other != _room(path) and LEVEL[other] >= LEVEL[_room(path)]:
                wrong.append(f"{path.relative_to(LIBRARY)} imports {name}")
    assert not wrong


def test_files_and_their_ideas_stay_small():
    long = [path.name for path in LIBRARY.rglob("*.py") if len(path.read_text().splitlines()) > 500]
    assert not long
