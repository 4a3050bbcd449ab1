TITLE Calcium below the membrane (Destexhe et al. 1994, J Comput Neurosci 1:195)

COMMENT
A share gamma of the current stays free in a shell, which empties to its resting concentration.
It starts at what NEURON takes for cai (cai0_ca_ion).
ENDCOMMENT

NEURON {
    THREADSAFE
    SUFFIX ca_pool
    USEION ca READ ica WRITE cai
    RANGE gamma, decay, depth, rest
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    gamma = 0.05
    decay = 80 (ms)
    depth = 0.1 (um)
    rest = 1e-4 (mM)
}

ASSIGNED { ica (mA/cm2) }

STATE { cai (mM) }

BREAKPOINT { SOLVE shell METHOD cnexp }

DERIVATIVE shell {
    cai' = -(1e4) * ica * gamma / (2 * FARADAY * depth) - (cai - rest) / decay
}
