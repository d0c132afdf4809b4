/* SPDX-License-Identifier: MIT */
/* Which libseq this is. */
#ifndef SEQ_VERSION_H
#define SEQ_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0"; a constant of the library, not of the header. */
const char *seq_version(void);

#ifdef __cplusplus
}
#endif
#endif
