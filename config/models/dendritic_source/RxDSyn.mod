COMMENT
A synapse that carries no current: each event adds its weight to g, which then decays.
g is the rate at which a point source releases molecules; see model.py.
ENDCOMMENT

NEURON {
    POINT_PROCESS RxDSyn
    RANGE g, tau
}

UNITS {
    (molecule) = (1)
}

PARAMETER {
    tau = 3 (ms) <1e-9, 1e9>
}

STATE {
    g (molecule/ms)
}

INITIAL {
    g = 0
}

BREAKPOINT {
    SOLVE release METHOD cnexp
}

DERIVATIVE release {
    g' = -g / tau
}

NET_RECEIVE(weight (molecule/ms)) {
    g = g + weight
}
