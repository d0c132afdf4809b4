/* SPDX-License-Identifier: MIT */
/* exp(x) for x <= 0 in plain double operations, so that it has the same bits everywhere.
 *
 * x = k ln 2 + r with |r| <= ln 2 / 2; exp(r) by its Taylor polynomial of degree 13 (the rest is below 1e-17);
 * exact 0 below -708.  Error under 2 units in the last place. */
#ifndef GEN_EXP64_H
#define GEN_EXP64_H

#include <stdint.h>
#include <string.h>

static inline double seqp_exp64(double x)
{
	const double shift = 0x1.8p52; /* adding it rounds to a whole number */
	double xs = x < -708.0 ? -708.0 : x;
	double t = xs * 0x1.71547652b82fep0 + shift, k = t - shift;
	double r = (xs - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
	double p = 1.0 / 6227020800.0;
	p = p * r + 1.0 / 479001600.0;
	p = p * r + 1.0 / 39916800.0;
	p = p * r + 1.0 / 3628800.0;
	p = p * r + 1.0 / 362880.0;
	p = p * r + 1.0 / 40320.0;
	p = p * r + 1.0 / 5040.0;
	p = p * r + 1.0 / 720.0;
	p = p * r + 1.0 / 120.0;
	p = p * r + 1.0 / 24.0;
	p = p * r + 1.0 / 6.0;
	p = p * r + 0.5;
	p = p * r + 1.0;
	p = p * r + 1.0;
	uint64_t bits;
	memcpy(&bits, &t, sizeof bits);
	bits = (bits + 1023) << 52; /* the low bits of t hold k */
	double scale;
	memcpy(&scale, &bits, sizeof scale);
	return x < -708.0 ? 0.0 : p * scale;
}

#endif
