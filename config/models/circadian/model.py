"""The circadian clock of Drosophila: PER and TIM repress their own transcription.

Leloup, Gonze, Goldbeter 1999, J Biol Rhythms 14:433-448, in a well-mixed compartment. NEURON's ms
stands for an hour and its mM for a nM: rxd computes with numbers alone, and no membrane takes part.
"""

from neuron import h, rxd

from dendroflow.model import Model, Signal, quantity

# nM; those of the model's version in BioModels, BIOMD0000000298.
START = {
    "per_mrna": 0.0614368,
    "per": 0.0169928,
    "per_p": 0.0141356,
    "per_pp": 0.0614368,
    "tim_mrna": 0.0860342,
    "tim": 0.0217261,
    "tim_p": 0.0213384,
    "tim_pp": 0.0145428,
    "dimer": 0.207614,
    "nuclear": 1.34728,
}


class Circadian(Model):
    """PER and TIM are made, phosphorylated twice, bound to each other, and enter the nucleus."""

    class Parameters(Model.Parameters):
        tim_degradation: float = quantity(3.0, "nM/h", "light-dependent degradation of TIM", ge=0)
        per_degradation: float = quantity(2.2, "nM/h", "degradation of PER", ge=0)
        half_degradation: float = quantity(0.2, "nM", "where these are half as fast", gt=0)
        degradation: float = quantity(0.01, "1/h", "decay of all substances", ge=0)
        per_transcription: float = quantity(1.1, "nM/h", "largest rate of PER's mRNA", ge=0)
        tim_transcription: float = quantity(1.0, "nM/h", "largest rate of TIM's mRNA", ge=0)
        repression: float = quantity(1.0, "nM", "nuclear complex that halves transcription", gt=0)
        hill: int = quantity(4, "", "cooperativity of the repression", ge=1)
        per_mrna_degradation: float = quantity(1.0, "nM/h", "largest rate, PER's mRNA", ge=0)
        tim_mrna_degradation: float = quantity(0.7, "nM/h", "largest rate, TIM's mRNA", ge=0)
        half_mrna: float = quantity(0.2, "nM", "where these are half as fast", gt=0)
        translation: float = quantity(0.9, "1/h", "rate of translation", ge=0)
        phosphorylation: float = quantity(8.0, "nM/h", "largest rate of phosphorylation", ge=0)
        dephosphorylation: float = quantity(1.0, "nM/h", "largest rate of its reversal", ge=0)
        half_phosphorylation: float = quantity(2.0, "nM", "where these are half as fast", gt=0)
        binding: float = quantity(1.2, "1/(nM·h)", "rate at which PER binds TIM", ge=0)
        unbinding: float = quantity(0.6, "1/h", "rate at which they part", ge=0)
        entry: float = quantity(0.8, "1/h", "rate of entry into the nucleus", ge=0)
        exit: float = quantity(0.2, "1/h", "rate of exit from the nucleus", ge=0)

    signals = {
        "per_mrna": Signal("nM", "mRNA of PER"),
        "per": Signal("nM", "PER"),
        "per_p": Signal("nM", "PER, phosphorylated once"),
        "per_pp": Signal("nM", "PER, phosphorylated twice"),
        "tim_mrna": Signal("nM", "mRNA of TIM"),
        "tim": Signal("nM", "TIM"),
        "tim_p": Signal("nM", "TIM, phosphorylated once"),
        "tim_pp": Signal("nM", "TIM, phosphorylated twice"),
        "dimer": Signal("nM", "PER-TIM in the cytosol"),
        "nuclear": Signal("nM", "PER-TIM in the nucleus"),
    }
    process = "alone"
    time_unit = "h"

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.cell = rxd.Region([self.soma], name="cell")
        self.species = {
            name: rxd.Species(self.cell, name=name, initial=start) for name, start in START.items()
        }
        # As rxd.Parameter, what is swept is data: rxd compiles the same code for all points.
        self.light = rxd.Parameter(self.cell, name="light", value=p.tim_degradation)
        self.decay = rxd.Parameter(self.cell, name="decay", value=p.degradation)
        self.reactions = [*self.protein(p, "per"), *self.protein(p, "tim"), *self.complexes(p)]
        for name, species in self.species.items():
            self.record(name, species.nodes(self.soma(0.5))[0]._ref_concentration)

    def protein(self, p, name):
        """From the gene of PER or TIM to the protein that is phosphorylated twice."""
        s = self.species
        mrna, none, once, twice = (s[name + form] for form in ("_mrna", "", "_p", "_pp"))
        transcription, mrna_degradation, degradation = (
            (p.per_transcription, p.per_mrna_degradation, p.per_degradation)
            if name == "per"
            else (p.tim_transcription, p.tim_mrna_degradation, self.light)
        )
        repressed = transcription / (1 + (s["nuclear"] / p.repression) ** p.hill)

        def saturating(rate, half, substance):
            return rate * substance / (half + substance)

        def steps(start, end):
            forth = saturating(p.phosphorylation, p.half_phosphorylation, start)
            back = saturating(p.dephosphorylation, p.half_phosphorylation, end)
            return rxd.Reaction(start, end, forth, back, custom_dynamics=True)

        return [
            rxd.Rate(mrna, repressed - saturating(mrna_degradation, p.half_mrna, mrna)),
            rxd.Rate(none, p.translation * mrna),
            steps(none, once),
            steps(once, twice),
            rxd.Rate(twice, -saturating(degradation, p.half_degradation, twice)),
            *(rxd.Rate(form, -self.decay * form) for form in (mrna, none, once, twice)),
        ]

    def complexes(self, p):
        """PER and TIM bind to each other, and the complex enters the nucleus."""
        s = self.species
        return [
            rxd.Reaction(s["per_pp"] + s["tim_pp"], s["dimer"], p.binding, p.unbinding),
            rxd.Reaction(s["dimer"], s["nuclear"], p.entry, p.exit),
            *(rxd.Rate(s[name], -self.decay * s[name]) for name in ("dimer", "nuclear")),
        ]
