"""What names samples and features: all that decides them, and nothing else."""

import ast
import dataclasses
import shutil
from pathlib import Path

import pytest

from dendroflow.errors import ModelError
from dendroflow.plan.code import LIBRARY, code_digest, digest_of_python
from dendroflow.plan.codes import FeatureContent, simulation_content
from dendroflow.plan.models import names_of
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import Features

MODEL = Path(__file__).parents[3] / "config" / "models" / "squid_soma"
FEATURES = Features.model_validate({"signal": "v", "statistics": ["maximum"]})
FILES = sorted(path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py"))

CODE = '''
"""A module."""

def area(d):
    """Area (µm²)."""
    return 3.14 * d * d  # of a sphere
'''


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# of a sphere", ""),
        CODE.replace('"""Area (µm²)."""', '"""Surface."""'),
        CODE.replace('    """Area (µm²)."""\n', ""),
        CODE.replace('"""A module."""', "# nothing"),
        CODE.replace("3.14 * d * d", "(3.14 *\n            d * d)"),
        CODE.encode(),
        b"\xef\xbb\xbf" + CODE.encode(),
        ("# -*- coding: latin-1 -*-\n" + CODE.replace("µ", "")).encode("latin-1"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(same):
    assert digest_of_python(same) == digest_of_python(CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("3.14", "3.15"),
        CODE.replace("d * d", "d + d"),
        CODE.replace("area", "surface"),
        CODE + "\narea(1)\n",
        CODE + "\nraise ValueError('no')\n",
    ],
)
def test_what_code_does_counts(other):
    assert digest_of_python(other) != digest_of_python(CODE)


WORDS = "def f(x):\n    {}\n"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("raise ValueError('no')", "raise ValueError('not so')", True),
        ("raise ValueError(f'{x} is not')", "raise ValueError('no ' + 'such')", False),
        ("raise ValueError(f'{x} is not')", "raise ValueError(f'{x!r} is none')", True),
        ("logger.info('%d points', 3)", "logger.info('%d of them', 3)", True),
        ("logger.info('%d points', 3)", "logger.info('%d points', 4)", False),
        ("x.end(ModelError('no'))", "x.end(ModelError('not so'))", True),
        ("return note('no')", "return note('not so')", False),
        ("return x['no']", "return x['not so']", False),
        ("raise ValueError(7)", "raise ValueError(8)", False),
    ],
)
def test_words_of_errors_and_log_messages_do_not_count_where_asked(one, other, same):
    one, other = WORDS.format(one), WORDS.format(other)
    assert (digest_of_python(one, words=False) == digest_of_python(other, words=False)) == same
    # A user's model may read what it raises.
    assert digest_of_python(one) != digest_of_python(other)


@pytest.mark.parametrize(
    "code", ["x = 1\ndef", b'x = 1\ny = "\xb5"', b"# -*- coding: none -*-\nx = 1", "x\0"]
)
def test_code_that_does_not_parse_is_named(code):
    with pytest.raises(ModelError, match=r"model\.py: (line \d: )?SyntaxError: ") as refused:
        digest_of_python(code, "model.py")
    assert "\n" not in str(refused.value)


SETTINGS = Experiment.model_validate(
    {
        "title": "any",
        "model": "squid_soma",
        "simulation": {"duration": 1},
        "sweep": {"list": [{"parameters.gnabar": 0.1}]},
        "features": {"signal": "soma_v", "statistics": ["maximum"]},
    }
)


def simulation_code(library):
    """The code of a model with the kernel of another library."""
    content = simulation_content(names_of(MODEL), SETTINGS)
    assert content.kernel == code_digest("kernel")
    code_digest.cache_clear()
    return dataclasses.replace(content, kernel=code_digest("kernel", library=library)).code


def feature_code(library):
    """The code of features with those of another library."""
    content = FeatureContent(FEATURES.model_dump(mode="json"))
    assert content.library == code_digest("features")
    code_digest.cache_clear()
    return dataclasses.replace(content, library=code_digest("features", library=library)).code


CODES = {"kernel": simulation_code, "features": feature_code}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A copy of the library, which tests change and put right again."""
    copy = tmp_path_factory.mktemp("copied") / "dendroflow"
    shutil.copytree(LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def edit(library):
    """Edit a file of the copy for the time of a test."""
    changed = {}

    def edit_file(name, change):
        path = library / name
        before = changed.setdefault(path, path.read_bytes())
        path.write_text(change(before.decode()), encoding="utf-8")

    yield edit_file
    for path, before in changed.items():
        path.write_bytes(before)


def told(tree):
    """The parts of a tree that say something to somebody: errors and log messages."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise():
                yield node
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name))):
                if name == "logger" or name.endswith("Error"):
                    yield node


def literal(text):
    """A number, or a short text that nobody is told."""
    tree = ast.parse(text)
    others = [n for n in ast.walk(tree) if isinstance(n, ast.JoinedStr | ast.Expr)]
    left_out = {id(below) for node in [*told(tree), *others] for below in ast.walk(node)}
    short = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and id(node) not in left_out
        and type(node.value) in (int, float, str)
        and node.end_lineno == node.lineno
        and node.end_col_offset - node.col_offset < 20
    )
    return next(short, None)


def with_another_literal(text):
    """The code with one literal changed, or with a statement more if it has none."""
    node = literal(text)
    if node is None:
        return f"{text}\nANSWER = 42\n"
    other = node.value + ("x" if isinstance(node.value, str) else 1)
    lines = text.encode().splitlines(keepends=True)
    line = lines[node.lineno - 1]
    lines[node.lineno - 1] = (
        line[: node.col_offset] + repr(other).encode() + line[node.end_col_offset :]
    )
    return b"".join(lines).decode()


def with_other_words(text):
    """The code with other words in docstrings and messages, and without comments and layout."""
    tree = ast.parse(text)
    docstrings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)]
    said = [below for node in told(tree) for below in ast.walk(node)]
    for node in docstrings + said:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "Something else."
    return ast.unparse(tree)


@pytest.mark.parametrize("room", CODES)
def test_whatever_lies_in_the_room_counts_whatever_it_says_does_not(room, library, edit):
    code = CODES[room]
    before, files = code(library), [name for name in FILES if name.startswith(f"{room}/")]
    assert len(files) > 5
    codes = []
    for name in files:
        edit(name, with_another_literal)
        codes.append(code(library))
        edit(name, with_other_words)
        assert code(library) == before, name
        edit(name, lambda text: text)
    # Each edit gives a code of its own.
    assert len({before, *codes}) == 1 + len(files)


@pytest.mark.parametrize("room", CODES)
def test_a_file_more_and_a_file_of_another_name_count(room, library):
    before = CODES[room](library)
    new = library / room / "new.py"
    new.write_text("", encoding="utf-8")
    more = CODES[room](library)
    new.rename(new.with_name("newer.py"))
    renamed = CODES[room](library)
    new.with_name("newer.py").unlink()
    assert len({before, more, renamed}) == 3
    assert CODES[room](library) == before


@pytest.mark.parametrize("room", CODES)
def test_nothing_outside_of_the_room_counts(room, library, edit):
    code = CODES[room]
    before, others = code(library), {name.partition("/")[0] for name in FILES} - {room}
    assert len(others) > 15
    for other in sorted(others):
        for name in FILES:
            if name.partition("/")[0] == other:
                edit(name, lambda text: with_another_literal(text) + "\nANSWER = 42\n")
        assert code(library) == before, other


def test_what_else_names_a_simulation():
    content = simulation_content(names_of(MODEL), SETTINGS)
    others = {
        "model": "other",
        "model_code": "0" * 16,
        "mechanisms": "0" * 16,
        "kernel": "0" * 16,
        "neuron": "8.2",
        "machine": "other",
        "engine": "coreneuron",
        "plausible": {"mV": (-100.0, 200.0)},
        "record": {"w": {"at": "soma", "variable": "v", "stimulus": None, "unit": "mV"}},
        "feature_code": "0" * 16,
    }
    assert set(others) == {field.name for field in dataclasses.fields(content)}
    codes = {dataclasses.replace(content, **{key: value}).code for key, value in others.items()}
    assert len(codes | {content.code}) == 1 + len(others)


def test_feature_code_follows_the_declared_features():
    block = {"signal": "v", "statistics": ["maximum"]}
    codes = {
        FeatureContent(Features.model_validate(block | changed).model_dump(mode="json")).code
        for changed in ({}, {"statistics": ["minimum"]}, {"window": [0, 5]}, {"prefix": "x"})
    }
    assert len(codes) == 4
