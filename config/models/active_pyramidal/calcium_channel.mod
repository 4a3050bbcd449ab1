TITLE A high-threshold calcium current without inactivation

COMMENT
Two gates open with a time constant of 1 ms above -20 mV; the driving force follows the Nernst
potential of what the pool holds.
ENDCOMMENT

NEURON {
    SUFFIX calcium_channel
    USEION ca READ eca WRITE ica
    RANGE gbar
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-4 (S/cm2)
    half = -20 (mV)
    slope = 6 (mV)
    tau = 1 (ms)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
}

STATE { open }

INITIAL { open = steady(v) }

BREAKPOINT {
    SOLVE gating METHOD cnexp
    ica = gbar * open * open * (v - eca)
}

DERIVATIVE gating { open' = (steady(v) - open) / tau }

FUNCTION steady(v (mV)) { steady = 1 / (1 + exp((half - v) / slope)) }
