"""exp, log and pow of mechanisms on the vector unit, against forty digits."""

import ctypes
import math
import subprocess

import mpmath
import numpy as np
import pytest

from dendroflow.vector import FLAGS, HEADER, REPORT, WIDEST, targets_of_machine

TARGETS = [target for target in targets_of_machine() if target.march]
pytestmark = pytest.mark.skipif(not TARGETS, reason="this processor has no AVX2 and FMA")
CODE = """
#define LOOP(name, expression) \\
    extern "C" void name(const double* x, double* y, int n) { \\
        for (int i = 0; i < n; ++i) { y[i] = expression; } \\
    }
LOOP(exps, exp(x[i]))
LOOP(logs, log(x[i]))
LOOP(q10, pow(3.0, (x[i] - 6.3) / 10))
LOOP(fourth, pow(x[i], 4.0))
LOOP(inverse, pow(x[i], -2.0))
LOOP(general, pow(x[i], 0.37))
LOOP(qualified, std::exp(x[i]))
"""


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.march)
def built(request, tmp_path_factory):
    """The functions, and what the compiler said."""
    return build(request.param, tmp_path_factory.mktemp("functions"))


def build(target, folder):
    (folder / "functions.cpp").write_text(CODE, encoding="utf-8")
    flags = [*FLAGS, f"-march={target.march}", *WIDEST.get(target.march, ())]
    command = ["g++", *flags, REPORT, "-include", str(HEADER)]
    library = folder / "functions.so"
    said = subprocess.run(
        [*command, "-shared", "-fPIC", str(folder / "functions.cpp"), "-o", str(library)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded = ctypes.CDLL(str(library))

    def call(name, x):
        x = np.ascontiguousarray(x, dtype=float)
        y = np.empty_like(x)
        pointer = ctypes.POINTER(ctypes.c_double)
        getattr(loaded, name)(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), len(x))
        return y

    return call, said.stderr


def worst(found, expected):
    """Largest error in units of the last place of what is right."""
    errors = [
        abs(mpmath.mpf(float(one)) - right) / mpmath.mpf(math.ulp(abs(float(right))))
        for one, right in zip(found, expected, strict=True)
    ]
    return float(max(errors))


@pytest.mark.parametrize("span", [708.0, 50.0, 1.0, 1e-3])
def test_exp_is_right_to_the_last_place(built, span):
    x = np.random.default_rng(1).uniform(-span, span, 10_000)
    with mpmath.workdps(40):
        assert worst(built[0]("exps", x), [mpmath.exp(mpmath.mpf(v)) for v in x]) < 0.9


@pytest.mark.parametrize("decades", [300.0, 3.0, 0.05])
def test_log_is_right_to_the_last_place(built, decades):
    x = 10 ** np.random.default_rng(1).uniform(-decades, decades, 10_000)
    with mpmath.workdps(40):
        assert worst(built[0]("logs", x), [mpmath.log(mpmath.mpf(v)) for v in x]) < 0.9


def test_powers_are_right(built):
    call, random = built[0], np.random.default_rng(1)
    x = random.uniform(0.01, 2, 10_000)
    with mpmath.workdps(40):
        for name, exponent, most in (("fourth", 4, 2), ("inverse", -2, 2), ("general", 0.37, 0.6)):
            right = [mpmath.mpf(v) ** mpmath.mpf(exponent) for v in x]
            assert worst(call(name, x), right) < most, name
        # 6 to 40 °C: the error grows with the logarithm of what comes out.
        x = random.uniform(6, 40, 10_000)
        right = [mpmath.mpf(3) ** ((mpmath.mpf(v) - mpmath.mpf(6.3)) / 10) for v in x]
        assert worst(call("q10", x), right) < 10


def test_what_lies_beyond_the_range_stays_finite_or_is_what_c_gives(built):
    edges = [0.0, -np.inf, np.inf, 1000.0, -1000.0]
    found = built[0]("exps", edges)
    assert found[0] == 1
    assert found[1] == found[4] == pytest.approx(math.exp(-708), rel=1e-15)
    assert found[2] == found[3] == pytest.approx(math.exp(708), rel=1e-15)
    assert np.isnan(built[0]("exps", [np.nan]))
    with np.errstate(all="ignore"):
        odd = np.array([1.0, 0.0, -1.0, np.inf, np.nan, 5e-324, 1e-310])
        np.testing.assert_allclose(built[0]("logs", odd), np.log(odd), rtol=1e-15)


def test_a_value_does_not_depend_on_its_place(built):
    x = np.random.default_rng(2).uniform(-80, 80, 64)
    for name in ("exps", "qualified"):
        whole = built[0](name, x)
        for first in range(1, 9):
            np.testing.assert_array_equal(built[0](name, x[first:]), whole[first:])
        for one, value in zip(x, whole, strict=True):
            assert built[0](name, [one])[0] == value


@pytest.mark.skipif(len(TARGETS) < 2, reason="this processor has no AVX-512")
def test_wider_vectors_give_the_same_bits(tmp_path):
    calls = []
    for target in TARGETS:
        (tmp_path / target.march).mkdir()
        calls.append(build(target, tmp_path / target.march)[0])
    x = np.random.default_rng(3).uniform(-700, 700, 100_003)
    for name in ("exps", "logs", "q10", "fourth", "inverse"):
        one, other = (call(name, abs(x) / 10 if name == "q10" else x) for call in calls)
        assert one.tobytes() == other.tobytes(), name


def test_loops_are_vectors(built):
    found = {line.split(":")[1] for line in built[1].splitlines() if "loop vectorized" in line}
    lines = {
        line.split(",")[0].removeprefix("LOOP("): str(number)
        for number, line in enumerate(CODE.splitlines(), start=1)
    }
    # A power that nobody knows before is a call; the last one is the first by another name.
    assert found == {lines[name] for name in ("exps", "logs", "q10", "fourth", "inverse")}
