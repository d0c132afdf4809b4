/* SPDX-License-Identifier: MIT */
/* What the files of seqstat share. */
#ifndef SEQSTAT_H
#define SEQSTAT_H

#include <stdio.h>

#include "seq/frame.h"

/* Options. */
extern int stat_check, stat_json;

/* Reads the stream on fd to its end and says what is in it. */
void stat_stream(int fd, const char *name);

/* Says what is in the model at path. */
void stat_model(const char *path);

/* --- counting ----------------------------------------------------------------- */

/* Frames alike but for their sequence, layer and first dimension. */
typedef struct stat_group {
	seq_frame like;
	uint64_t frames, raw, stored;
	uint32_t layer[2], dim0[2]; /* least, greatest */
	int rest;                   /* the row that takes what found no row */
} stat_group;

typedef struct stat_seq {
	uint32_t seq;
	uint64_t fresh, past;       /* tokens */
	uint64_t raw, arrays, run;  /* of the state; run: tokens it stands after */
	uint32_t layers, commits, notes;
} stat_seq;

typedef struct stat_tally {
	uint64_t frames, raw, stored, first, last; /* first, last: frame numbers of the stream */
	uint32_t parts;
	stat_group *group;
	size_t ngroups, group_cap;
	stat_seq *seq;
	size_t nseqs, seq_cap;
} stat_tally;

void tally_frame(stat_tally *t, const seq_frame *f);
void tally_free(stat_tally *t);
void tally_print(FILE *o, const stat_tally *t);
void tally_json(FILE *o, const stat_tally *t);

#endif
