/* SPDX-License-Identifier: MIT */
/* Which tensor gets which type. */
#ifndef EXPORT_MIX_H
#define EXPORT_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"

typedef struct seqp_mix seqp_mix;

/* A mix by its name; NULL: none. */
const seqp_mix *seqp_mix_find(const char *name);
const char *seqp_mix_name(size_t i); /* NULL past the last */
int seqp_mix_base(const seqp_mix *m);
uint32_t seqp_mix_file_type(const seqp_mix *m); /* general.file_type */

/* What a rule may look at. */
typedef struct seqp_place {
	const char *name;      /* of the tensor */
	int64_t layer, layers; /* -1: of no layer */
	double gqa;            /* query heads for each key head */
	bool tied;             /* there is no output.weight: the embedding serves */
	int64_t cols;
} seqp_place;

/* The type of a matrix by the mix, with what its columns allow: whole blocks, else the next finer type with blocks
 * of 32, else F16.  pure: the base for all. */
int seqp_mix_type(const seqp_mix *m, const seqp_place *p, bool pure);
/* The same for a type that was asked for. */
int seqp_type_that_fits(int dtype, int64_t cols);

/* Is a tensor with this name and rank a matrix to be quantised?  Not vectors, norms, convolutions, routers,
 * positions, and what recurrences hold beside their projections. */
bool seqp_is_matrix(const char *name, int rank);

#endif
