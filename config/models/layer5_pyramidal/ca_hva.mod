TITLE High-threshold calcium (Reuveni et al. 1993, J Neurosci 13:4609)

NEURON {
    THREADSAFE
    SUFFIX ca_hva
    USEION ca READ eca WRITE ica
    RANGE gbar, minf, mtau, hinf, htau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1e-4 (S/cm2)
}

ASSIGNED {
    v (mV)
    eca (mV)
    ica (mA/cm2)
    minf
    mtau (ms)
    hinf
    htau (ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    ica = gbar * m * m * h * (v - eca)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta
    alpha = 0.209 * linoid(-(v + 27) / 3.8)
    beta = 0.94 * exp(-(v + 75) / 17)
    minf = alpha / (alpha + beta)
    mtau = 1 / (alpha + beta)

    alpha = 0.000457 * exp(-(v + 13) / 50)
    beta = 0.0065 / (exp(-(v + 15) / 28) + 1)
    hinf = alpha / (alpha + beta)
    htau = 1 / (alpha + beta)
}

INCLUDE "linoid.inc"
