TITLE Low-threshold calcium (Avery, Johnston 1996, J Neurosci 16:5567)

COMMENT
Inactivation after Randall, Tsien 1997, Neuropharmacology 36:879. Shifted by 10 mV for the liquid
junction potential.
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX ca_lva
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
    LOCAL u, q
    q = 2.3^((34 - 21) / 10)  : from 21 to 34 degrees, whatever celsius is
    u = v + 10
    minf = 1 / (1 + exp(-(u + 30) / 6))
    mtau = (5 + 20 / (1 + exp((u + 25) / 5))) / q
    hinf = 1 / (1 + exp((u + 80) / 6.4))
    htau = (20 + 50 / (1 + exp((u + 40) / 7))) / q
}
