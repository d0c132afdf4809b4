/* SPDX-License-Identifier: MIT */
/* Binding a linear-attention mixer: sizes, the operator's inputs one by one, its states, the output. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/size.h"
#include "layer/rope.h"
#include "mixer/linmix.h"

enum { NAME = 48, BIGGEST = 1 << 20 };

static const struct {
	char letter;
	const char *key;
	int64_t most;
} sizes[] = {{'H', "heads", 65536}, {'K', "head_dim", 4096}, {'V', "v_head_dim", 4096}, {'M', "slots", 4096}, {'N', "steps", 64},
	{'C', "inner", 1 << 24}};

static bool uses(const seqp_op_row *op, char letter)
{
	for (const seqp_op_array *a = op->in; a->name; a++)
		if (strchr(a->dims, letter))
			return true;
	return false;
}

static int read_sizes(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t *dim = &m->call.dim[sizes[i].letter - 'A'];
		int64_t n, dflt = sizes[i].letter == 'V' ? (int64_t)seqp_op_dim(&m->call, 'K') : 0;
		if (!uses(m->sys->op, sizes[i].letter))
			continue;
		int rc = seqp_bind_int(b, sizes[i].key, dflt, 1, sizes[i].most, &n, err);
		if (rc < 0)
			return rc;
		*dim = (size_t)n;
	}
	m->heads = m->sys->op->split ? seqp_op_dim(&m->call, m->sys->op->split) : 1;
	return 0;
}

static int read_numbers(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	const seqp_op_number *n = m->sys->op->number;
	for (size_t i = 0; n && n[i].name; i++) {
		double v = seqp_bind_number(b, n[i].name, n[i].dflt);
		if (!isnan(v) && !(v >= n[i].lo && v <= n[i].hi))
			return seqp_fail(err, SEQ_E_UNSUPPORTED, "layer %lld: %s.%s is %g, outside %g to %g", (long long)b->layer,
			                 b->role, n[i].name, v, n[i].lo, n[i].hi);
		m->call.number[i] = v;
	}
	int64_t norm, rope, tiled, map, silu;
	int rc;
	if ((rc = seqp_bind_int(b, "qk_norm", 0, 0, 3, &norm, err)) < 0 || (rc = seqp_bind_int(b, "rope", 0, 0, 2, &rope, err)) < 0 ||
	    (rc = seqp_bind_int(b, "conv.silu", 0, 0, 1, &silu, err)) < 0 ||
	    (rc = seqp_bind_int(b, "tiled", 0, 0, 1, &tiled, err)) < 0 ||
	    (rc = seqp_bind_int(b, "o.map", 0, 0, SEQP_MAP_ELU1, &map, err)) < 0)
		return rc;
	m->qk_norm = (enum seqp_linmix_unit)norm, m->rope = (int)rope, m->tiled = tiled != 0, m->conv_silu = silu != 0, m->o_map = (enum seqp_linmix_map)map;
	m->unit_eps = (float)seqp_bind_number(b, "qk_norm.eps", 1e-6);
	m->eps = (float)seqp_bind_number(b, "norm_eps", seqp_bind_global(b, "norm_eps", 1e-5));
	return m->sys->op->check ? m->sys->op->check(&m->call, err) : 0;
}

/* From "THK": blocks before H, heads, floats behind H. */
static void measure(const seqp_linmix_state *m, const char *dims, seqp_linmix_stream *s)
{
	s->blocks = s->heads = s->high = 1;
	bool behind = !strchr(dims, 'H');
	for (const char *p = dims + (*dims == 'T'); *p; p++) {
		size_t n = seqp_op_dim(&m->call, *p);
		if (*p == 'H')
			s->heads = n, behind = true;
		else if (behind)
			s->high *= n;
		else
			s->blocks *= n;
	}
	s->wide = s->high;
}

static const char *name_of(const seqp_bind *b, const char *stream, const char *end)
{
	char name[NAME];
	snprintf(name, sizeof name, "%s%s", stream, end);
	const char *kept = seqp_arena_strdup(b->arena, name, strlen(name));
	return kept ? kept : "";
}

static int open_projection(seqp_linmix_state *m, const seqp_bind *b, seqp_linmix_stream *s, seq_error *err)
{
	int64_t in = b->in;
	const seqp_view *low = seqp_bind_weight(b, name_of(b, s->name, ".0"));
	if (low) {
		if (low->rows < 1 || low->rows > BIGGEST)
			return seqp_bind_fail(b, name_of(b, s->name, ".0"), err, "has an absurd shape");
		int rc = seqp_linear_open(b, name_of(b, s->name, ".0"), low->rows, b->in, 1, &s->low, err);
		if (rc < 0)
			return rc;
		in = low->rows;
		m->low = true;
	}
	return seqp_linear_open(b, s->name, (int64_t)s->cols, in, 1, &s->w, err);
}

/* -1: as the weights are. */
static int open_conv(const seqp_bind *b, seqp_linmix_stream *s, seqp_state_spec *spec, seq_error *err)
{
	int64_t K;
	const char *role = name_of(b, s->name, ".conv.w");
	const seqp_view *v = seqp_bind_weight(b, role);
	int rc = seqp_bind_int(b, "conv", -1, -1, 8, &K, err);
	if (rc < 0 || K == 0 || (K < 0 && !v))
		return rc;
	if (K < 0)
		K = v->cols;
	if (K < 2 || K > 8)
		return seqp_bind_fail(b, role, err, "has a width that is not 2 to 8");
	if ((rc = seqp_bind_vector(b, role, (int64_t)s->cols * K, 1, &s->conv, err)) < 0)
		return rc;
	s->K = (size_t)K;
	s->fconv = seqp_spec_fixed(spec, name_of(b, "conv_", s->name), s->cols, s->K - 1, 1, 0);
	return seqp_bind_vector(b, name_of(b, s->name, ".conv.b"), (int64_t)s->cols, 0, &s->conv_b, err);
}

static int open_rope(seqp_linmix_state *m, const seqp_bind *b, size_t wide, seq_error *err)
{
	double r = seqp_bind_global(b, "rope.dim", 0);
	if (!m->rope)
		return 0;
	r = r > 0 ? r : (double)wide;
	if (r > (double)wide || r != 2 * floor(r / 2))
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: rope.dim %g does not fit heads of %zu", (long long)b->layer, r, wide);
	m->pairs = (size_t)r / 2;
	return seqp_rope_open(b, (size_t)r, &m->rope_index, err);
}

static int open_unit(seqp_linmix_state *m, const seqp_bind *b, seqp_linmix_stream *s, seq_error *err)
{
	int64_t norm;
	int rc = seqp_bind_int(b, name_of(b, s->name, ".norm"), m->qk_norm, SEQP_UNIT_NONE, SEQP_UNIT_RMS, &norm, err);
	if (rc < 0 || (rc = open_rope(m, b, s->high, err)) < 0)
		return rc;
	s->unit_norm = (enum seqp_linmix_unit)norm;
	s->unit = s->unit_norm || m->rope || m->sys->feature;
	if (s->unit_norm != SEQP_UNIT_RMS)
		return 0;
	return seqp_bind_vector(b, name_of(b, s->name, "_norm.w"), (int64_t)s->high, 1, &s->norm, err);
}

static int open_heads(seqp_linmix_state *m, const seqp_bind *b, const seqp_linmix_input *in, seqp_linmix_stream *s, seq_error *err)
{
	int64_t heads, wide, H = (int64_t)s->heads;
	int rc = seqp_bind_int(b, name_of(b, s->name, ".heads"), H, 1, H, &heads, err);
	if (rc < 0)
		return rc;
	if (H % heads)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld heads of %s do not serve %lld evenly", (long long)b->layer,
		                 (long long)heads, s->name, (long long)H);
	s->apart = heads != H;
	if (m->sys->feature && (in->how & SEQP_UNIT)) {
		if ((rc = seqp_bind_int(b, "feature_in", (int64_t)s->high, 1, 4096, &wide, err)) < 0)
			return rc;
		s->wide = (size_t)wide;
		s->apart = true;
	}
	s->heads = (size_t)heads;
	s->cols = s->blocks * s->heads * s->wide;
	m->prepares = m->prepares || s->apart || m->sys->head;
	return 0;
}

static int open_stream(seqp_linmix_state *m, const seqp_bind *b, const seqp_linmix_input *in, seqp_linmix_stream *s,
                       seqp_state_spec *spec, seq_error *err)
{
	int rc = open_heads(m, b, in, s, err);
	s->map = in->map;
	s->there = true;
	if (rc >= 0 && !(in->how & SEQP_DERIVED)) {
		if ((rc = open_projection(m, b, s, err)) < 0 || (rc = seqp_linmix_map_open(b, s, err)) < 0)
			return rc;
		if (in->how & SEQP_CONVOLVED)
			rc = open_conv(b, s, spec, err);
	}
	if (rc >= 0 && (in->how & SEQP_UNIT))
		rc = open_unit(m, b, s, err);
	m->prepares = m->prepares || s->unit;
	return rc;
}

static const seqp_linmix_input *input(const seqp_linmix *sys, const char *name)
{
	for (const seqp_linmix_input *i = sys->in; i->name; i++)
		if (!strcmp(i->name, name))
			return i;
	return NULL;
}

/* 1: the input is there or has to be; 0: it is left out. */
static int wanted(const seqp_bind *b, const seqp_op_array *a, unsigned how, seq_error *err)
{
	int64_t use = -1;
	int rc = (a->how & SEQP_OP_OPT) ? seqp_bind_int(b, name_of(b, a->name, ".use"), -1, -1, 1, &use, err) : 0;
	if (rc < 0 || (how & SEQP_SET))
		return rc;
	return !(a->how & SEQP_OP_OPT) || (how & SEQP_DERIVED) || use > 0 || (use < 0 && seqp_bind_weight(b, a->name));
}

static int open_inputs(seqp_linmix_state *m, const seqp_bind *b, seqp_state_spec *spec, seq_error *err)
{
	static const seqp_linmix_input plain = {0};
	for (size_t i = 0; i < SEQP_OP_IN && m->sys->op->in[i].name; i++) {
		const seqp_op_array *a = &m->sys->op->in[i];
		const seqp_linmix_input *how = input(m->sys, a->name);
		seqp_linmix_stream *s = &m->in[i];
		int rc;
		s->name = a->name;
		measure(m, a->dims, s);
		how = how ? how : &plain;
		if ((rc = wanted(b, a, how->how, err)) <= 0) {
			if (rc < 0)
				return rc;
			continue;
		}
		if (*a->dims == 'T')
			rc = open_stream(m, b, how, s, spec, err);
		else
			rc = seqp_bind_vector(b, a->name, (int64_t)(s->blocks * s->heads * s->high), 1, &m->call.in[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int open_norm(seqp_linmix_state *m, const seqp_bind *b, int64_t dflt, seq_error *err)
{
	int64_t groups, W = (int64_t)m->width;
	int rc = seqp_bind_int(b, "norm", dflt, 0, W, &groups, err);
	if (rc < 0 || !groups)
		return rc;
	if (W % groups)
		return seqp_fail(err, SEQ_E_FORMAT, "layer %lld: %lld groups do not divide %lld columns", (long long)b->layer,
		                 (long long)groups, (long long)W);
	m->group = (size_t)(W / groups);
	const seqp_view *v = seqp_bind_weight(b, "norm.w");
	m->norm_n = v && v->rows * v->cols == W ? m->width : m->group;
	rc = seqp_bind_vector(b, "norm.w", (int64_t)m->norm_n, 0, &m->norm, err);
	if (rc < 0 || (rc = seqp_bind_vector(b, "norm.b", (int64_t)m->norm_n, 0, &m->norm_b, err)) < 0)
		return rc;
	m->mean = m->norm_b || seqp_bind_number(b, "norm_mean", 0) != 0;
	return 0;
}

/* o, its norm, its gate. */
static int open_output(seqp_linmix_state *m, const seqp_bind *b, seq_error *err)
{
	seqp_linmix_stream *g = &m->in[SEQP_LINMIX_GATE], o;
	int64_t gate;
	measure(m, m->sys->op->out[0].dims, &o);
	m->width = o.blocks * o.heads * o.high;
	m->call.ldo[0] = m->width;
	int rc = open_norm(m, b, (int64_t)(m->sys->op->split == 'H' ? m->heads : 1), err);
	if (rc < 0 || (rc = seqp_bind_int(b, "gate", 0, 0, 1, &gate, err)) < 0)
		return rc;
	if (gate) {
		*g = (seqp_linmix_stream){.name = "gate", .blocks = 1, .heads = 1, .wide = m->width, .high = m->width, .cols = m->width,
			.map = SEQP_MAP_SILU, .there = true};
		if ((rc = open_projection(m, b, g, err)) < 0 || (rc = seqp_linmix_map_open(b, g, err)) < 0)
			return rc;
	}
	return seqp_linear_open(b, "o", b->width, (int64_t)m->width, 1, &m->o, err);
}

/* The value a state begins with; it has one. */
static int start_of(const seqp_linmix_state *m, int which, size_t n, float *start, seq_error *err)
{
	*start = 0;
	if (!m->sys->op->fresh)
		return 0;
	float *s = seqp_alloc(n, sizeof *s);
	if (!s)
		return seqp_nomem(err, n * sizeof *s);
	m->sys->op->fresh(&m->call, which, s);
	*start = s[0];
	free(s);
	return 0;
}

static int open_states(seqp_linmix_state *m, seqp_state_spec *spec, seq_error *err)
{
	for (int i = 0; i < SEQP_OP_STATE && m->sys->op->state[i].name; i++) {
		const seqp_op_array *a = &m->sys->op->state[i];
		size_t d[3] = {1, 1, 1}, n = strlen(a->dims);
		float start;
		for (size_t j = 0; j < n; j++)
			d[n > 3 && j ? j - (n - 3) : j] *= seqp_op_dim(&m->call, a->dims[j]);
		int rc = start_of(m, i, d[0] * d[1] * d[2], &start, err);
		if (rc < 0)
			return rc;
		m->fstate[i] = seqp_spec_fixed(spec, a->name, d[0], d[1], d[2], start);
	}
	return 0;
}

static void place(seqp_linmix_state *m, const seqp_bind *b)
{
	size_t at = 0, scratch = m->sys->op->scratch ? m->sys->op->scratch(&m->call) * sizeof(float) : 0;
	size_t H = seqp_op_dim(&m->call, 'H');
	for (int i = 0; i < SEQP_LINMIX_STREAMS; i++) {
		seqp_linmix_stream *s = &m->in[i];
		if (!s->there)
			continue;
		if (s->low.w.data)
			s->plow = seqp_place(&at, b->max_rows * s->low.out, 4);
		s->pcols = seqp_place(&at, b->max_rows * s->cols, 4);
		if (s->apart)
			s->papart = seqp_place(&at, b->max_rows * s->blocks * H * s->high, 4);
		if (i < SEQP_OP_IN)
			m->call.ld[i] = s->apart ? s->blocks * H * s->high : s->cols;
	}
	m->po = seqp_place(&at, b->max_rows * m->width, 4);
	seqp_raise(&b->needs->shared, at);
	m->pown = seqp_round_up(seqp_linear_own_bytes(m->width), 64);
	seqp_raise(&b->needs->own, m->pown + SEQP_OWN_ROWS * m->width * 4);
	seqp_raise(&b->needs->own, scratch);
}

int seqp_linmix_open(void **self, const seqp_bind *b, seqp_state_spec *spec, const seqp_linmix *sys, seq_error *err)
{
	seqp_linmix_state *m = seqp_arena_alloc(b->arena, 1, sizeof *m);
	int rc;
	if (!m)
		return seqp_nomem(err, sizeof *m);
	m->sys = sys;
	m->input = (size_t)b->in;
	if ((rc = read_sizes(m, b, err)) < 0 || (rc = read_numbers(m, b, err)) < 0 || (rc = open_inputs(m, b, spec, err)) < 0 ||
	    (rc = open_output(m, b, err)) < 0 || (rc = open_states(m, spec, err)) < 0 ||
	    (sys->open && (rc = sys->open(m, b, err)) < 0))
		return rc;
	place(m, b);
	*self = m;
	return 0;
}
