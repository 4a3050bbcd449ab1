// exp, log and pow that a compiler can put into vector instructions.
//
// They have no branches, calls and tables, and every rounding is written down: fused
// multiplications are explicit, and none are made by the compiler (-ffp-contract=off). So a lane's
// bits depend neither on its neighbours nor on the processor, as long as it has FMA.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <limits>
#include <math.h>
#include <random>
#include <valarray>

#define DENDROFLOW_INLINE static inline __attribute__((always_inline))

DENDROFLOW_INLINE double dendroflow_double(unsigned long long bits) {
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

DENDROFLOW_INLINE unsigned long long dendroflow_bits(double value) {
    unsigned long long bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

// e^x = 2^n e^r with a whole n and |r| <= ln(2) / 2; e^r by Taylor's polynomial of degree 13.
// Beyond +-708 it stays what it is there.
DENDROFLOW_INLINE double dendroflow_exp(double x) {
    const double round = 0x1.8p52;  // Adding it leaves a whole number in the last bits.
    x = x < -708.0 ? -708.0 : x;
    x = x > 708.0 ? 708.0 : x;
    const double shifted = __builtin_fma(x, 0x1.71547652b82fep0, round);
    const double n = shifted - round;
    double r = __builtin_fma(n, -0x1.62e42fefa39efp-1, x);
    r = __builtin_fma(n, -0x1.abc9e3b39803fp-56, r);
    double p = 1.0 / 6227020800.0;
    p = __builtin_fma(p, r, 1.0 / 479001600.0);
    p = __builtin_fma(p, r, 1.0 / 39916800.0);
    p = __builtin_fma(p, r, 1.0 / 3628800.0);
    p = __builtin_fma(p, r, 1.0 / 362880.0);
    p = __builtin_fma(p, r, 1.0 / 40320.0);
    p = __builtin_fma(p, r, 1.0 / 5040.0);
    p = __builtin_fma(p, r, 1.0 / 720.0);
    p = __builtin_fma(p, r, 1.0 / 120.0);
    p = __builtin_fma(p, r, 1.0 / 24.0);
    p = __builtin_fma(p, r, 1.0 / 6.0);
    p = __builtin_fma(p, r, 0.5);
    p = __builtin_fma(p, r, 1.0);
    p = __builtin_fma(p, r, 1.0);
    return p * dendroflow_double((dendroflow_bits(shifted) + 1023) << 52);
}

// ln x = k ln 2 + 2 artanh s with x = 2^k m, sqrt(1/2) <= m < sqrt(2), s = (m - 1) / (m + 1).
DENDROFLOW_INLINE double dendroflow_log(double x) {
    const double tiny = 0x1p-1022, whole = 0x1p54;
    const double scaled = x < tiny ? x * whole : x;
    const unsigned long long half = 0x3fe6a09e667f3bcdULL, one = 1023ULL << 52;
    const unsigned long long bits = dendroflow_bits(scaled);
    const unsigned long long exponent = (bits - half + one) >> 52;  // k + 1023
    const double m = dendroflow_double(bits - (exponent << 52) + one);
    const double round = 0x1.8p52;
    double k = dendroflow_double(dendroflow_bits(round) + exponent) - (round + 1023.0);
    k = x < tiny ? k - 54.0 : k;
    const double f = m - 1.0, s = f / (2.0 + f), z = s * s;
    double p = 1.0 / 23.0;
    p = __builtin_fma(p, z, 1.0 / 21.0);
    p = __builtin_fma(p, z, 1.0 / 19.0);
    p = __builtin_fma(p, z, 1.0 / 17.0);
    p = __builtin_fma(p, z, 1.0 / 15.0);
    p = __builtin_fma(p, z, 1.0 / 13.0);
    p = __builtin_fma(p, z, 1.0 / 11.0);
    p = __builtin_fma(p, z, 1.0 / 9.0);
    p = __builtin_fma(p, z, 1.0 / 7.0);
    p = __builtin_fma(p, z, 1.0 / 5.0);
    p = __builtin_fma(p, z, 1.0 / 3.0);
    // 2 s = f - s f, since f is exact.
    const double rest = __builtin_fma(2.0 * s * z, p, __builtin_fma(k, 0x1.abc9e3b39803fp-56, -s * f));
    double found = __builtin_fma(k, 0x1.62e42fefa39efp-1, f + rest);
    found = x > 1.7976931348623157e308 ? x : found;
    found = x == 0.0 ? -__builtin_inf() : found;
    return x >= 0.0 ? found : __builtin_nan("");
}

// A whole exponent that is known when compiling becomes products, a base that is known its
// logarithm; anything else stays a call of the library.
DENDROFLOW_INLINE double dendroflow_pow(double base, double exponent) {
    if (__builtin_constant_p(exponent) && exponent == (int) exponent && exponent >= -16 &&
        exponent <= 16) {
        double product = 1.0;
        for (int i = 0; i < (exponent < 0 ? -exponent : exponent); ++i) {
            product *= base;
        }
        return exponent < 0 ? 1.0 / product : product;
    }
    if (__builtin_constant_p(base) && base > 0.0) {
        return dendroflow_exp(exponent * __builtin_log(base));
    }
    return __builtin_pow(base, exponent);
}

// Float and integer arguments, too, as those of <cmath>.
namespace std {
using ::dendroflow_exp;
using ::dendroflow_log;
using ::dendroflow_pow;
}  // namespace std
#define exp dendroflow_exp
#define log dendroflow_log
#define pow dendroflow_pow
