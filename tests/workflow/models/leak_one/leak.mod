NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}

PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
}

ASSIGNED {
    i (mA/cm2)
    v (mV)
}

BREAKPOINT {
    i = g * (v - e)
}
