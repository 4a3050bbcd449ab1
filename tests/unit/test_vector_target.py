"""What CoreNEURON's mechanisms are compiled for, and where they may run."""

import platform

import pytest

from dendroflow import mechanisms
from dendroflow.errors import MechanismError
from dendroflow.mechanisms import digest, target_of
from dendroflow.vector import Target, loops_report, targets_of_machine

ABLE = "fpu sse sse2 avx avx2 bmi1 bmi2 f16c fma movbe"
WIDE = f"{ABLE} avx512f avx512bw avx512cd avx512dq avx512vl"
PLAIN, V3, V4 = Target("plain"), Target("x86-64-v3", "x86-64-v3"), Target("x86-64-v3", "x86-64-v4")


def targets(tmp_path, flags):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 5000\n", encoding="utf-8")
    return targets_of_machine(path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
@pytest.mark.parametrize("missing", ["", "avx2", "fma", "bmi2"])
def test_without_avx2_and_fma_it_is_the_plain_build(tmp_path, missing):
    flags = " ".join(flag for flag in ABLE.split() if flag != missing)
    assert targets(tmp_path, flags) == ((PLAIN,) if missing else (V3, PLAIN))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
@pytest.mark.parametrize("missing", ["", "avx512f", "avx512vl"])
def test_with_avx512_vectors_are_as_wide_as_they_can_be(tmp_path, missing):
    flags = " ".join(flag for flag in WIDE.split() if flag != missing)
    assert targets(tmp_path, flags) == ((V3, PLAIN) if missing else (V4, V3, PLAIN))
    assert "-mprefer-vector-width=512" in V4.options[1]
    assert "-mprefer-vector-width=512" not in V3.options[1]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another machine has another name")
def test_a_machine_that_tells_nothing_gets_the_plain_build(tmp_path):
    assert targets_of_machine(tmp_path / "nothing") == (PLAIN,)


def test_arm_has_what_it_takes(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found, _ = targets_of_machine(tmp_path / "arm")
    assert found.name == "armv8-a"
    assert "-march=armv8-a" in found.options[1]


def test_each_target_has_its_build_and_each_arithmetic_its_code(tmp_path):
    (tmp_path / "x.mod").write_text("NEURON { SUFFIX x }", encoding="utf-8")
    files = {"x.mod": tmp_path / "x.mod"}
    targets = [PLAIN, V3, V4, Target("armv8-a", "armv8-a")]
    assert len({digest(files, one) for one in [None, *targets]}) == 5
    assert len({one.code for one in targets}) == 3
    assert V3.code == V4.code


def test_a_build_that_this_machine_cannot_run_is_refused_before_it_runs(monkeypatch, tmp_path):
    (tmp_path / "x.mod").write_text("NEURON { SUFFIX x }", encoding="utf-8")
    (tmp_path / "model.py").write_text("", encoding="utf-8")
    files = {"x.mod": tmp_path / "x.mod"}
    monkeypatch.setattr(mechanisms, "targets_of_machine", lambda: (V3, PLAIN))
    assert target_of(tmp_path, digest(files, V3)) == V3
    assert target_of(tmp_path, digest(files, PLAIN)) == PLAIN
    with pytest.raises(MechanismError) as error:
        target_of(tmp_path, digest(files, V4))
    said = str(error.value)
    assert said.startswith("the run was planned on another kind of processor than that of ")
    assert "which is of x86-64-v3: plan it on the oldest kind" in said


def test_loops_are_told_apart(tmp_path):
    (tmp_path / "x.cpp").write_text(
        """
    void nrn_init_x(int n) {
        #pragma omp simd
        for (int id = 0; id < n; id++) {
        }
    }
    void nrn_cur_x(int n) {
        #pragma omp simd
        #pragma ivdep
        for (int id = 0; id < n; id++) {
            one();
        }
    }
    void nrn_state_x(int n) {
        #pragma omp simd
        #pragma ivdep
        for (int id = 0; id < n; id++) {
            two();
        }
    }
""",
        encoding="utf-8",
    )
    said = "build/x.cpp:17:9: optimized: loop vectorized using 32 byte vectors\n"
    assert loops_report(said, tmp_path) == ["x: current one by one, states vector"]
    assert loops_report("", tmp_path) == ["x: current one by one, states one by one"]
