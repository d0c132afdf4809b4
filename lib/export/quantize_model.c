/* SPDX-License-Identifier: MIT */
/* From a path and options to a file: the plan, the type of each tensor, the head. */
#include "seq/quantize.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "export/plan.h"
#include "kernel/quantize.h"
#include "model/program.h"

/* --- rules of --keep ---------------------------------------------------------------------------- */

typedef struct keep {
	regex_t regex;
	int type;
} keep;

typedef struct keeps {
	keep *at;
	size_t n;
} keeps;

static int read_rule(keep *k, const char *text, seq_error *err)
{
	const char *eq = strrchr(text, '=');
	int type = eq ? seq_dtype_find(eq + 1) : -1;
	if (!eq || eq == text || !seqk_can_quantize(type))
		return seqp_fail(err, SEQ_E_ARG, "\"%.80s\" is not REGEX=TYPE with a type that can be written", text);
	char *regex = strndup(text, (size_t)(eq - text));
	if (!regex)
		return seqp_nomem(err, strlen(text));
	int rc = regcomp(&k->regex, regex, REG_EXTENDED | REG_NOSUB);
	char why[100] = "";
	if (rc)
		regerror(rc, &k->regex, why, sizeof why);
	free(regex);
	k->type = type;
	return rc ? seqp_fail(err, SEQ_E_ARG, "\"%.80s\": %s", text, why) : SEQ_OK;
}

static void free_rules(keeps *k)
{
	for (size_t i = 0; i < k->n; i++)
		regfree(&k->at[i].regex);
	free(k->at);
}

static int read_rules(keeps *k, const seq_quantize_opts *o, seq_error *err)
{
	*k = (keeps){seqp_alloc(o->keeps, sizeof *k->at), 0};
	if (!k->at)
		return seqp_nomem(err, o->keeps * sizeof *k->at);
	for (; k->n < o->keeps; k->n++) {
		int e = read_rule(&k->at[k->n], o->keep[k->n], err);
		if (e < 0)
			return e;
	}
	return SEQ_OK;
}

/* The type a rule gives to name, or -1. */
static int by_rule(const keeps *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++)
		if (regexec(&k->at[i].regex, name, 0, NULL, 0) == 0)
			return k->at[i].type;
	return -1;
}

/* --- the type of each tensor ----------------------------------------------------------------------- */

typedef struct chooser {
	const seqp_mix *mix;
	const seq_quantize_opts *o;
	keeps rules;
	seqp_place place; /* layers, gqa, tied: of the model */
} chooser;

static int64_t layer_of(const char *name)
{
	char *end;
	if (strncmp(name, "blk.", 4))
		return -1;
	long n = strtol(name + 4, &end, 10);
	return end > name + 4 && *end == '.' && n >= 0 ? n : -1;
}

static bool is_plain(int dtype)
{
	return dtype == SEQ_F32 || dtype == SEQ_F16 || dtype == SEQ_BF16;
}

/* What is no matrix stays, but vectors and norms become F32. */
static int other_type(const seqp_out *t)
{
	return is_plain(t->from) && (t->rank < 2 || strstr(t->name, "norm")) ? SEQ_F32 : t->from;
}

static int kept_type(const seqp_out *t, int type, seq_error *err)
{
	if (t->cols % seq_dtype_get(type)->block)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s: rows of %lld elements are no whole blocks of %s", t->name,
				 (long long)t->cols, seq_dtype_get(type)->name);
	return type;
}

static int choose(chooser *c, seqp_out *t, seq_error *err)
{
	bool quantised = seq_dtype_get(t->from)->block > 1;
	if (quantised && !c->o->requantize)
		return seqp_fail(err, SEQ_E_UNSUPPORTED, "tensor %.100s is quantised already (%s): to do it again adds its error to "
				 "the first one's; ask for it (--requantize), or take the original", t->name,
				 seq_dtype_get(t->from)->name);
	c->place.name = t->name;
	c->place.layer = layer_of(t->name);
	c->place.cols = t->cols;
	int rule = by_rule(&c->rules, t->name);
	if (!seqp_is_matrix(t->name, t->rank) || !(quantised || is_plain(t->from)))
		t->to = other_type(t);
	else
		t->to = rule >= 0 ? kept_type(t, rule, err) : seqp_mix_type(c->mix, &c->place, c->o->pure);
	return t->to < 0 ? t->to : SEQ_OK;
}

static double gqa_of(const seqp_plan_file *p)
{
	double q, k;
	if (p->model) {
		q = seqp_model_number(p->model, 0, "attn.heads", 0);
		k = seqp_model_number(p->model, 0, "attn.kv_heads", 0);
	} else {
		seqp_raw a = seqp_store_get(&p->store, "%.attention.head_count"), b = seqp_store_get(&p->store, "%.attention.head_count_kv");
		q = a.kind == SEQP_NUMBER ? a.number : 0;
		k = b.kind == SEQP_NUMBER ? b.number : q;
	}
	return k > 0 ? q / k : 1;
}

static int choose_all(seqp_plan_file *p, chooser *c, seq_error *err)
{
	c->place = (seqp_place){.gqa = gqa_of(p), .tied = true};
	for (size_t i = 0; i < p->n; i++) {
		int64_t l = layer_of(p->out[i].name);
		c->place.layers = l >= c->place.layers ? l + 1 : c->place.layers;
		c->place.tied &= strcmp(p->out[i].name, "output.weight") != 0;
	}
	for (size_t i = 0; i < p->n; i++) {
		seqp_out *t = &p->out[i];
		int e = choose(c, t, err);
		if (e < 0)
			return e;
		t->row_bytes = (size_t)seq_dtype_bytes(t->to, t->cols);
		if (t->to != t->from && seq_dtype_get(t->to)->block > 1)
			t->weight = seqp_imatrix_find(&p->imatrix, t->name, t->cols, t->rows);
	}
	return SEQ_OK;
}

/* --- all of it ---------------------------------------------------------------------------------------- */

seqp_out *seqp_plan_add(seqp_plan_file *p, const char *name, seq_error *err)
{
	const char *copy = seqp_arena_strdup(&p->arena, name, strlen(name));
	if (!copy || !seqp_grow(&p->out, &p->cap, p->n + 1, sizeof *p->out)) {
		seqp_nomem(err, sizeof *p->out);
		return NULL;
	}
	p->out[p->n] = (seqp_out){.name = copy};
	return &p->out[p->n++];
}

static int open_input(seqp_plan_file *p, const char *path, seq_error *err)
{
	int e = seqp_store_open(&p->store, path, err);
	if (e < 0)
		return e;
	if (p->store.format == SEQP_FROM_GGUF)
		return seqp_plan_gguf(p, err);
	seqp_store_close(&p->store);
	e = seq_model_open(&p->model, path, err);
	return e < 0 ? e : seqp_plan_hf(p, err);
}

static int finish_head(seqp_plan_file *p, const seqp_mix *mix, seqp_bytes *head, uint64_t *data, seq_error *err)
{
	seqp_gguf_put_int(&p->head, "general.file_type", SEQP_GGUF_U32, seqp_mix_file_type(mix));
	seqp_gguf_put_int(&p->head, "general.quantization_version", SEQP_GGUF_U32, 2);
	for (size_t i = 0; i < p->n; i++) {
		const seqp_out *t = &p->out[i];
		seqp_gguf_put_tensor(&p->head, t->name, t->to, t->rank, t->dim, (uint64_t)t->rows * t->row_bytes);
	}
	*data = p->head.data;
	return seqp_gguf_head(&p->head, head, err);
}

static int run(seqp_plan_file *p, const char *path, chooser *c, int fd, seq_quantize_sum *sum, seq_error *err)
{
	seqp_bytes head;
	uint64_t data;
	int e = open_input(p, path, err);
	if (e >= 0 && c->o->imatrix)
		e = seqp_imatrix_open(&p->imatrix, c->o->imatrix, err);
	if (e < 0 || (e = choose_all(p, c, err)) < 0 || (e = finish_head(p, c->mix, &head, &data, err)) < 0)
		return e;
	if (p->model)
		e = seqp_hf_check(p->model, &head, data, err);
	if (e >= 0)
		e = seqp_plan_write(p, &head, c->o, fd, sum, err);
	free(head.p);
	return e;
}

int seq_quantize(const char *path, const seq_quantize_opts *o, int fd, seq_quantize_sum *sum, seq_error *err)
{
	seqp_plan_file p = {0};
	seq_quantize_sum own;
	chooser c = {.mix = seqp_mix_find(o->type), .o = o};
	if (!c.mix)
		return seqp_fail(err, SEQ_E_ARG, "type %.40s is not known", o->type ? o->type : "(none)");
	int e = read_rules(&c.rules, o, err);
	if (e >= 0)
		e = run(&p, path, &c, fd, sum ? sum : &own, err);
	if (e < 0 && e != SEQ_E_ARG && err && !strstr(err->text, ": ") && !strstr(err->text, path))
		seqp_fail_at(err, e, "%.120s", path);
	free_rules(&c.rules);
	seqp_gguf_out_free(&p.head);
	seqp_imatrix_close(&p.imatrix);
	seq_model_free(p.model);
	seqp_store_close(&p.store);
	free(p.out);
	seqp_arena_free(&p.arena);
	return e;
}

const char *seq_quantize_type(size_t i)
{
	return seqp_mix_name(i);
}
