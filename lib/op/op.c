/* SPDX-License-Identifier: MIT */
/* seq/op.h: names and shapes in, a row of the table run on a team. */
#include "seq/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/team.h"
#include "op/op.h"

struct seq_op {
	const seqp_op_row *row;
	seqp_op_call call;
	const float *first[SEQP_OP_STATE]; /* initial states given; NULL: fresh */
	seq_tensor out[SEQP_OP_OUT], state[SEQP_OP_STATE];
	size_t T, step[SEQP_OP_IN], step_out[SEQP_OP_OUT]; /* floats of a token */
	seqp_team *team;
	float *scratch;
	size_t scratch_each;
	int started;
	int failed;
};

int seq_op_list(size_t i, seq_op_about *about)
{
	const seqp_op_row *r = seqp_op_at(i);
	if (r)
		*about = (seq_op_about){r->name, r->paper, r->bytes, r->cost, r->whole};
	return r != NULL;
}

static size_t count(const seqp_op_array *a)
{
	size_t n = 0;
	while (a && a[n].name)
		n++;
	return n;
}

static int array_slot(const char *kind, const seqp_op_array *a, seq_op_slot *slot)
{
	*slot = (seq_op_slot){kind, a->name, a->dims, NULL, a->how & SEQP_OP_OPT};
	return 1;
}

int seq_op_slots(const char *name, size_t i, seq_op_slot *slot)
{
	const seqp_op_row *r = seqp_op_find(name);
	if (!r)
		return 0;
	const seqp_op_array *list[3] = {r->in, r->state, r->out};
	static const char *const kind[3] = {"input", "state", "output"};
	for (int k = 0; k < 3; k++) {
		size_t n = count(list[k]);
		if (i < n)
			return array_slot(kind[k], list[k] + i, slot);
		i -= n;
	}
	for (const seqp_op_number *m = r->number; m && m->name; m++)
		if (i-- == 0) {
			*slot = (seq_op_slot){"number", m->name, "", m->about, !isnan(m->dflt)};
			return 1;
		}
	return 0;
}

int seq_op_open(seq_op **out, const char *name, seq_error *err)
{
	const seqp_op_row *row = seqp_op_find(name);
	if (!row)
		return seqp_fail(err, SEQ_E_ARG, "there is no mixer \"%s\"; --mixer list shows them", name);
	seq_op *op = calloc(1, sizeof *op);
	if (!op)
		return seqp_nomem(err, sizeof *op);
	op->row = row;
	for (size_t i = 0; row->number && row->number[i].name; i++)
		op->call.number[i] = row->number[i].dflt;
	*out = op;
	return 0;
}

void seq_op_close(seq_op *op)
{
	if (!op)
		return;
	for (size_t i = 0; i < SEQP_OP_OUT; i++)
		free(op->call.out[i]);
	for (size_t i = 0; i < SEQP_OP_STATE; i++)
		free(op->call.state[i]);
	seqp_team_free(op->team);
	free(op->call.made);
	free(op->scratch);
	free(op);
}

static int word(const seqp_op_number *m, const char *value, double *x)
{
	for (int i = 0; m->words && m->words[i]; i++)
		if (!strcmp(m->words[i], value)) {
			*x = i;
			return 1;
		}
	return 0;
}

int seq_op_set(seq_op *op, const char *key, const char *value, seq_error *err)
{
	const seqp_op_number *m = op->row->number;
	size_t i = 0;
	while (m && m[i].name && strcmp(m[i].name, key))
		i++;
	if (!m || !m[i].name)
		return seqp_fail(err, SEQ_E_ARG, "%s has no number \"%s\"", op->row->name, key);
	char *end;
	double x;
	if (!word(&m[i], value, &x)) {
		x = strtod(value, &end);
		if (m[i].words || end == value || *end)
			return seqp_fail(err, SEQ_E_ARG, "%s: \"%s\" is no value of %s", op->row->name, value, key);
	}
	if (!(x >= m[i].lo && x <= m[i].hi) && !m[i].words)
		return seqp_fail(err, SEQ_E_ARG, "%s: %s has to be between %g and %g", op->row->name, key, m[i].lo, m[i].hi);
	op->call.number[i] = x;
	return 0;
}

/* A digit stands for itself; 0: not known yet. */
static size_t size_of(const seqp_op_call *c, char letter)
{
	return letter <= '9' ? (size_t)(letter - '0') : c->dim[letter - 'A'];
}

/* Notes the sizes of t as those of the letters in dims. */
static int sizes(seq_op *op, const char *dims, const seq_tensor *t, seq_error *err)
{
	if (t->dtype != SEQ_F32 || (size_t)t->rank != strlen(dims))
		return seqp_fail(err, SEQ_E_FORMAT, "%s is %s of rank %d; wanted: F32 of rank %zu (%s)", t->name,
		                 seq_dtype_get(t->dtype) ? seq_dtype_get(t->dtype)->name : "?", t->rank, strlen(dims), dims);
	for (int i = 0; dims[i]; i++) {
		size_t n = (size_t)t->dim[i], known = size_of(&op->call, dims[i]);
		if (t->dim[i] < 1)
			return seqp_fail(err, SEQ_E_FORMAT, "%s is empty", t->name);
		if (known && known != n)
			return seqp_fail(err, SEQ_E_MISMATCH, "%s has %c = %zu where %zu is wanted", t->name, dims[i], n, known);
		if (!known)
			op->call.dim[dims[i] - 'A'] = n;
	}
	return 0;
}

static bool starts(const seqp_op_array *s, const char *name)
{
	size_t n = strlen(s->name);
	return s->from ? !strcmp(s->from, name) : !strncmp(s->name, name, n) && !strcmp(name + n, "0");
}

int seq_op_give(seq_op *op, const seq_tensor *t, seq_error *err)
{
	const seqp_op_row *r = op->row;
	for (size_t i = 0; r->in[i].name; i++)
		if (!strcmp(r->in[i].name, t->name)) {
			op->call.in[i] = t->data;
			return sizes(op, r->in[i].dims, t, err);
		}
	for (size_t i = 0; r->state && r->state[i].name; i++)
		if (starts(&r->state[i], t->name)) {
			op->first[i] = t->data;
			return sizes(op, r->state[i].dims, t, err);
		}
	return seqp_fail(err, SEQ_E_ARG, "%s has no input \"%s\"", r->name, t->name);
}

int seq_op_resume(seq_op *op, const seq_tensor *t, seq_error *err)
{
	const seqp_op_array *s = op->row->state;
	for (size_t i = 0; s && s[i].name; i++)
		if (!strcmp(s[i].name, t->name)) {
			op->first[i] = t->data;
			return sizes(op, s[i].dims, t, err);
		}
	return seqp_fail(err, SEQ_E_ARG, "%s has no state \"%s\"", op->row->name, t->name);
}

int seq_op_seek(seq_op *op, int64_t t, seq_error *err)
{
	if (t < 0 || op->started)
		return seqp_fail(err, SEQ_E_ARG, "%s cannot begin at token %lld", op->row->name, (long long)t);
	op->call.pos = t;
	return 0;
}

int64_t seq_op_done(const seq_op *op)
{
	return op->call.pos;
}

/* Floats of an array from its letter at on; 0: too many, or a size nobody knows. */
static size_t floats(const seq_op *op, const char *dims)
{
	size_t n = 1;
	for (; *dims; dims++)
		if (!seqp_mul(n, size_of(&op->call, *dims), &n) || !n || n > (size_t)1 << 40)
			return 0;
	return n;
}

static size_t token(const seq_op *op, const char *dims)
{
	return floats(op, dims + (*dims == 'T'));
}

/* An array of the op's own, described by t. */
static int own(seq_op *op, const seqp_op_array *a, seq_tensor *t, float **data, seq_error *err)
{
	size_t n = floats(op, a->dims);
	if (!n)
		return seqp_fail(err, SEQ_E_ARG, "%s: the size of %s (%s) does not follow from what was given; give %s0", op->row->name,
		                 a->name, a->dims, a->name);
	*data = seqp_alloc(n, sizeof **data);
	if (!*data)
		return seqp_nomem(err, n * sizeof **data);
	*t = (seq_tensor){.name = a->name, .dtype = SEQ_F32, .rank = (int)strlen(a->dims), .data = *data, .bytes = n * sizeof **data};
	for (int i = 0; i < t->rank; i++)
		t->dim[i] = (int64_t)size_of(&op->call, a->dims[i]);
	return 0;
}

static int inputs(seq_op *op, seq_error *err)
{
	const seqp_op_row *r = op->row;
	for (size_t i = 0; r->in[i].name; i++) {
		if (!op->call.in[i] && !(r->in[i].how & SEQP_OP_OPT))
			return seqp_fail(err, SEQ_E_ARG, "%s wants an input \"%s\" (%s)", r->name, r->in[i].name, r->in[i].dims);
		op->step[i] = op->call.ld[i] = r->in[i].dims[0] == 'T' ? token(op, r->in[i].dims) : 0;
	}
	return 0;
}

static int states(seq_op *op, seq_error *err)
{
	const seqp_op_row *r = op->row;
	int rc;
	for (size_t i = 0; r->state && r->state[i].name; i++) {
		float *s;
		if ((rc = own(op, &r->state[i], &op->state[i], &s, err)) < 0)
			return rc;
		op->call.state[i] = s;
		if (op->first[i])
			memcpy(s, op->first[i], op->state[i].bytes);
		else if (r->fresh)
			r->fresh(&op->call, (int)i, s);
	}
	return 0;
}

static int outputs(seq_op *op, seq_error *err)
{
	const seqp_op_row *r = op->row;
	int rc;
	for (size_t i = 0; r->out[i].name; i++) {
		if ((r->out[i].how & SEQP_OP_OPT) && !floats(op, r->out[i].dims))
			continue;
		if ((rc = own(op, &r->out[i], &op->out[i], &op->call.out[i], err)) < 0)
			return rc;
		op->step_out[i] = op->call.ldo[i] = r->out[i].dims[0] == 'T' ? token(op, r->out[i].dims) : 0;
	}
	return 0;
}

static int constants(seq_op *op, seq_error *err)
{
	const seqp_op_row *r = op->row;
	for (size_t i = 0; r->number && r->number[i].name; i++)
		if (isnan(op->call.number[i]))
			return seqp_fail(err, SEQ_E_ARG, "%s wants a number \"%s\"", r->name, r->number[i].name);
	if (!r->made)
		return 0;
	size_t n = r->made(&op->call);
	if (!(op->call.made = seqp_alloc(n, sizeof(float))))
		return seqp_nomem(err, n * sizeof(float));
	return r->make(&op->call, err);
}

static int workers(seq_op *op, int threads, seq_error *err)
{
	const seqp_op_row *r = op->row;
	if (!(op->team = seqp_team_new(r->split ? threads : 1)))
		return seqp_fail(err, SEQ_E_NOMEM, "threads cannot be had");
	op->scratch_each = seqp_round_up(r->scratch ? r->scratch(&op->call) : 0, 16);
	size_t n = op->scratch_each * (size_t)seqp_team_size(op->team);
	if (!(op->scratch = seqp_alloc(n, sizeof(float))))
		return seqp_nomem(err, n * sizeof(float));
	return 0;
}

int seq_op_start(seq_op *op, int threads, seq_error *err)
{
	int rc;
	if (op->started || op->failed)
		return seqp_fail(err, SEQ_E_ARG, "%s was started before", op->row->name);
	op->failed = 1; /* half made: may only be closed, unless all of the following works */
	if ((rc = inputs(op, err)) < 0 || (op->row->check && (rc = op->row->check(&op->call, err)) < 0) ||
	    (rc = constants(op, err)) < 0 || (rc = states(op, err)) < 0 || (rc = outputs(op, err)) < 0 ||
	    (rc = workers(op, threads, err)) < 0)
		return rc;
	op->T = op->call.total = seqp_op_dim(&op->call, 'T');
	op->started = 1, op->failed = 0;
	return 0;
}

int64_t seq_op_tokens(const seq_op *op)
{
	return (int64_t)op->T;
}

struct job {
	const seq_op *op;
	seqp_op_call call;
};

static void work(void *arg, const seqp_lane *lane)
{
	const struct job *j = arg;
	seqp_op_call c = j->call;
	size_t i0 = 0, i1 = 1;
	c.scratch = j->op->scratch + (size_t)lane->tid * j->op->scratch_each;
	if (j->op->row->split)
		seqp_lane_split(lane, seqp_op_dim(&c, j->op->row->split), 1, &i0, &i1);
	if (i0 < i1)
		j->op->row->run(&c, i0, i1);
}

int seq_op_run(seq_op *op, int64_t n, seq_error *err)
{
	struct job j = {op, op->call};
	if (!op->started || n < 1 || (uint64_t)op->call.pos > op->T ||
	    (uint64_t)n > op->T - (size_t)op->call.pos)
		return seqp_fail(err, SEQ_E_ARG, "%s: %lld tokens cannot be run now", op->row->name, (long long)n);
	if (op->row->whole && (size_t)n != op->T)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "%s is not causal: it takes all tokens at once", op->row->name);
	j.call.dim['T' - 'A'] = (size_t)n;
	for (size_t i = 0; i < SEQP_OP_IN; i++)
		if (op->call.in[i])
			j.call.in[i] += (size_t)op->call.pos * op->step[i];
	for (size_t i = 0; i < SEQP_OP_OUT; i++)
		if (op->call.out[i])
			j.call.out[i] += (size_t)op->call.pos * op->step_out[i];
	seqp_team_run(op->team, work, &j);
	op->call.pos += n;
	return 0;
}

const seq_tensor *seq_op_out(const seq_op *op, size_t i)
{
	size_t at = 0;
	while (at < SEQP_OP_OUT && (!op->out[at].data || i--))
		at++;
	return at < SEQP_OP_OUT ? &op->out[at] : NULL;
}

const seq_tensor *seq_op_state(const seq_op *op, size_t i)
{
	return i < SEQP_OP_STATE && op->state[i].data ? &op->state[i] : NULL;
}
