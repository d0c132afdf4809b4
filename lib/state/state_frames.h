/* SPDX-License-Identifier: MIT */
/* The frames of a state, for writer and reader alike. */
#ifndef STATE_FRAMES_H
#define STATE_FRAMES_H

#include "base/hash.h"
#include "state/state.h"

enum { SEQP_COMMIT_BYTES = 64, SEQP_COMMIT_VERSION = 1, SEQP_COMMIT_LOGITS = 1 };

/* The header a fixed array (n blocks of keys or values) must have; payload not set. */
void seqp_fixed_frame(seq_frame *f, const seqp_fixed_spec *spec, size_t layer, size_t index);
void seqp_kv_frame(seq_frame *f, const seqp_state_spec *spec, size_t layer, int values, size_t n);
/* Role, layer, type, shape and payload go into the digest of the commit. */
void seqp_digest_frame(seqp_digest *d, const seq_frame *f);

#endif
