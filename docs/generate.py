"""The generated pages: configuration reference, JSON schemas, and the tables of the database.

`python docs/generate.py --write` rewrites them; without it, the exit code is 1 if they differ from
what the code declares.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python

from dendroflow.analysis.names import PARTS, QUANTITIES, SOMA
from dendroflow.features.names import EFEL_UNITS, STATISTIC_UNITS, statistic_unit
from dendroflow.features.statistics import STATISTICS
from dendroflow.files import replacing
from dendroflow.quality.checks import CHECKS
from dendroflow.quality.names import THEME_OF
from dendroflow.settings import (
    audit,
    experiment,
    features,
    figures,
    morphologies,
    morphometry,
    optimise,
    project,
    quality,
    simulation,
    sweep,
)
from dendroflow.tables.database import TABLES

CHECKOUT = Path(__file__).parents[1]
MODULES = (
    *(audit, experiment, features, figures, morphologies, morphometry),
    *(optimise, project, quality, simulation, sweep),
)
CLASSES = {
    name: found
    for module in MODULES
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, BaseModel)
}
TABLES_BEGIN, TABLES_END = "<!-- tables: generated -->", "<!-- tables: end -->"
WORDS = {"integer": "whole number", "boolean": "true or false", "string": "text"}
SCALARS = ["true or false", "whole number", "number", "text"]
SIGNS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}


def pages(root: Path) -> dict[Path, str]:
    """The generated files and what they have to hold.

    Parameters
    ----------
    root
        The checkout; `docs/database.md` is read from it, since only a part of it is generated.

    Returns
    -------
    dict
        Path below `root` -> content.
    """
    database = Path("docs", "database.md")
    catalogue = dict[morphologies.MorphologyName, morphologies.MorphologySource]
    schemas = {
        "project": project.Project.model_json_schema(),
        "experiment": experiment.Experiment.model_json_schema(),
        "morphologies": TypeAdapter(catalogue).json_schema(),
        "quality": quality.Quality.model_json_schema(),
    }
    return {
        Path("docs", "configuration.md"): configuration_page(),
        database: _with_tables((root / database).read_text(encoding="utf-8")),
    } | {
        Path("config", "schemas", f"{name}.schema.json"): _schema_file(name, schema)
        for name, schema in schemas.items()
    }


def configuration_page() -> str:
    """The reference of all keys, in Markdown."""
    text = Path(__file__).with_name("configuration.md.jinja").read_text(encoding="utf-8")
    links = _headings(text)
    efel_names: dict[str, list[str]] = {}
    for name, unit in EFEL_UNITS.items():
        if name not in features.UNUSABLE:
            efel_names.setdefault(unit, []).append(name)
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    return environment.from_string(text).render(
        CLASSES,
        keys=lambda model, heading="": _keys(model, heading, links),
        listed=lambda names: " ".join(f"`{name}`" for name in names),
        opening=lambda text: " ".join(text.partition("\n\n")[0].split()),
        statistic_unit=statistic_unit,
        default_uses=quality.default_uses,
        efel_names=efel_names,
        UNUSABLE=features.UNUSABLE,
        STATISTICS=STATISTICS,
        CHECKS=CHECKS,
        THEME_OF=THEME_OF,
        PARTS=PARTS,
        SOMA=SOMA,
        QUANTITIES=QUANTITIES,
    )


def _headings(text: str) -> dict[str, str]:
    """Class -> the heading under which the template lists its keys."""
    found, section = {"Features": "features"}, ""
    for line in text.splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        for name, heading in re.findall(r'keys\((\w+)(?:, "(.+)")?\)', line):
            found[name] = heading or section
    return found


def _keys(model: type[BaseModel], heading: str, links: Mapping[str, str]) -> str:
    """The table of the keys of a class, below its heading and what it is."""
    properties = model.model_json_schema()["properties"]
    if figures.AnyFigure in model.__mro__[1:]:
        # The keys that figures of all kinds have are listed once.
        properties = {
            k: v for k, v in properties.items() if k not in figures.AnyFigure.model_fields
        }
    rows = []
    for key in sorted(properties, key=lambda key: key != "kind"):
        field = model.model_fields[key]
        default = "required"
        if not field.is_required():
            default = _default(field.get_default(call_default_factory=True))
        rows.append((f"`{key}`", _type(properties[key], links), default, field.description or ""))
    text = " ".join((model.__doc__ or "").split())
    opening = f"### {heading}\n\n{text}\n\n" if heading else ""
    return opening + _table(("key", "type", "default", "meaning"), rows)


def _default(value: Any) -> str:
    if isinstance(value, BaseModel) or value == quality.default_uses():
        return "its defaults"
    if value == tuple(CHECKS):
        return "all"
    return f"`{json.dumps(to_jsonable_python(value), ensure_ascii=False)}`"


def _type(schema: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """The type of a value in words, from its JSON schema, with bounds; null is left out."""
    if "$ref" in schema:
        heading = links[schema["$ref"].rpartition("/")[2]]
        return f"[{heading}](#{heading.lower().replace(' ', '-')})"
    if "enum" in schema or "const" in schema:
        return _choice(schema.get("enum") or [schema["const"]])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        names = dict.fromkeys(_type(o, links) for o in options if o.get("type") != "null")
        return _or(list(names))
    if schema.get("type") == "array":
        items = [_type(item, links) for item in schema.get("prefixItems", [])]
        return f"[{', '.join(items or [_type(schema['items'], links), '...'])}]"
    if schema.get("type") == "object":
        inner = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        key = "path" if "patternProperties" in schema else "name"
        return f"{{{key}: {_type(inner[0], links) if isinstance(inner[0], dict) else 'value'}}}"
    limits = [f"{sign} {schema[key]:,.15g}" for key, sign in SIGNS.items() if key in schema]
    return f"{WORDS.get(schema['type'], schema['type'])} {', '.join(limits)}".strip()


def _choice(values: list[str]) -> str:
    if set(values) <= EFEL_UNITS.keys():
        return "[eFEL feature](#efel-features)"
    if set(values) == STATISTIC_UNITS.keys():
        return "[statistic](#statistics)"
    if set(values) == CHECKS.keys():
        return "[check](#checks)"
    return _or([f"`{value}`" for value in values])


def _or(names: list[str]) -> str:
    """`a, b or c`; what may be any scalar is called a value."""
    if names[: len(SCALARS)] == SCALARS:
        names = ["value", *names[len(SCALARS) :]]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _with_tables(page: str) -> str:
    """`page` with the tables of the database between its two marks."""
    before, _, rest = page.partition(TABLES_BEGIN)
    _, _, after = rest.partition(TABLES_END)
    tables = "\n".join(
        f"### {name}\n\n"
        + _table(("column", "meaning"), ((f"`{column}`", text) for column, text in columns.items()))
        + "\n"
        for name, columns in TABLES.items()
    )
    return f"{before}{TABLES_BEGIN}\n\n{tables}\n{TABLES_END}{after}"


def _schema_file(name: str, schema: Mapping[str, Any]) -> str:
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"dendroflow: {name}",
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str], root: Path = CHECKOUT) -> int:
    """Compare the generated files with what they have to hold, or write them.

    Returns
    -------
    int
        1 if files differ and are not written, else 0.
    """
    parser = argparse.ArgumentParser(prog="python docs/generate.py", description=__doc__)
    parser.add_argument("--write", action="store_true", help="rewrite the files that differ")
    write = parser.parse_args(arguments).write
    differing = False
    for path, content in pages(root).items():
        file = root / path
        current = file.read_text(encoding="utf-8") if file.exists() else ""
        if current == content:
            continue
        if write:
            with replacing(file) as temporary:
                temporary.write_text(content, encoding="utf-8")
            print(f"{path}: written")
            continue
        differing = True
        lines = difflib.unified_diff(
            current.splitlines(), content.splitlines(), str(path), "generated", lineterm="", n=0
        )
        print(f"{path}: differs; `make docs` rewrites it", *list(lines)[:10], sep="\n")
    return int(differing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
