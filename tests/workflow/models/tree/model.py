"""A passive cell on a reconstruction."""

from dendroflow.model import Model, current_step, quantity


class Tree(Model):
    """A reconstruction with `pas` everywhere and a current step into its soma."""

    class Parameters(Model.Parameters):
        amplitude: float = quantity(0.01, "nA", "amplitude of the step")

    signals = {"soma_v": "mV", "v": "mV"}
    required_sections = ("soma", "axon")

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.insert("pas")
        self.step = current_step(self.soma[0](0.5), 1, 5, p.amplitude)
        self.record("soma_v", self.soma[0](0.5)._ref_v)
        self.record_segments("v", "v", self.all, sampling=0.5)
