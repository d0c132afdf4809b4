/* SPDX-License-Identifier: MIT */
/* The head of the file to be is opened as a model, over data that are all zero, and compared: the same program, the
 * same numbers, weights of the same shape in the same roles.  What a GGUF file of this architecture cannot say is
 * found here, and not by a reader of the result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fail.h"
#include "export/plan.h"
#include "model/arch/arch.h"

/* Numbers from which others follow that are compared, and such as the file says in another way. */
static bool is_means(const seq_model *m, const char *key)
{
	static const char *const means[] = {
		"tied", "attn.pre_scalar", "attn.scaled", "attn.by_layer", "window.", "rope.part", "rope.on", "rope.every",
		"rope.theta_local", "ssm.expand", "parallel", "moe.first", "moe.step", "moe.shared.count",
	};
	for (size_t i = 0; i < sizeof means / sizeof means[0]; i++)
		if (strncmp(key, means[i], strlen(means[i])) == 0 && (means[i][strlen(means[i]) - 1] == '.' || !key[strlen(means[i])]))
			return true;
	if (strncmp(key, "moe.", 4) == 0 && seqp_model_number(m, -1, "moe.experts", 0) == 0)
		return true; /* of experts that are not there */
	if (strcmp(key, "ssm.norm_eps") == 0 && seqp_number_has(m, -1, "ssm.bcdt_norm"))
		return seqp_model_number(m, -1, "ssm.bcdt_norm", 0) == 0; /* of a norm that is not there */
	if (strncmp(key, "rope.", 5) || strcmp(key, "rope.dim") == 0 || strcmp(key, "rope.theta") == 0)
		return false;
	int scaling = (int)seqp_model_number(m, -1, "rope.scaling", 0);
	if (scaling == 5 && strcmp(key, "rope.attn_factor") == 0) /* 0: by formula; the file has its value */
		return seqp_model_number(m, -1, key, 0) == 0;
	return scaling == 4 || (scaling == 0 && strcmp(key, "rope.scaling") != 0); /* 4: as divisors */
}

/* Unset is as zero; GGUF has f32. */
static bool same_number(const char *key, double a, double b)
{
	a = isnan(a) ? 0 : a;
	b = isnan(b) ? 0 : b;
	if (strcmp(key, "attn.rope") == 0) /* 1 became 2 with the rows of q and k */
		return (a == 0) == (b == 0);
	if (strcmp(key, "embed_scale") == 0) /* rounded to the weights' type on one side */
		return fabs(a - b) <= fabs(b) / 256;
	return (float)a == (float)b;
}

static int check_numbers(const seq_model *m, const seq_model *g, seq_error *err)
{
	for (size_t k = 0; k < m->values; k++) {
		const char *key = m->value[k].key;
		for (int64_t l = -1; l < m->layers && !is_means(m, key); l++) {
			double a = seqp_model_number(m, l, key, NAN), b = seqp_model_number(g, l, key, NAN);
			if (l < 0 && m->value[k].of)
				continue;
			if (!same_number(key, a, b))
				return seqp_fail(err, SEQ_E_UNSUPPORTED, "a GGUF file of architecture %s cannot say that %s is %g", g->arch->name, key, a);
		}
	}
	return SEQ_OK;
}

static int check_weights(const seq_model *m, const seq_model *g, seq_error *err)
{
	for (size_t k = 0; k < m->roles; k++)
		for (int64_t l = -1; l < m->layers; l++) {
			const seqp_view *a = seqp_weight_own(m, l, m->weight[k].role), *b = seqp_weight_own(g, l, m->weight[k].role);
			if (a && (!b || a->rows != b->rows || a->cols != b->cols))
				return seqp_fail(err, SEQ_E_UNSUPPORTED, "a GGUF file of architecture %s has no place for the weight %s",
						 g->arch->name, m->weight[k].role);
		}
	return SEQ_OK;
}

static bool same_word(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static int check_programs(const seq_model *m, const seq_model *g, seq_error *err)
{
	for (int64_t l = -1; l <= m->layers; l++) {
		size_t n, k;
		const seqp_op *a = seqp_model_program(m, l, &n), *b = seqp_model_program(g, l, &k);
		bool same = n == k;
		for (size_t i = 0; i < n && same; i++)
			same = a[i].code == b[i].code && a[i].dst == b[i].dst && a[i].src == b[i].src && a[i].src2 == b[i].src2 &&
			       same_word(a[i].alpha, b[i].alpha) && same_word(a[i].beta, b[i].beta) &&
			       same_word(a[i].kind, b[i].kind);
		if (!same)
			return seqp_fail(err, SEQ_E_UNSUPPORTED, "a GGUF file of architecture %s cannot say how layer %lld runs", g->arch->name,
					 (long long)l);
	}
	return SEQ_OK;
}

static int compare(const seq_model *m, const void *data, size_t size, seq_error *err)
{
	seq_model *g = calloc(1, sizeof *g);
	if (!g)
		return seqp_nomem(err, sizeof *g);
	g->path = "";
	int e = seqp_store_gguf(&g->src, data, size, err);
	if (e < 0 || (e = seqp_model_build(g, err)) < 0)
		e = seqp_fail_at(err, e, "the GGUF file to be");
	else if (g->layers != m->layers || g->width != m->width || g->vocab != m->vocab)
		e = seqp_fail(err, SEQ_E_UNSUPPORTED, "a GGUF file of architecture %s has other dimensions", g->arch->name);
	else if ((e = check_programs(m, g, err)) >= 0 && (e = check_weights(m, g, err)) >= 0)
		e = check_numbers(m, g, err);
	seq_model_free(g);
	return e;
}

int seqp_hf_check(const seq_model *m, const seqp_bytes *head, uint64_t data, seq_error *err)
{
	if (data > SIZE_MAX / 2 - head->n)
		return seqp_nomem(err, SIZE_MAX);
	size_t size = head->n + (size_t)data;
	/* only the head and a page here and there ever take memory */
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return seqp_nomem(err, size);
	memcpy(p, head->p, head->n);
	int e = compare(m, p, size, err);
	munmap(p, size);
	return e;
}
