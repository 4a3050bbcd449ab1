TITLE Hodgkin and Huxley's channels without tables, with a factor of temperature

NEURON {
    THREADSAFE
    SUFFIX hhn
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el, gna, gk
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.3 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    gna (S/cm2)
    gk (S/cm2)
    minf hinf ninf
    mtau (ms) htau (ms) ntau (ms)
}

STATE { m h n }

INITIAL {
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    gna = gnabar * m^3 * h
    gk = gkbar * n^4
    ina = gna * (v - ena)
    ik = gk * (v - ek)
    il = gl * (v - el)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m) / mtau
    h' = (hinf - h) / htau
    n' = (ninf - n) / ntau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta, q10
    q10 = 3^((celsius - 6.3) / 10)
    alpha = linoid(-(v + 40) / 10)
    beta = 4 * exp(-(v + 65) / 18)
    mtau = 1 / (q10 * (alpha + beta))
    minf = alpha / (alpha + beta)
    alpha = 0.07 * exp(-(v + 65) / 20)
    beta = 1 / (exp(-(v + 35) / 10) + 1)
    htau = 1 / (q10 * (alpha + beta))
    hinf = alpha / (alpha + beta)
    alpha = 0.1 * linoid(-(v + 55) / 10)
    beta = 0.125 * exp(-(v + 65) / 80)
    ntau = 1 / (q10 * (alpha + beta))
    ninf = alpha / (alpha + beta)
}

FUNCTION linoid(x) {
    if (fabs(x) < 1e-6) {
        linoid = 1 - x / 2
    } else {
        linoid = x / (exp(x) - 1)
    }
}
