TITLE Potassium gated by calcium, SK (Kohler et al. 1996, Science 273:1709)

NEURON {
    THREADSAFE
    SUFFIX sk
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gbar, zinf
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.01 (S/cm2)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    cai (mM)
    zinf
}

STATE { z }

INITIAL {
    rates(cai)
    z = zinf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    ik = gbar * z * (v - ek)
}

DERIVATIVE gates {
    rates(cai)
    z' = zinf - z  : time constant 1 ms
}

PROCEDURE rates(c (mM)) {
    if (c < 1e-7) { c = 1e-7 }
    zinf = 1 / (1 + (0.00043 / c)^4.8)
}
