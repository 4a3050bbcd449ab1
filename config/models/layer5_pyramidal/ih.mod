TITLE Hyperpolarisation-activated cations, Ih (Kole et al. 2006, J Neurosci 26:1677)

NEURON {
    THREADSAFE
    SUFFIX ih
    NONSPECIFIC_CURRENT i
    RANGE gbar, e, minf, mtau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 8e-5 (S/cm2)
    e = -45 (mV)
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
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
    i = gbar * m * (v - e)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta
    alpha = 0.076517 * linoid((v + 154.9) / 11.9)
    beta = 0.193 * exp(v / 33.1)
    minf = alpha / (alpha + beta)
    mtau = 1 / (alpha + beta)
}

INCLUDE "linoid.inc"
