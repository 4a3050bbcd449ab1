TITLE Calcium below the membrane: a shell that current fills and a pump empties

NEURON {
    SUFFIX calcium_pool
    USEION ca READ ica WRITE cai
    RANGE depth, tau, rest
}

UNITS {
    (mM) = (milli/liter)
    (mA) = (milliamp)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    depth = 0.1 (um)
    tau = 20 (ms)
    rest = 5e-5 (mM)
}

ASSIGNED { ica (mA/cm2) }

STATE { cai (mM) }

INITIAL { cai = rest }

BREAKPOINT { SOLVE filling METHOD cnexp }

DERIVATIVE filling {
    cai' = -(1e4) * ica / (2 * FARADAY * depth) - (cai - rest) / tau
}
