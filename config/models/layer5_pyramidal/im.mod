TITLE Muscarinic potassium, Im (Adams et al. 1982, J Physiol 330:537)

NEURON {
    THREADSAFE
    SUFFIX im
    USEION k READ ek WRITE ik
    RANGE gbar, minf, mtau
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
    LOCAL alpha, beta, q
    q = 2.3^((34 - 21) / 10)  : from 21 to 34 degrees, whatever celsius is
    alpha = 0.0033 * exp(0.1 * (v + 35))
    beta = 0.0033 * exp(-0.1 * (v + 35))
    minf = alpha / (alpha + beta)
    mtau = 1 / (alpha + beta) / q
}
