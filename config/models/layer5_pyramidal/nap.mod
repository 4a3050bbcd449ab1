TITLE Persistent sodium (Magistretti, Alonso 1999, J Gen Physiol 114:491)

COMMENT
It opens six times slower than the transient current.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX nap
    USEION na READ ena WRITE ina
    RANGE gbar, minf, mtau, hinf, htau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.001 (S/cm2)
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
    minf = 1 / (1 + exp(-(v + 52.6) / 4.6))
    mtau = 6 / (1.092 * (x + y) + 0.744 * y) / q

    alpha = 1.33344e-5 * linoid((v + 17) / 4.63)
    beta = 1.82522e-5 * linoid(-(v + 64.4) / 2.63)
    hinf = 1 / (1 + exp((v + 48.8) / 10))
    htau = 1 / (alpha + beta) / q
}

INCLUDE "linoid.inc"
