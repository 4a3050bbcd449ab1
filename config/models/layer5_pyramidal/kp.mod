TITLE Persistent potassium (Korngreen, Sakmann 2000, J Physiol 525:621)

COMMENT
Shifted by 10 mV for the liquid junction potential.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX kp
    USEION k READ ek WRITE ik
    RANGE gbar, minf, mtau, hinf, htau
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
    ik = gbar * m * m * h * (v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
}

PROCEDURE rates(v (mV)) {
    LOCAL u, x, peak, slope, q
    q = 2.3^((34 - 21) / 10)  : from 21 to 34 degrees, whatever celsius is
    u = v + 10
    if (u < -50) {
        peak = 175.03
        slope = 0.026
    } else {
        peak = 13
        slope = -0.026
    }
    x = (u + 75) / 48
    minf = 1 / (1 + exp(-(u + 1) / 12))
    mtau = (1.25 + peak * exp(slope * u)) / q
    hinf = 1 / (1 + exp((u + 54) / 11))
    htau = (360 + (1010 + 24 * (u + 55)) * exp(-x * x)) / q
}
