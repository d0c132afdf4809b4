/* SPDX-License-Identifier: MIT */
/* What remains of a sequence after its tokens were run.
 *
 * A state is made by seq_state_new() (seq/net.h) and grown by seq_net_run().  It can be
 * marked and rolled back, copied, saved as frames and loaded again; each gives the same bits
 * as if nothing had been done.
 *
 *     seq_mark *before;
 *     seq_state_mark(&before, s, &err);
 *     ...                                    // run a guess
 *     seq_state_rollback(s, before, &err);   // it never happened
 *     seq_mark_free(s, before);
 *
 * One thread per state. */
#ifndef SEQ_STATE_H
#define SEQ_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "seq/error.h"
#include "seq/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct seq_state seq_state;

void seq_state_free(seq_state *s);
int64_t seq_state_len(const seq_state *s);         /* tokens run so far */
size_t seq_state_bytes(const seq_state *s);        /* memory held */
/* Logits after the last token, float32 [V]; NULL when none are held. */
const float *seq_state_logits(const seq_state *s);

/* A point to come back to.  Cheap: attention caches are cut, recurrent states copied. */
typedef struct seq_mark seq_mark;
int seq_state_mark(seq_mark **out, seq_state *s, seq_error *err) SEQ_MUST_USE;
int seq_state_rollback(seq_state *s, const seq_mark *m, seq_error *err) SEQ_MUST_USE;
void seq_mark_free(seq_state *s, seq_mark *m);
/* An independent copy. */
int seq_state_copy(seq_state **out, const seq_state *s, seq_error *err) SEQ_MUST_USE;

/* The state as frames of sequence seq, ending with a commit frame. */
int seq_state_save(const seq_state *s, seq_writer *w, uint32_t seq, seq_error *err) SEQ_MUST_USE;
/* Feeds one SEQ_STATE or SEQ_COMMIT frame; returns 1 when the commit closed the
 * state (it is then ready to run), 0 when more is to come. */
int seq_state_load(seq_state *s, const seq_frame *f, seq_error *err) SEQ_MUST_USE;
/* The type of cache that a SEQ_STATE frame of keys or values was made with (seq_net_opts.kv_dtype);
 * -1: the frame holds neither. */
int seq_state_kv(const seq_frame *f);

#ifdef __cplusplus
}
#endif
#endif
