"""What CoreNEURON's mechanisms are compiled for, and where they may run."""

import platform

import pytest

from dendroflow.errors import MechanismError
from dendroflow.mechanisms import digest
from dendroflow.runs import loading
from dendroflow.runs.loading import refuse_other_machine
from dendroflow.vector import Target, loops_report, target_of_machine

ABLE = "fpu sse sse2 avx avx2 bmi1 bmi2 f16c fma movbe"


def target(tmp_path, flags):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbogomips\t: 5000\n", encoding="utf-8")
    return target_of_machine(path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
@pytest.mark.parametrize("missing", ["", "avx2", "fma", "bmi2"])
def test_without_avx2_and_fma_it_is_the_plain_build(tmp_path, missing):
    flags = " ".join(flag for flag in ABLE.split() if flag != missing)
    found = target(tmp_path, flags)
    assert found.name == ("plain" if missing else "x86-64-v3")
    assert bool(found.options) == (not missing)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="another machine has another name")
def test_a_machine_that_tells_nothing_gets_the_plain_build(tmp_path):
    assert target_of_machine(tmp_path / "nothing").name == "plain"


def test_arm_has_what_it_takes(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found = target_of_machine(tmp_path / "arm")
    assert found.name == "armv8-a"
    assert "-march=armv8-a" in found.options[1]


def test_each_target_has_a_build_and_a_code_of_its_own(tmp_path):
    (tmp_path / "x.mod").write_text("NEURON { SUFFIX x }", encoding="utf-8")
    files = {"x.mod": tmp_path / "x.mod"}
    targets = [
        None,
        Target("plain"),
        Target("x86-64-v3", "x86-64-v3"),
        Target("armv8-a", "armv8-a"),
    ]
    assert len({digest(files, one) for one in targets}) == 4
    assert len({one.code for one in targets if one}) == 3


def test_mechanisms_for_another_processor_are_refused_before_they_run(monkeypatch):
    here, other = Target("plain"), Target("x86-64-v3", "x86-64-v3")
    monkeypatch.setattr(loading, "target_of_machine", lambda: here)
    refuse_other_machine("neuron")
    refuse_other_machine("coreneuron")
    refuse_other_machine(f"coreneuron for {here.code}")
    with pytest.raises(MechanismError) as error:
        refuse_other_machine(f"coreneuron for {other.code}")
    assert str(error.value).startswith("the run was planned for processors of x86-64-v3, and ")
    assert str(error.value).endswith("is of plain: choose nodes of one kind, or `engine: neuron`")


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
