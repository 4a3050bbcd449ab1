"""Models that share something with each other, or seem to, and what becomes of them.

Each is a line or more of `build`, after a soma with `hh` has been made; perhaps what stands at the
top of its `model.py`, and after the stimulus.
"""

from dataclasses import dataclass

MODEL = '''
import numpy as np
from neuron import h
from dendroflow.model import Model, current_step, quantity

{top}

class Cell(Model):
    """A soma."""

    class Parameters(Model.Parameters):
        x: float = quantity(1.0)
        y: float = quantity(0.0)

    signals = {{"v": "mV"{signals}}}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 10
        self.soma.insert("hh")
        {build}
        self.step = current_step(self.soma(0.5), 5, 5, 0.02)
        self.record("v", self.soma(0.5)._ref_v)
'''


@dataclass(frozen=True)
class Case:
    """`process` is what becomes of it, `why` a part of the line that says so."""

    process: str
    build: str
    why: str = ""
    top: str = ""
    signals: str = ""

    def text(self) -> str:
        """The file `model.py`."""
        build = self.build.strip().replace("\n", "\n        ")
        return MODEL.format(top=self.top, build=build, signals=self.signals)


CASES = {
    # Sound: they share a process.
    "sound": Case("shared", "self.soma.cm = p.x"),
    "global_set_alike": Case("shared", "self.soma.insert('leakg')\nh.gl_leakg = 0.0006"),
    "global_set_on_import": Case("shared", "self.soma.insert('leakg')", top="h.gl_leakg = 0.001"),
    "global_put_back": Case(
        "shared",
        "self.soma.insert('leakg')\nbefore = h.gl_leakg\nh.gl_leakg = p.x\nh.gl_leakg = before",
    ),
    "tables_off_alike": Case("shared", "h.usetable_hh = 0\nself.soma.cm = p.x"),
    "celsius_as_it_is": Case("shared", "h.celsius = 6.3\nself.soma.cm = p.x"),
    "v_init_of_stdrun": Case(
        "shared", "h.load_file('stdrun.hoc')\nh.v_init = -70\nh.tstop = 5 * p.x\nself.soma.cm = p.x"
    ),
    "template": Case(
        "shared",
        "self.cell = h.Tiny()\nself.cell.soma.cm = p.x\n"
        "self.record('w', self.cell.soma(0.5)._ref_v)",
        top="h('begintemplate Tiny\\npublic soma\\ncreate soma\\nproc init() {soma {insert pas "
        "L=10 diam=10}}\\nendtemplate Tiny')",
        signals=', "w": "mV"',
    ),
    "own_stream": Case(
        "shared",
        "self.noise = h.NetStim()\nself.noise.interval, self.noise.number = 3, 100\n"
        "self.noise.start, self.noise.noise = 0, 1\n"
        "self.noise.noiseFromRandom123(*self.random123())\n"
        "self.synapse = h.ExpSyn(self.soma(0.5))\n"
        "self.netcon = h.NetCon(self.noise, self.synapse, 0, 1, 0.002 * p.x)",
    ),
    "membrane_current": Case(
        "shared",
        "h.CVode().use_fast_imem(True)\nself.soma.cm = p.x\n"
        "self.record('i', self.soma(0.5)._ref_i_membrane_)",
        signals=', "i": "nA"',
    ),
    "section_list": Case(
        "shared",
        "own = h.SectionList()\nown.append(self.soma)\nfor section in own:\n    section.cm = p.x",
    ),
    "played": Case(
        "shared",
        "self.t, self.i = h.Vector([0, 10, 20]), h.Vector([0, 0.01 * p.x, 0])\n"
        "self.clamp = h.IClamp(self.soma(0.5))\nself.clamp.dur = 1e9\n"
        "self.i.play(self.clamp._ref_amp, self.t, True)",
    ),
    "initial_handler": Case(
        "shared",
        "self.handler = h.FInitializeHandler("
        "lambda: setattr(self.soma(0.5).hh, 'gnabar', 0.1 * p.x))",
    ),
    "parameter_set_in_initial": Case("shared", "self.soma.insert('warm')\nself.soma.cm = p.x"),
    # Nearly so.
    "outside": Case(
        "close",
        "self.soma.insert('extracellular')\nself.soma(0.5).xg[0] = 1e-3 * p.x\n"
        "self.soma(0.5).e_extracellular = 5 * p.x",
        "from what it gives alone",
    ),
    # What differs between points.
    "global_of_some": Case(
        "alone", "self.soma.insert('leakg')\nif p.x > 1:\n    h.gl_leakg = 0.003", "h.gl_leakg"
    ),
    "global_of_a_handler": Case(
        "alone",
        "self.soma.insert('leakg')\n"
        "self.handler = h.FInitializeHandler(lambda: setattr(h, 'gl_leakg', 0.0003 * p.x))",
        "gl_leakg",
    ),
    "array": Case("alone", "self.soma.insert('leaka')\nh.gl_leaka[1] = 0.0003 * p.x", "gl_leaka"),
    "ions": Case("alone", "h.ko0_k_ion = 2 * p.x\nself.soma.cm = p.x", "ko0_k_ion"),
    "random_index": Case(
        "alone",
        "h.Random().Random123_globalindex(int(10 * p.x))\nself.random = h.Random()\n"
        "self.random.Random123(1, 2, 3)\nself.soma.cm = 1 + self.random.uniform(0, 1)",
        "Random123_globalindex",
    ),
    "assigned_by_the_last": Case(
        "alone",
        "self.soma.insert('lastone')\nself.soma(0.5).lastone.gbar = 0.0003 * p.x",
        "differs",
    ),
    "counted_in_c": Case("alone", "self.soma.insert('counter')", "differs"),
    "hoc_variable": Case(
        "alone",
        "h(f'g_shared = {0.1 * p.x}')\nself.handler = h.FInitializeHandler("
        "lambda: setattr(self.soma(0.5).hh, 'gnabar', h.g_shared))",
        "differs",
        top="h('g_shared = 0')",
    ),
    "hoc_object": Case(
        "alone",
        "h('objref only')\nh('only = new Single()')\nh.only.soma.cm = p.x\n"
        "self.record('w', h.only.soma(0.5)._ref_v)",
        "",
        top="h('begintemplate Single\\npublic soma\\ncreate soma\\nproc init() {soma {insert pas "
        "L=10 diam=10}}\\nendtemplate Single')",
        signals=', "w": "mV"',
    ),
    "access_soma": Case(
        "alone", "h('create soma')\nh('access soma')\nh.soma.cm = p.x", "hoc creates"
    ),
    "all_sections": Case("alone", "for section in h.allsec():\n    section.cm = p.x", "differs"),
    "count_sections": Case(
        "alone",
        "self.record_value('n', lambda: sum(1 for _ in h.allsec()))",
        "n differs",
        signals=', "n": ""',
    ),
    "gap_junction": Case(
        "alone",
        "self.pc = h.ParallelContext()\n"
        "self.pc.source_var(self.soma(0.5)._ref_v, 7, sec=self.soma)\n"
        "self.clamp = h.IClamp(self.soma(0.5))\nself.clamp.dur = 0\n"
        "self.pc.target_var(self.clamp, self.clamp._ref_amp, 7)\nself.pc.setup_transfer()\n"
        "self.soma.cm = p.x",
    ),
    "first_wins": Case(
        "alone",
        "self.soma(0.5).hh.gnabar = KEPT.setdefault('g', 0.1 * p.x)",
        "differs",
        top="KEPT = {}",
    ),
    "last_wins": Case(
        "alone",
        "KEPT['g'] = 0.1 * p.x\nself.handler = h.FInitializeHandler("
        "lambda: setattr(self.soma(0.5).hh, 'gnabar', KEPT['g']))",
        "differs",
        top="KEPT = {}",
    ),
    "drawn_by_some": Case(
        "alone",
        "self.soma.cm = 1 + (RNG.random() if p.x > 1 else 0)",
        "differs",
        top="RNG = np.random.default_rng(3)",
    ),
    "same_gid_for_some": Case(
        "alone",
        "self.pc = h.ParallelContext()\n"
        "if 0.6 < p.x < 1.1:\n    self.pc.set_gid2node(5, self.pc.id())\n"
        "    self.netcon = h.NetCon(self.soma(0.5)._ref_v, None, sec=self.soma)\n"
        "    self.pc.cell(5, self.netcon)\nself.soma.cm = p.x",
        "gid=5 already exists",
    ),
    "all_sections_for_some": Case(
        "alone",
        "if 0.9 < p.x < 1.1:\n    for section in h.allsec():\n        section.cm = 2",
        "differs",
    ),
    "cached_by_a_rounded_key": Case(
        "alone",
        "self.soma.cm = KEPT.setdefault(round(p.x), p.x)",
        "differs",
        top="KEPT = {}",
    ),
    "table_of_a_range": Case(
        "alone",
        "self.soma.insert('shifted')\nself.soma(0.5).shifted.shift = 20 * (0.9 < p.x < 1.1)",
        "differs",
    ),
    "mutable_default": Case(
        "alone",
        "self.soma.cm = 1 + 0.1 * grow(p.x)",
        "differs",
        top="def grow(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
    ),
    "seeded_once": Case(
        "alone",
        "self.soma.cm = 1 + np.random.random()",
        "differs",
        top="np.random.seed(1)",
    ),
    "mcell": Case(
        "alone",
        "self.random = h.Random()\nself.random.MCellRan4()\n"
        "self.soma.cm = 1 + self.random.uniform(0, 1)",
    ),
    "kept_section": Case(
        "alone", "KEPT.append(self.soma)\nself.soma.cm = p.x", "outlive", top="KEPT = []"
    ),
    "kept_handler": Case(
        "alone",
        "KEPT.append(h.FInitializeHandler(lambda: setattr(self.soma, 'cm', p.x)))",
        top="KEPT = []",
    ),
    "presimulated": Case(
        "alone",
        "self.soma.cm = p.x\nh.finitialize(-65)\nwhile h.t < 5:\n    h.fadvance()\n"
        "self.soma(0.5).hh.el = self.soma(0.5).v + 10",
        "simulates in build",
    ),
    "run_of_stdrun": Case(
        "alone",
        "h.load_file('stdrun.hoc')\nself.soma.cm = p.x\nh.tstop = 3\nh.run()\n"
        "self.soma(0.5).hh.el = self.soma(0.5).v + 10",
        "simulates in build",
    ),
    # What belongs to the experiment.
    "celsius_on_import": Case(
        "refused", "pass", "model.py: the model sets h.celsius", top="h.celsius = 34"
    ),
    "celsius_of_hoc": Case("refused", "h('celsius = 34')", "line 21: the model sets h.celsius"),
    "celsius_of_some": Case(
        "refused", "if p.x > 1.8:\n    h.celsius = 30", "line 22: the model sets"
    ),
    "celsius_of_a_handler": Case(
        "refused",
        "self.handler = h.FInitializeHandler(lambda: setattr(h, 'celsius', 20))",
        "the model sets h.celsius, which belongs to the experiment; remove that, and set "
        "simulation.celsius",
    ),
    "dt_in_mid_run": Case(
        "refused",
        "self.handler = h.FInitializeHandler("
        "lambda: h.CVode().event(10, lambda: setattr(h, 'dt', 0.05)))",
        "h.dt",
    ),
    "dt_in_a_helper": Case(
        "refused", "slowly()", "line 7: the model sets h.dt", top="def slowly():\n    h.dt = 0.1"
    ),
    "tolerance": Case("refused", "h.CVode().atol(1e-6)", "simulation.atol"),
    # Chance.
    "python_random": Case(
        "refused",
        "import random\nself.soma.cm = 1 + random.random()",
        "self.random123()",
    ),
    "unseeded": Case("refused", "self.soma.cm = 1 + np.random.default_rng().random()", "random123"),
    "clock": Case("refused", "import time\nself.soma.cm = 1 + time.time() % 1", "two runs"),
    "file": Case(
        "refused",
        "with open('state', 'a+') as f:\n    f.write('x')\n    self.soma.cm = 1 + f.tell()",
        "two runs",
    ),
}

# The same mechanisms serve all cases.
MECHANISMS = {
    "leaka": """
NEURON { SUFFIX leaka NONSPECIFIC_CURRENT i RANGE e GLOBAL gl }
PARAMETER { e = -60 }
ASSIGNED { v i gl[2] }
BREAKPOINT { i = gl[1]*(v-e) }
""",
    "leakg": """
NEURON { SUFFIX leakg NONSPECIFIC_CURRENT i RANGE e GLOBAL gl }
PARAMETER { gl = 0.0003 e = -60 }
ASSIGNED { v i }
BREAKPOINT { i = gl*(v-e) }
""",
    "warm": """
NEURON { SUFFIX warm NONSPECIFIC_CURRENT i GLOBAL q }
PARAMETER { q = 1 celsius }
ASSIGNED { v i }
INITIAL { q = 3^((celsius-6.3)/10) + 0.5 }
BREAKPOINT { i = 0.0001*q*(v+60) }
""",
    "lastone": """
NEURON { SUFFIX lastone NONSPECIFIC_CURRENT i RANGE gbar GLOBAL total }
PARAMETER { gbar = 0.0003 }
ASSIGNED { v i total }
INITIAL { total = gbar }
BREAKPOINT { i = total*(v+60) }
""",
    "shifted": """
NEURON { SUFFIX shifted NONSPECIFIC_CURRENT i RANGE shift GLOBAL inf }
PARAMETER { shift = 0 }
ASSIGNED { v i inf }
BREAKPOINT { steady(v) i = 0.0002*inf*(v+60) }
PROCEDURE steady(v) {
    TABLE inf FROM -100 TO 100 WITH 200
    inf = 1/(1+exp(-(v+50-shift)/5))
}
""",
    "counter": """
NEURON { SUFFIX counter NONSPECIFIC_CURRENT i RANGE n }
ASSIGNED { v i n }
VERBATIM
static int counted = 0;
ENDVERBATIM
INITIAL {
VERBATIM
    counted += 1; n = counted;
ENDVERBATIM
}
BREAKPOINT { i = 0.0001*n*(v+60) }
""",
}
