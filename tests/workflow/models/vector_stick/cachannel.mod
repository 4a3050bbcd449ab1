TITLE A calcium current that opens with depolarisation

NEURON {
    THREADSAFE
    SUFFIX cachannel
    USEION ca READ cai, cao WRITE ica
    RANGE gbar, eca_own
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (S) = (siemens)
}

PARAMETER { gbar = 0.0005 (S/cm2) }

ASSIGNED {
    v (mV)
    cai (mM)
    cao (mM)
    ica (mA/cm2)
    eca_own (mV)
}

STATE { m }

INITIAL { m = minf(v) }

BREAKPOINT {
    SOLVE states METHOD cnexp
    eca_own = 12.5 (mV) * log(cao / cai)
    ica = gbar * m^2 * (v - eca_own)
}

DERIVATIVE states { m' = (minf(v) - m) / 2 }

FUNCTION minf(v (mV)) { minf = 1 / (1 + exp(-(v + 20) / 6)) }
