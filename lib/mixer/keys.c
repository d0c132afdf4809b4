/* SPDX-License-Identifier: MIT */
/* Keys and values for other mixers: written into the layer's cache, read by softmax mixers whose number "kv_from" is
 * this layer.  You Only Cache Once: Sun et al., 2024.  The input is passed on as it is. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "kernel/attn.h"
#include "kernel/vec.h"
#include "layer/bind.h"
#include "layer/linear.h"
#include "layer/rope.h"
#include "mixer/mixer.h"

struct keys {
	seqp_linear k, v;
	size_t heads, d, dv, width;
	int rope;
	size_t rope_index, pairs;
	size_t pk, pv; /* places in the shared scratch */
};

static int open_rope(struct keys *s, const seqp_bind *b, seq_error *err)
{
	double r = seqp_bind_global(b, "rope.dim", 0);
	if (!s->rope)
		return 0;
	r = r > 0 ? r : (double)s->d;
	if (r > (double)s->d || r != 2 * floor(r / 2))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: rope.dim %g does not fit heads of %zu", (long long)b->layer, r, s->d);
	s->pairs = (size_t)r / 2;
	return seqp_rope_open(b, (size_t)r, &s->rope_index, err);
}

static int open(void **self, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	struct keys *s = seqp_arena_alloc(b->arena, 1, sizeof *s);
	int64_t heads, d, dv, rope;
	int rc;
	if (!s)
		return seqp_nomem(err, sizeof *s);
	if ((rc = seqp_bind_int(b, "kv_heads", 0, 1, 65536, &heads, err)) < 0 ||
	    (rc = seqp_bind_int(b, "head_dim", b->width / heads, 1, 65536, &d, err)) < 0 ||
	    (rc = seqp_bind_int(b, "v_head_dim", d, 1, 65536, &dv, err)) < 0 ||
	    (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0)
		return rc;
	*s = (struct keys){.heads = (size_t)heads, .d = (size_t)d, .dv = (size_t)dv, .width = (size_t)b->width, .rope = (int)rope};
	if (b->in != b->width)
		return seqp_bind_fail(b, "", err, "reads another width than that of the model");
	if ((rc = seqp_linear_open(b, "k", heads * d, b->in, 1, &s->k, err)) < 0 ||
	    (rc = seqp_linear_open(b, "v", heads * dv, b->in, 1, &s->v, err)) < 0 || (rc = open_rope(s, b, err)) < 0 ||
	    (rc = seqp_spec_kv(spec, s->heads, s->d, s->dv, 0, b->kv_dtype, err)) < 0)
		return rc;
	size_t at = 0;
	s->pk = seqp_place(&at, b->max_rows * s->k.out, 4);
	s->pv = seqp_place(&at, b->max_rows * s->v.out, 4);
	seqp_raise(&b->needs->shared, at);
	*self = s;
	return 0;
}

static void keep(const struct keys *s, const seqp_ctx *ctx, seqp_slot *slot, size_t row, size_t head, float *k, const float *v)
{
	int64_t pos = ctx->batch->row_pos[row], block = pos / SEQK_ATTN_BLOCK;
	size_t j = (size_t)(pos % SEQK_ATTN_BLOCK);
	seqp_rope_turn(ctx, s->rope_index, s->rope, row, k, s->pairs);
	seqk_attn_put_key(slot->spec->dtype, seqp_kv_keys(slot, block, head), j, k, s->d);
	seqk_attn_put_value(slot->spec->dtype, seqp_kv_values(slot, block, head), j, v, s->dv);
}

static void run(const void *self, const seqp_ctx *ctx, seqp_slot *const *state, const float *x, float *y)
{
	const struct keys *s = self;
	size_t rows = ctx->batch->rows, i0, i1;
	float *k = (void *)(ctx->shared + s->pk), *v = (void *)(ctx->shared + s->pv);
	seqk_act a;
	seqp_linear_act(ctx, &a, x, s->width, rows, s->width, s->k.q || s->v.q);
	seqp_linear_share(ctx, &s->k, &a, k, s->k.out);
	seqp_linear_share(ctx, &s->v, &a, v, s->v.out);
	seqp_team_barrier(&ctx->lane);
	seqp_lane_split(&ctx->lane, rows * s->heads, 1, &i0, &i1);
	for (size_t i = i0; i < i1; i++)
		keep(s, ctx, state[ctx->batch->row_seq[i / s->heads]], i / s->heads, i % s->heads, k + i * s->d, v + i * s->dv);
	seqp_linear_columns(&ctx->lane, s->width, &i0, &i1);
	for (size_t r = 0; r < rows && y != x; r++)
		memcpy(y + r * s->width + i0, x + r * s->width + i0, (i1 - i0) * sizeof *y);
}

const seqp_mixer_row seqp_mixer_keys = {
	.name = "keys",
	.paper = "Sun et al., You Only Cache Once, 2024",
	.open = open,
	.run = run,
};
