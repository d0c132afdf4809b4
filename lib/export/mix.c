/* SPDX-License-Identifier: MIT */
/* The mixes as users of GGUF know them: a base type, and more bits where errors cost most (values, the second
 * matrix of the MLP, the output), in the layers the convention names.  First rule that fits wins. */
#include "export/mix.h"

#include <string.h>
#include <strings.h>

#include "seq/tensor.h"

enum where {
	ALL,
	FIRST_2, FIRST_4,
	EIGHTH, SIXTEENTH, /* the first layers */
	MORE,              /* the first and the last eighth, and every third between */
	GROUPED,           /* four or more query heads for a key head */
};

typedef struct rule {
	const char *tensor; /* the part of the name behind "blk.N." or the whole, without ".weight" */
	enum where where;
	int type;
} rule;

struct seqp_mix {
	const char *name;
	int base;
	uint32_t file_type;
	const rule *rules; /* ended by a NULL name */
};

static const rule none[] = {{0}};
static const rule plain[] = {{"output", ALL, SEQ_Q6_K}, {0}};
static const rule q2_k[] = {
	{"output", ALL, SEQ_Q6_K},
	{"attn_v", GROUPED, SEQ_Q4_K}, {"attn_v", ALL, SEQ_Q3_K},
	{"ffn_down", ALL, SEQ_Q3_K}, {"attn_output", ALL, SEQ_Q3_K}, {0},
};
static const rule q2_k_s[] = {
	{"output", ALL, SEQ_Q6_K}, {"attn_v", GROUPED, SEQ_Q4_K}, {"ffn_down", EIGHTH, SEQ_Q4_K}, {0},
};
static const rule q3_k_m[] = {
	{"output", ALL, SEQ_Q6_K},
	{"attn_v", FIRST_2, SEQ_Q5_K}, {"attn_v", ALL, SEQ_Q4_K},
	{"ffn_down", SIXTEENTH, SEQ_Q5_K}, {"ffn_down", ALL, SEQ_Q4_K},
	{"attn_output", ALL, SEQ_Q4_K}, {"attn_qkv", ALL, SEQ_Q4_K}, {0},
};
static const rule q3_k_l[] = {
	{"output", ALL, SEQ_Q6_K}, {"attn_v", ALL, SEQ_Q5_K}, {"ffn_down", ALL, SEQ_Q5_K},
	{"attn_output", ALL, SEQ_Q5_K}, {"attn_qkv", ALL, SEQ_Q4_K}, {0},
};
static const rule q4_k_s[] = {
	{"output", ALL, SEQ_Q6_K}, {"attn_v", FIRST_4, SEQ_Q5_K}, {"ffn_down", EIGHTH, SEQ_Q5_K}, {0},
};
static const rule q4_k_m[] = {
	{"output", ALL, SEQ_Q6_K}, {"attn_v", MORE, SEQ_Q6_K}, {"ffn_down", MORE, SEQ_Q6_K}, {"attn_qkv", ALL, SEQ_Q5_K}, {0},
};
static const rule q5_k_m[] = {
	{"output", ALL, SEQ_Q6_K}, {"attn_v", MORE, SEQ_Q6_K}, {"ffn_down", MORE, SEQ_Q6_K}, {"attn_qkv", ALL, SEQ_Q6_K}, {0},
};

static const seqp_mix mixes[] = {
	{"Q8_0", SEQ_Q8_0, 7, none},
	{"Q4_0", SEQ_Q4_0, 2, plain}, {"Q4_1", SEQ_Q4_1, 3, plain}, {"Q5_0", SEQ_Q5_0, 8, plain}, {"Q5_1", SEQ_Q5_1, 9, plain},
	{"Q2_K", SEQ_Q2_K, 10, q2_k}, {"Q2_K_S", SEQ_Q2_K, 21, q2_k_s},
	{"Q3_K", SEQ_Q3_K, 12, q3_k_m}, {"Q3_K_S", SEQ_Q3_K, 11, plain}, {"Q3_K_M", SEQ_Q3_K, 12, q3_k_m},
	{"Q3_K_L", SEQ_Q3_K, 13, q3_k_l},
	{"Q4_K", SEQ_Q4_K, 15, q4_k_m}, {"Q4_K_S", SEQ_Q4_K, 14, q4_k_s}, {"Q4_K_M", SEQ_Q4_K, 15, q4_k_m},
	{"Q5_K", SEQ_Q5_K, 17, q5_k_m}, {"Q5_K_S", SEQ_Q5_K, 16, plain}, {"Q5_K_M", SEQ_Q5_K, 17, q5_k_m},
	{"Q6_K", SEQ_Q6_K, 18, none},
	{"F16", SEQ_F16, 1, none}, {"BF16", SEQ_BF16, 32, none}, {"F32", SEQ_F32, 0, none},
};
enum { MIXES = sizeof mixes / sizeof mixes[0] };

const seqp_mix *seqp_mix_find(const char *name)
{
	for (size_t i = 0; name && i < MIXES; i++)
		if (strcasecmp(mixes[i].name, name) == 0)
			return &mixes[i];
	return NULL;
}

const char *seqp_mix_name(size_t i)
{
	return i < MIXES ? mixes[i].name : NULL;
}

int seqp_mix_base(const seqp_mix *m)
{
	return m->base;
}

uint32_t seqp_mix_file_type(const seqp_mix *m)
{
	return m->file_type;
}

static bool holds(enum where w, const seqp_place *p)
{
	int64_t i = p->layer, n = p->layers;
	switch (w) {
	case ALL: return true;
	case FIRST_2: return i >= 0 && i < 2;
	case FIRST_4: return i >= 0 && i < 4;
	case EIGHTH: return i >= 0 && i < n / 8;
	case SIXTEENTH: return i >= 0 && i < n / 16;
	case MORE: return i >= 0 && (i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2);
	case GROUPED: return p->gqa >= 4;
	}
	return false;
}

/* "blk.12.ffn_down.weight" is "ffn_down"; experts' "ffn_down_exps" count as it. */
static bool is_tensor(const char *name, const char *part)
{
	const char *at = strncmp(name, "blk.", 4) == 0 ? strchr(name + 4, '.') : NULL;
	at = at ? at + 1 : name;
	size_t n = strlen(part);
	if (strncmp(at, part, n))
		return false;
	return strcmp(at + n, ".weight") == 0 || strcmp(at + n, "_exps.weight") == 0;
}

static bool is_output(const seqp_place *p)
{
	return is_tensor(p->name, p->tied ? "token_embd" : "output");
}

int seqp_mix_type(const seqp_mix *m, const seqp_place *p, bool pure)
{
	for (const rule *r = m->rules; r->tensor && !pure; r++) {
		bool it = strcmp(r->tensor, "output") == 0 ? is_output(p) : is_tensor(p->name, r->tensor);
		if (it && holds(r->where, p))
			return seqp_type_that_fits(r->type, p->cols);
	}
	return seqp_type_that_fits(m->base, p->cols);
}

static int finer(int dtype)
{
	switch (dtype) {
	case SEQ_Q2_K:
	case SEQ_Q3_K: return SEQ_Q4_0;
	case SEQ_Q4_K: return SEQ_Q5_0;
	case SEQ_Q5_K: return SEQ_Q5_1;
	case SEQ_Q6_K: return SEQ_Q8_0;
	default: return SEQ_F16;
	}
}

int seqp_type_that_fits(int dtype, int64_t cols)
{
	while (cols % seq_dtype_get(dtype)->block)
		dtype = finer(dtype);
	return dtype;
}

bool seqp_is_matrix(const char *name, int rank)
{
	static const char *const others[] = {
		"norm", "ffn_gate_inp", "position_embd", "token_types", "ssm_conv1d", "shortconv.conv", "time_mix_first",
		"time_mix_w0", "time_mix_w1", "time_mix_w2", "time_mix_v0", "time_mix_v1", "time_mix_v2", "time_mix_a0",
		"time_mix_a1", "time_mix_a2", "time_mix_g1", "time_mix_g2", "time_mix_decay_w1", "time_mix_decay_w2",
		"time_mix_lerp_fused", "attn_rel_b", "rope_freqs",
	};
	size_t n = strlen(name);
	if (rank < 2 || n < 7 || strcmp(name + n - 7, ".weight"))
		return false;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strstr(name, others[i]))
			return false;
	return true;
}
