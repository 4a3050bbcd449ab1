TITLE Transient sodium of the axon (Colbert, Pan 2002, Nat Neurosci 5:533)

NEURON {
    THREADSAFE
    SUFFIX nata
    USEION na READ ena WRITE ina
    RANGE gbar, minf, mtau, hinf, htau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 1 (S/cm2)
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
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
    ina = gbar * m * m * m * h * (v - ena)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
}

PROCEDURE rates(v (mV)) {
    LOCAL x, y, alpha, beta, q
    q = 2.3^((34 - 21) / 10)  : from 21 to 34 degrees, whatever celsius is
    x = (v + 38) / 6
    y = linoid(x)
    alpha = 1.092 * (x + y)
    beta = 0.744 * y
    minf = alpha / (alpha + beta)
    mtau = 1 / (alpha + beta) / q

    x = (v + 66) / 6
    y = linoid(x)
    alpha = 0.09 * y
    beta = 0.09 * (x + y)
    hinf = alpha / (alpha + beta)
    htau = 1 / (alpha + beta) / q
}

INCLUDE "linoid.inc"
