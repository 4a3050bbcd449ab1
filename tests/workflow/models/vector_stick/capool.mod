TITLE Calcium in a shell, which decays

NEURON {
    THREADSAFE
    SUFFIX capool
    USEION ca READ ica WRITE cai
    RANGE depth, tau
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    depth = 0.1 (um)
    tau = 20 (ms)
}

ASSIGNED { ica (mA/cm2) }

STATE { cai (mM) }

INITIAL { cai = 1e-4 }

BREAKPOINT { SOLVE states METHOD cnexp }

DERIVATIVE states { cai' = -(10000) * ica / (2 * FARADAY * depth) - (cai - 1e-4) / tau }
