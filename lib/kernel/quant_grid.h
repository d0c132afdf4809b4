/* SPDX-License-Identifier: MIT */
/* The lattices of the IQ types.  iq1, iq2*: eight values of 2 bits a word, lowest
 * first; iq3*: four values of 4 bits. */
#ifndef KERNEL_QUANT_GRID_H
#define KERNEL_QUANT_GRID_H

#include <stdint.h>

extern const uint16_t seqk_grid_iq1[2048];
extern const uint16_t seqk_grid_iq2xxs[256];
extern const uint16_t seqk_grid_iq2xs[512];
extern const uint16_t seqk_grid_iq2s[1024];
extern const uint16_t seqk_grid_iq3xxs[256];
extern const uint16_t seqk_grid_iq3s[512];

#endif
