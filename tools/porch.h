/* SPDX-License-Identifier: MIT */
/* What the files of the porch share; tools see tool.h only. */
#ifndef PORCH_H
#define PORCH_H

#include "tool.h"

void porch_file_start(void);                     /* clean-up on exit and on signals */
int porch_said(void);                            /* was a failure printed already? */
void porch_time_start(void);                     /* the clock of progress and summary */
void porch_keep_line(int argc, char **argv);     /* the command line, for the provenance */

/* The provenance: what came in, and a line of our own; "" with --no-provenance.  The caller frees it. */
char *porch_provenance(const seq_origin *in, const uint8_t fingerprint[16]);

void porch_fingerprint_text(const uint8_t f[16], char out[33]);
int porch_fingerprint_zero(const uint8_t f[16]);

#endif
