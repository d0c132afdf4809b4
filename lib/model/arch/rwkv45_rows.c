/* SPDX-License-Identifier: MIT */
/* RWKV-4, of transformers and in its authors' names, and RWKV-5 in its authors' names: x = ln0(E[t]);
 * x += time_mix(ln1 x); x += channel_mix(ln2 x).  transformers divides what both mixes add by 2^(layer / n), n =
 * rescale_every, and halves x after every n layers. */
#include "model/arch/rwkv_kit.h"

static const seqp_number numbers[] = {
	{"context", NULL, "context_length", 0, 1e15, SEQP_INT, 0, NULL, NULL},
	{"rescale", NULL, "rescale_every", 0, 10000, SEQP_INT | SEQP_DFLT | SEQP_NULL_ZERO, 6, NULL, NULL},
	{0}
};

/* Files tell how much of the token itself is taken. */
static const seqp_number shift[] = {
	{"tm.mix_self", NULL, "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{"cm.mix_self", NULL, "=1", 0, 1, SEQP_INT, 0, NULL, NULL},
	{0}
};

#define VECTOR(role, hf, n, how) {role, NULL, hf, n, NULL, how, NULL, NULL, 0}
#define MATRIX(role, hf, rows, cols) {role, NULL, hf, rows, cols, 0, NULL, NULL, 0}
#define LN(role, hf) VECTOR(role ".w", hf ".weight", "width", 0), VECTOR(role ".b", hf ".bias", "width", 0)
#define KEYS "tm.keys"
/* k, v, r, o and the shifts: both versions, all names. */
#define TIME(a, long_k, long_v, long_r) \
	VECTOR("tm.mix_k", a long_k, "width", 0), VECTOR("tm.mix_v", a long_v, "width", 0), \
	VECTOR("tm.mix_r", a long_r, "width", 0), \
	MATRIX("tm.k", a "key.weight", KEYS, "width"), MATRIX("tm.v", a "value.weight", KEYS, "width"), \
	MATRIX("tm.r", a "receptance.weight", KEYS, "width"), MATRIX("tm.o", a "output.weight", "width", KEYS)
#define CHANNEL(f, long_k, long_r) \
	VECTOR("cm.mix_k", f long_k, "width", 0), VECTOR("cm.mix_r", f long_r, "width", 0), \
	MATRIX("cm.k", f "key.weight", "cm.ff", "width"), MATRIX("cm.r", f "receptance.weight", "width", "width"), \
	MATRIX("cm.v", f "value.weight", "width", "cm.ff")
#define A "blocks.%.attention."
#define O "blocks.%.att."

static const seqp_part hf_ends[] = {
	MATRIX("embed", "embeddings.weight", "vocab", "width"), MATRIX("head", "/head.weight", "vocab", "width"),
	LN("in_norm", "blocks.0.pre_ln"), LN("out_norm", "ln_out"), LN("tm_norm", "blocks.%.ln1"), LN("cm_norm", "blocks.%.ln2"),
	{0}
};

static const seqp_part hf5[] = {
	TIME(A, "time_mix_key", "time_mix_value", "time_mix_receptance"), VECTOR("tm.mix_g", A "time_mix_gate", "width", 0),
	MATRIX("tm.g", A "gate.weight", KEYS, "width"), VECTOR("tm.w", A "time_decay", KEYS, 0), VECTOR("tm.u", A "time_faaaa", KEYS, 0),
	LN("tm.norm", A "ln_x"),
	CHANNEL("blocks.%.feed_forward.", "time_mix_key", "time_mix_receptance"),
	{0}
};

static const seqp_part hf4[] = {
	TIME(A, "time_mix_key", "time_mix_value", "time_mix_receptance"),
	VECTOR("tm.w", A "time_decay", KEYS, 0), VECTOR("tm.u", A "time_first", KEYS, 0),
	CHANNEL("blocks.%.feed_forward.", "time_mix_key", "time_mix_receptance"),
	{0}
};

static const seqp_part own4[] = {
	TIME(O, "time_mix_k", "time_mix_v", "time_mix_r"), VECTOR("tm.w", O "time_decay", KEYS, 0), VECTOR("tm.u", O "time_first", KEYS, 0),
	CHANNEL("blocks.%.ffn.", "time_mix_k", "time_mix_r"),
	{0}
};

static const seqp_part own5[] = {
	TIME(O, "time_mix_k", "time_mix_v", "time_mix_r"),
	VECTOR("tm.mix_g", O "time_mix_g", "width", SEQP_OPT),
	{"tm.g", NULL, O "gate.weight", KEYS, "width", SEQP_OPT, NULL, NULL, 0},
	VECTOR("tm.w", O "time_decay", "tm.decays", 0),
	VECTOR("tm.u", O "time_first", "tm.heads", SEQP_OPT), VECTOR("tm.u", O "time_faaaa", KEYS, 0),
	LN("tm.norm", O "ln_x"),
	CHANNEL("blocks.%.ffn.", "time_mix_k", "time_mix_r"),
	{0}
};

/* The authors' programs take 64e-5 for the eps of heads in version 5, rwkv.cpp 1e-5. */
static int finish_own(seq_model *m, seq_error *err)
{
	int e = seqp_number_by_rows(m, "tm.keys", "tm.k", err);
	return e < 0 ? e : seqp_rwkv_finish(m, m->src.transformed ? 1e-5 : 64e-5, err);
}

static int finish4(seq_model *m, seq_error *err)
{
	int e = finish_own(m, err);
	return e < 0 ? e : seqp_rwkv_halve(m, (int64_t)seqp_model_number(m, -1, "rescale", 0), true, err);
}

static int finish_hf5(seq_model *m, seq_error *err)
{
	int e = seqp_number_by_rows(m, "tm.keys", "tm.k", err);
	if (e < 0 || (e = seqp_rwkv_finish(m, 1e-5, err)) < 0)
		return e;
	return seqp_rwkv_halve(m, (int64_t)seqp_model_number(m, -1, "rescale", 0), true, err);
}

/* The decay and the bonus are one number a head in 5.1, one a channel in 5.2. */
static int finish5(seq_model *m, seq_error *err)
{
	bool heads = seqp_model_number(m, -1, "tm.bonus_each", 0) == 0;
	int e = finish_own(m, err);
	return e < 0 ? e : seqp_number_set(m, -1, "tm.decays", seqp_model_number(m, -1, heads ? "tm.heads" : "width", 0), err);
}

static const seqp_number hf5_numbers[] = {
	{"tm.head_k", NULL, "head_size", 1, 4096, SEQP_INT | SEQP_DFLT, 64, NULL, NULL},
	{"tm.heads", NULL, NULL, 1, 65536, SEQP_INT, 0, "width/tm.head_k", NULL},
	{0}
};

static const seqp_number numbers5[] = {
	{"tm.bonus_each", NULL, "bonus_each", 0, 1, SEQP_INT | SEQP_DFLT, 0, NULL, NULL},
	{0}
};

static const seqp_op block4[] = SEQP_RWKV_BLOCK("rwkv4"), block5[] = SEQP_RWKV_BLOCK("rwkv5");
static const seqp_block blocks4[] = {{block4, sizeof block4 / sizeof *block4}}, blocks5[] = {{block5, sizeof block5 / sizeof *block5}};
static const seqp_number *const hf4_lists[] = {numbers, shift, seqp_rwkv_numbers, NULL};
static const seqp_number *const hf5_lists[] = {numbers, shift, seqp_rwkv_numbers, hf5_numbers, NULL};
static const seqp_number *const own4_lists[] = {shift, seqp_rwkv_numbers, seqp_rwkv_sizes, NULL};
static const seqp_number *const own5_lists[] = {shift, numbers5, seqp_rwkv_numbers, seqp_rwkv_sizes, NULL};
static const seqp_part *const hf4_parts[] = {hf_ends, hf4, NULL}, *const hf5_parts[] = {hf_ends, hf5, NULL}, *const own4_parts[] = {seqp_rwkv_ends_own, own4, NULL};
static const seqp_part *const own5_parts[] = {seqp_rwkv_ends_own, own5, NULL};
static const char *const none[] = {NULL}, *const hf4_names[] = {"rwkv", NULL}, *const prefix[] = {"rwkv.", "", NULL};
static const char *const hf5_names[] = {"rwkv5", NULL};
static const char *const own4_names[] = {"rwkv4-pth", NULL}, *const own5_names[] = {"rwkv5-pth", NULL};

const seqp_arch seqp_arch_rwkv4 = {
	.name = "rwkv", .gguf = none, .hf = hf4_names, .prefix = prefix, .numbers = hf4_lists, .parts = hf4_parts, .finish = finish4,
	.block = blocks4, .blocks = 1, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_rwkv5 = {
	.name = "rwkv5", .gguf = none, .hf = hf5_names, .prefix = prefix, .numbers = hf5_lists, .parts = hf5_parts, .finish = finish_hf5,
	.block = blocks5, .blocks = 1, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_rwkv4_own = {
	.name = "rwkv4-pth", .gguf = none, .hf = own4_names, .prefix = seqp_rwkv_no_prefix, .numbers = own4_lists, .parts = own4_parts,
	.finish = finish_own, .block = blocks4, .blocks = 1, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};

const seqp_arch seqp_arch_rwkv5_own = {
	.name = "rwkv5-pth", .gguf = none, .hf = own5_names, .prefix = seqp_rwkv_no_prefix, .numbers = own5_lists, .parts = own5_parts,
	.finish = finish5, .block = blocks5, .blocks = 1, .out = {seqp_rwkv_out, 1}, .in = {seqp_rwkv_in, 1},
};
