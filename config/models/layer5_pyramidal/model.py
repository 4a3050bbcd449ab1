"""A layer 5 thick-tufted pyramidal cell with the channels of soma, dendrites and axon.

Markram et al. 2015, Cell 163:456-492, with channels fitted to the responses of Hay et al. 2011,
PLoS Comput Biol 7:e1002107. Rates are those of 34 °C. Bounds are those of the fit.
"""

from dendroflow.model import (
    Model,
    assign,
    exponential,
    insert,
    middle,
    place_at,
    quantity,
    replace_axon,
)

DENDRITIC_PLACES = {"dend1": 660.0, "dend2": 800.0}  # path from the soma, µm


def conductance(default, description, most):
    """Declare a conductance of a fit."""
    return quantity(default, "S/cm²", description, ge=0, le=most)


class Layer5Pyramidal(Model):
    """A thick-tufted cell of layer 5 with Ih, an active apical tuft and an initial axon."""

    class Parameters(Model.Parameters):
        gbar_nats2_soma: float = conductance(0.983955, "somatic transient sodium", 1)
        gbar_skv3_soma: float = conductance(0.303472, "somatic fast potassium", 1)
        gbar_sk_soma: float = conductance(0.008407, "somatic SK", 0.1)
        gbar_ca_hva_soma: float = conductance(0.000994, "somatic high-threshold calcium", 0.001)
        gbar_ca_lva_soma: float = conductance(0.000333, "somatic low-threshold calcium", 0.01)
        gamma_soma: float = quantity(
            0.000609, "", "share of somatic calcium that stays free", ge=0.0005, le=0.05
        )
        decay_soma: float = quantity(210.485284, "ms", "decay of somatic calcium", ge=20, le=1000)

        gbar_nats2_apical: float = conductance(0.026145, "apical transient sodium", 0.04)
        gbar_skv3_apical: float = conductance(0.004226, "apical fast potassium", 0.04)
        gbar_im_apical: float = conductance(0.000143, "apical muscarinic potassium", 0.001)

        gbar_nata_axon: float = conductance(3.137968, "axonal transient sodium", 4)
        gbar_nap_axon: float = conductance(0.006827, "axonal persistent sodium", 4)
        gbar_kt_axon: float = conductance(0.089259, "axonal transient potassium", 0.1)
        gbar_kp_axon: float = conductance(0.973538, "axonal persistent potassium", 1)
        gbar_skv3_axon: float = conductance(1.021945, "axonal fast potassium", 2)
        gbar_sk_axon: float = conductance(0.007104, "axonal SK", 0.1)
        gbar_ca_hva_axon: float = conductance(0.000990, "axonal high-threshold calcium", 0.001)
        gbar_ca_lva_axon: float = conductance(0.008752, "axonal low-threshold calcium", 0.01)
        gamma_axon: float = quantity(
            0.002910, "", "share of axonal calcium that stays free", ge=0.0005, le=0.05
        )
        decay_axon: float = quantity(287.198731, "ms", "decay of axonal calcium", ge=20, le=1000)

        gbar_ih: float = quantity(8e-5, "S/cm²", "Ih of soma and basal dendrites", ge=0)
        g_pas: float = quantity(3e-5, "S/cm²", "leak conductance", ge=0)
        e_pas: float = quantity(-75.0, "mV", "reversal potential of the leak")
        ena: float = quantity(50.0, "mV", "reversal potential of sodium")
        ek: float = quantity(-85.0, "mV", "reversal potential of potassium")
        axial_resistivity: float = quantity(100.0, "Ω·cm", "axial resistivity", gt=0)
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance", gt=0)
        dendritic_capacitance: float = quantity(
            2.0, "µF/cm²", "membrane capacitance of dendrites, spines included", gt=0
        )

    places = {
        "soma": "middle of the soma",
        "dend1": "apical dendrite, 660 µm from the soma",
        "dend2": "apical dendrite, 800 µm from the soma",
    }
    required_sections = ("soma", "axon", "dend", "apic")

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.nseg = 1 + 2 * int(section.L / 40)
        replace_axon(self)
        self.insert_passive(p)
        self.insert_channels(p)
        self.place("soma", middle(self.soma))
        for place, distance in DENDRITIC_PLACES.items():
            self.place(place, place_at(middle(self.soma), self.apic, distance))

    def insert_passive(self, p):
        assign(self.all, Ra=p.axial_resistivity, cm=p.capacitance)
        assign([*self.dend, *self.apic], cm=p.dendritic_capacitance)
        insert(self.all, "pas", g=p.g_pas, e=p.e_pas)

    def insert_channels(self, p):
        """Insert Ih, calcium pools, and what parameters name: `gbar_<mechanism>_<place>`."""
        insert([*self.soma, *self.dend], "ih", gbar=p.gbar_ih)
        # Kole et al. 2006.
        along = exponential(p.gbar_ih, -0.8696, 2.087, 0.0031)
        insert(self.apic, "ih", origin=middle(self.soma), gbar=along)
        places = {"soma": self.soma, "apical": self.apic, "axon": self.axon}
        for name, value in p:
            kind, _, rest = name.partition("_")
            mechanism, _, place = rest.rpartition("_")
            if kind == "gbar" and place in places:
                insert(places[place], mechanism, gbar=value)
        insert(self.soma, "ca_pool", gamma=p.gamma_soma, decay=p.decay_soma)
        insert(self.axon, "ca_pool", gamma=p.gamma_axon, decay=p.decay_axon)
        assign([*self.soma, *self.apic, *self.axon], ena=p.ena, ek=p.ek)
