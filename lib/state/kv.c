/* SPDX-License-Identifier: MIT */
/* The growing half of a slot. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "kernel/attn.h"
#include "state/state.h"

enum { B = SEQK_ATTN_BLOCK, WIDEST = 1 << 16 };

int seqp_spec_kv(seqp_state_spec *s, size_t heads, size_t d, size_t dv, int64_t window, int dtype, seq_error *err)
{
	if (!heads || heads > WIDEST || !d || d > WIDEST || !dv || dv > WIDEST || window < 0)
		return seqp_fail(err, SEQ_E_ARG, "keys and values of %zu heads of %zu and %zu cannot be kept", heads, d, dv);
	if (s->heads)
		return seqp_fail(err, SEQ_E_ARG, "a layer keeps keys and values once");
	s->heads = heads;
	s->d = d;
	s->dv = dv;
	s->window = window;
	s->dtype = dtype;
	s->key_bytes = seqk_attn_key_bytes(dtype, d);
	s->value_bytes = seqk_attn_value_bytes(dtype, dv);
	if (!s->key_bytes || !s->value_bytes)
		return seqp_fail(err, SEQ_E_ARG, "a cache of this type cannot be kept; F32, F16, BF16 and Q8_0 can");
	return 0;
}

size_t seqp_kv_block_bytes(const seqp_state_spec *s)
{
	return s->heads * (s->key_bytes + s->value_bytes);
}

int64_t seqp_kv_floor(const seqp_state_spec *s, int64_t pos)
{
	int64_t lowest = s->window ? pos - s->window + 1 : 0;
	return lowest > 0 ? lowest / B : 0;
}

static int64_t blocks(int64_t len)
{
	return len / B + (len % B != 0);
}

static int add_spares(seqp_slot *s, size_t want, seq_error *err)
{
	seqp_kv *kv = &s->kv;
	size_t bytes = seqp_kv_block_bytes(s->spec);
	if (!seqp_grow(&kv->block, &kv->cap, kv->n + want, sizeof *kv->block))
		return seqp_nomem(err, want * sizeof *kv->block);
	while (kv->spare < want) {
		char *b = aligned_alloc(64, seqp_round_up(bytes, 64));
		if (!b)
			return seqp_nomem(err, bytes);
		kv->block[kv->n + kv->spare++] = b;
	}
	return 0;
}

int seqp_kv_prepare(seqp_slot *s, int64_t len, int64_t n, int64_t chunk, int pinned, seq_error *err)
{
	int64_t held = (int64_t)s->kv.n, need = blocks(len + n) - s->kv.first;
	if (!s->spec->heads || n <= 0)
		return 0;
	if (s->spec->window && !pinned) {
		/* the window and a chunk are all that is held at once */
		int64_t most = (s->spec->window + chunk) / B + 3;
		if (need > most)
			need = most;
	}
	size_t had = s->kv.spare;
	int rc = need > held ? add_spares(s, (size_t)(need - held), err) : 0;
	if (rc < 0)
		seqp_kv_trim(s, had);
	return rc;
}

void seqp_kv_extend(seqp_slot *s, int64_t len)
{
	seqp_kv *kv = &s->kv;
	while (s->spec->heads && kv->first + (int64_t)kv->n < blocks(len)) {
		memset(kv->block[kv->n], 0, seqp_kv_block_bytes(s->spec));
		kv->n++;
		kv->spare--;
	}
}

void seqp_kv_release(seqp_slot *s, int64_t first)
{
	seqp_kv *kv = &s->kv;
	size_t all = kv->n + kv->spare;
	if (!s->spec->heads)
		return;
	if (!kv->n) {
		kv->first = first > kv->first ? first : kv->first;
		return;
	}
	while (kv->first < first && kv->n) {
		char *b = kv->block[0];
		memmove(kv->block, kv->block + 1, (all - 1) * sizeof *kv->block);
		kv->block[all - 1] = b;
		kv->first++;
		kv->n--;
		kv->spare++;
	}
}

/* Makes slots [from, to) of a block as if never written. */
static void blank(const seqp_slot *s, int64_t block, size_t from, size_t to, const float *zero)
{
	for (size_t h = 0; h < s->spec->heads; h++)
		for (size_t j = from; j < to; j++) {
			seqk_attn_put_key(s->spec->dtype, seqp_kv_keys(s, block, h), j, zero, s->spec->d);
			seqk_attn_put_value(s->spec->dtype, seqp_kv_values(s, block, h), j, zero, s->spec->dv);
		}
}

void seqp_kv_cut(seqp_slot *s, int64_t len, int64_t old)
{
	static float zero[WIDEST]; /* never written */
	seqp_kv *kv = &s->kv;
	if (!s->spec->heads || old <= len)
		return;
	while (kv->n && kv->first + (int64_t)kv->n > blocks(len)) {
		kv->n--;
		kv->spare++;
	}
	if (kv->n && len % B)
		blank(s, len / B, (size_t)(len % B), old / B > len / B ? B : (size_t)(old % B), zero);
}

void seqp_kv_trim(seqp_slot *s, size_t spare)
{
	seqp_kv *kv = &s->kv;
	while (kv->spare > spare)
		free(kv->block[kv->n + --kv->spare]);
}

void seqp_kv_free(seqp_slot *s)
{
	seqp_kv *kv = &s->kv;
	for (size_t i = 0; i < kv->n + kv->spare; i++)
		free(kv->block[i]);
	free(kv->block);
	*kv = (seqp_kv){0};
}
