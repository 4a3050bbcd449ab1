COMMENT
Half way through the run, writes to a null pointer or never returns.
ENDCOMMENT

NEURON {
    POINT_PROCESS Fault
    RANGE crash, hang
    NONSPECIFIC_CURRENT i
}

PARAMETER {
    crash = 0
    hang = 0
}

ASSIGNED {
    i (nA)
}

BREAKPOINT {
    i = 0
    if (t > 7) {
        if (crash > 0) {
            VERBATIM
            *(volatile int *)0 = 1;
            ENDVERBATIM
        }
        if (hang > 0) {
            VERBATIM
            volatile int forever = 1;
            while (forever) {}
            ENDVERBATIM
        }
    }
}
