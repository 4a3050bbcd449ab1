TITLE A conductance that every event opens

NEURON {
    THREADSAFE
    POINT_PROCESS Kick
    NONSPECIFIC_CURRENT i
    RANGE tau, e, i, g
}

UNITS {
    (mV) = (millivolt)
    (nA) = (nanoamp)
    (uS) = (microsiemens)
}

PARAMETER {
    tau = 3 (ms)
    e = 0 (mV)
}

ASSIGNED {
    v (mV)
    i (nA)
}

STATE { g (uS) }

INITIAL { g = 0 }

BREAKPOINT {
    SOLVE states METHOD cnexp
    i = g * (v - e)
}

DERIVATIVE states { g' = -g / tau }

NET_RECEIVE(weight (uS)) { g = g + weight }
