TITLE Transient potassium (Korngreen, Sakmann 2000, J Physiol 525:621)

COMMENT
Shifted by 10 mV for the liquid junction potential.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX kt
    USEION k READ ek WRITE ik
    RANGE gbar, minf, mtau, hinf, htau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0.01 (S/cm2)
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
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
    ik = gbar * m * m * m * m * h * (v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
}

PROCEDURE rates(v (mV)) {
    LOCAL u, x, y, q
    q = 2.3^((34 - 21) / 10)  : from 21 to 34 degrees, whatever celsius is
    u = v + 10
    x = (u + 71) / 59
    y = (u + 73) / 23
    minf = 1 / (1 + exp(-u / 19))
    mtau = (0.34 + 0.92 * exp(-x * x)) / q
    hinf = 1 / (1 + exp((u + 66) / 10))
    htau = (8 + 49 * exp(-y * y)) / q
}
