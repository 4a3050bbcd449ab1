TITLE Fast potassium, SKv3.1 (Rettig et al. 1992, EMBO J 11:2473)

NEURON {
    THREADSAFE
    SUFFIX skv3
    USEION k READ ek WRITE ik
    RANGE gbar, minf, mtau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.1 (S/cm2)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    minf
    mtau (ms)
}

STATE { m }

INITIAL {
    rates(v)
    m = minf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    ik = gbar * m * (v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
}

PROCEDURE rates(v (mV)) {
    minf = 1 / (1 + exp(-(v - 18.7) / 9.7))
    mtau = 4 / (1 + exp(-(v + 46.56) / 44.14))
}
