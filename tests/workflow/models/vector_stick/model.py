"""A soma, with or without a dendrite, calcium and a synapse, of mechanisms of its own."""

from neuron import h

from dendroflow.model import Model, insert, middle, quantity


class VectorStick(Model):
    class Parameters(Model.Parameters):
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance", ge=0)
        calcium: bool = quantity(False, "", "whether there is a dendrite with calcium")
        synapse: bool = quantity(False, "", "whether there is a synapse")

    places = {"soma": "middle of the soma", "dend": "middle of the dendrite, or of the soma"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 20
        insert([self.soma], "hhn", gnabar=p.gnabar)
        self.place("soma", middle(self.soma))
        self.place("dend", middle(self.soma))
        if p.calcium:
            self.dend = h.Section("dend", self)
            self.dend.L, self.dend.diam, self.dend.nseg = 300, 2, 21
            self.dend.connect(self.soma(1))
            insert([self.dend], "pas", g=1e-4, e=-65)
            insert([self.soma, self.dend], "cachannel")
            insert([self.soma, self.dend], "capool")
            self.place("dend", middle(self.dend))
        if p.synapse:
            self.kick = h.Kick(self.soma(0.5))
            self.stim = h.NetStim()
            self.stim.number, self.stim.start, self.stim.interval = 8, 10, 21.3
            self.netcon = h.NetCon(self.stim, self.kick)
            self.netcon.weight[0] = 0.02
            self.netcon.delay = 1
