"""What pydantic finds wrong with settings, in plain English: one line that begins with the key."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dendroflow.errors import printable
from dendroflow.settings.base import SPELLING, WrongKeyError, nearest, shown

LONGEST_MESSAGE = 1000

# What is expected, by the first word of the name of pydantic's error, or by the type in a schema.
EXPECTED = {
    "string": "text",
    "float": "a number",
    "number": "a number",
    "finite": "a finite number",
    "int": "a whole number",
    "integer": "a whole number",
    "bool": "true or false",
    "boolean": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "mapping": "a mapping of keys to values",
    "model": "a mapping of keys to values",
}


def first_problem(
    error: ValidationError,
    content: Any = None,
    line_of: Callable[[Sequence[str]], int] | None = None,
) -> str:
    """The first problem of a validation error as `key: message`, and how many more there are.

    Parameters
    ----------
    content
        what was parsed, which tells its keys from pydantic's names of what it tried.
    line_of
        keys that lead to a place -> the line on which it stands in the file.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    keys, message = _keys(first["loc"], content), _message(first)
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, WrongKeyError):
        keys.append(cause.key)
    elif first["type"] == "missing" and keys[-1:] != [str(first["loc"][-1])]:
        keys.append(str(first["loc"][-1]))
    elif first["type"].startswith("union_tag"):
        keys.append(first["ctx"]["discriminator"].strip("'"))
    more = f" (line {line_of(keys)})" if line_of else ""
    more += f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    line = printable(f"{'.'.join(keys)}: {message}"[: 2 * LONGEST_MESSAGE].removeprefix(": "))
    return (line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]} …") + more


def _keys(location: tuple[int | str, ...], content: Any) -> list[str]:
    """The keys that lead to a place, as the file has them."""
    if content is None:
        return [str(part) for part in location if not str(part).startswith("function-")]
    found = []
    for part in location:
        listed = isinstance(content, list | tuple) and part in range(len(content))
        if listed or (isinstance(content, Mapping) and part in content):
            found.append(str(part))
            content = content[part]
    return found


def _message(problem: Any) -> str:
    """What is wrong, what was given, and what is expected."""
    kind, given, said = problem["type"], problem["input"], problem.get("ctx", {})
    noun = EXPECTED.get(kind.partition("_")[0])
    match kind:
        case "value_error":
            text = str(problem["msg"]).removeprefix("Value error, ")
        case "morphology_source":
            has = ", ".join(map(str, given)) if isinstance(given, Mapping) else shown(given)
            text = f"{problem['msg']}; has {has or 'none'}"
        case "union_tag_not_found":
            text = f"is required, and missing beside {', '.join(map(str, given)) or 'nothing'}"
        case "missing" | "string_too_short":
            text = "is required, and missing" if kind == "missing" else "is empty"
        case "string_too_long":
            text = f"{shown(given)} is longer than {said['max_length']} characters"
        case "string_pattern_mismatch":
            text = f"{shown(given)} is not {SPELLING.get(said['pattern'], 'spelled as it must be')}"
        case "too_short":
            text = f"needs at least {said['min_length']}, has {said['actual_length']}"
        case "too_long":
            text = f"takes at most {said['max_length']}, has {said['actual_length']}"
        case "literal_error" | "union_tag_invalid":
            choice = re.findall(r"'([^']*)'", said.get("expected") or said["expected_tags"])
            value = said.get("tag", given)
            text = f"{shown(value)} is unknown{nearest(str(value), choice)}"
        case _ if noun is None or kind == "int_parsing_size":
            text = f"{problem['msg'].replace('Input should be', 'must be')}, not {shown(given)}"
        case _:
            text = mismatch(given, noun)
    return text


def mismatch(given: Any, noun: str) -> str:
    """Say that a value is not what is expected."""
    if given is None:
        return f"is empty, and must be {noun}"
    quote = noun == "text" and not isinstance(given, list | tuple | Mapping)
    return f"{shown(given)} is not {noun}{': quote it' * quote}"
