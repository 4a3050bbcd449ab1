"""One Hodgkin-Huxley compartment, driven by a noisy train of synaptic events."""

from neuron import h

from dendroflow.model import Model, Signal, quantity


class SynapticSoma(Model):
    """A soma with `hh`, an `ExpSyn` and a `NetStim` whose events depend on the seed alone."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(10.0, "µm", "length and diameter of the soma", gt=0)
        weight: float = quantity(0.001, "µS", "synaptic weight", ge=0)
        tau: float = quantity(2.0, "ms", "decay of the synaptic conductance", gt=0)
        interval: float = quantity(10.0, "ms", "mean interval of the events", gt=0)
        events: int = quantity(10, "", "number of events", ge=0)
        start: float = quantity(10.0, "ms", "start of the train", ge=0)
        delay: float = quantity(1.0, "ms", "from event to synapse", ge=0)
        noise: float = quantity(1.0, "", "0: regular; 1: Poisson", ge=0, le=1)

    signals = {
        "soma_v": Signal("mV", "membrane potential"),
        "g_syn": Signal("µS", "synaptic conductance"),
    }

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.diameter
        self.soma.insert("hh")
        self.synapse = h.ExpSyn(self.soma(0.5))
        self.synapse.tau = p.tau
        self.train = h.NetStim()
        self.train.interval, self.train.number = p.interval, p.events
        self.train.start, self.train.noise = p.start, p.noise
        self.train.noiseFromRandom123(*self.random123())
        self.connection = h.NetCon(self.train, self.synapse)
        self.connection.weight[0], self.connection.delay = p.weight, p.delay
        self.record("soma_v", self.soma(0.5)._ref_v)
        self.record("g_syn", self.synapse._ref_g)
