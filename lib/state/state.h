/* SPDX-License-Identifier: MIT */
/* What remains of a sequence: per layer a slot of arrays, declared by the mixer.
 *
 * Two sorts of array:
 *  fixed  floats of a fixed shape (recurrent state, convolution history);
 *  kv     keys and values by blocks of 64 positions (kernel/attn.h), growing;
 *         with a window, blocks no query can see any more are given back.
 *
 * A run on a state: prepare (all memory, may fail, changes nothing that counts), then per chunk
 * extend, compute, advance (none of which can fail), then settle.
 *
 * Positions never run hold zeros, also after a rollback: a state's bytes depend on its tokens alone. */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "seq/error.h"
#include "seq/state.h"

enum { SEQP_SLOT_FIXED = 8 };

typedef struct seqp_fixed_spec {
	const char *name; /* "conv", "ssm": goes into error sentences */
	size_t dim[3];    /* outermost first, unused 1; the shape in the stream */
	float start;      /* every element of an empty sequence */
} seqp_fixed_spec;

typedef struct seqp_state_spec {
	size_t nfixed;
	seqp_fixed_spec fixed[SEQP_SLOT_FIXED];
	/* kv: heads == 0 means none */
	size_t heads, d, dv;
	int64_t window; /* 0: all */
	int dtype;      /* of the cache */
	size_t key_bytes, value_bytes; /* of a head in a block; set by seqp_spec_kv */
} seqp_state_spec;

/* Declares keys and values; SEQ_E_ARG when they cannot be kept so. */
int seqp_spec_kv(seqp_state_spec *s, size_t heads, size_t d, size_t dv, int64_t window, int dtype, seq_error *err);
/* Declares one more fixed array and returns its index in seqp_slot.fixed; beyond SEQP_SLOT_FIXED only nfixed grows, which
 * whoever opened the mixers must refuse. */
size_t seqp_spec_fixed(seqp_state_spec *s, const char *name, size_t d0, size_t d1, size_t d2, float start);
size_t seqp_fixed_count(const seqp_fixed_spec *f);

/* What all states of a net have in common; shared and counted. */
typedef struct seqp_plan {
	size_t layers;
	seqp_state_spec *spec; /* [layers] */
	size_t vocab;
	int kv_dtype;
	int64_t frozen;        /* of the ropes (layer/rope.h) */
	int users;             /* atomically */
} seqp_plan;

seqp_plan *seqp_plan_new(size_t layers); /* one user; NULL: no memory */
seqp_plan *seqp_plan_share(seqp_plan *p);
void seqp_plan_free(seqp_plan *p);       /* one user less */

/* --- keys and values ------------------------------------------------------ */

typedef struct seqp_kv {
	int64_t first;    /* number of the first block held */
	size_t n;         /* blocks held */
	char **block;     /* [cap]: n held, then spares; each [heads] keys, then [heads] values */
	size_t spare, cap;
} seqp_kv;

typedef struct seqp_slot {
	const seqp_state_spec *spec;
	float *fixed[SEQP_SLOT_FIXED];
	seqp_kv kv;
} seqp_slot;

size_t seqp_kv_block_bytes(const seqp_state_spec *s);

/* Keys (values) of one head in block b (absolute number; must be held). */
static inline void *seqp_kv_keys(const seqp_slot *s, int64_t b, size_t head)
{
	return s->kv.block[b - s->kv.first] + head * s->spec->key_bytes;
}

static inline void *seqp_kv_values(const seqp_slot *s, int64_t b, size_t head)
{
	return s->kv.block[b - s->kv.first] + s->spec->heads * s->spec->key_bytes + head * s->spec->value_bytes;
}

/* First block a query at position pos can still see. */
int64_t seqp_kv_floor(const seqp_state_spec *s, int64_t pos);
/* Memory for positions [len, len + n) run in chunks of at most chunk; pinned: a mark keeps the window from moving. */
int seqp_kv_prepare(seqp_slot *s, int64_t len, int64_t n, int64_t chunk, int pinned, seq_error *err);
void seqp_kv_extend(seqp_slot *s, int64_t len);             /* blocks up to position len - 1 are held */
void seqp_kv_release(seqp_slot *s, int64_t first);          /* blocks below first become spares */
void seqp_kv_cut(seqp_slot *s, int64_t len, int64_t old);   /* positions len and later are unwritten again */
void seqp_kv_trim(seqp_slot *s, size_t spare);              /* frees spares beyond so many */
void seqp_kv_free(seqp_slot *s);

/* --- a sequence ------------------------------------------------------------- */

struct seq_mark {
	seq_mark *next;
	int64_t len;
	int lost;        /* rolled back behind it */
	float *logits;   /* or NULL */
	float *fixed;    /* all fixed arrays of all layers */
};

struct seqp_loading; /* state_load.c */

struct seq_state {
	seqp_plan *plan;
	int64_t len;
	seqp_slot *slot;      /* [layers] */
	float *fixed;         /* their fixed arrays, one block */
	size_t fixed_count;
	float *logits;        /* [vocab], or NULL when never asked for */
	int has_logits, busy; /* busy: in a run being checked */
	seq_mark *marks;
	struct seqp_loading *loading;
};

int seqp_state_new(seq_state **out, seqp_plan *plan, seq_error *err);
/* Memory for n more tokens (and logits): on failure the state is as before. */
int seqp_state_prepare(seq_state *s, int64_t n, int64_t chunk, int logits, seq_error *err);
void seqp_state_extend(seq_state *s, int64_t n);
void seqp_state_advance(seq_state *s, int64_t n);
void seqp_state_settle(seq_state *s);
/* As new. */
void seqp_state_clear(seq_state *s);
void seqp_state_start(seq_state *s); /* fixed arrays take their start values */
/* The first block that must stay held, for the tokens run and the live marks. */
int64_t seqp_state_floor(const seq_state *s, const seqp_state_spec *spec, int64_t len);
void seqp_loading_free(seq_state *s);

/* Roles of SEQ_STATE frames: see seq-stream(5). */
enum { SEQP_ROLE_KEYS = 1, SEQP_ROLE_VALUES = 2, SEQP_ROLE_LOGITS = 3, SEQP_ROLE_FIXED = 16 };

#endif
