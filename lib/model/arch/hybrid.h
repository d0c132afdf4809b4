/* SPDX-License-Identifier: MIT */
/* What rows with several kinds of layers share (hybrid.c), above all those with Mamba-2. */
#ifndef MODEL_ARCH_HYBRID_H
#define MODEL_ARCH_HYBRID_H

#include "model/arch/rows.h"

/* Words for kinds of layers, as configurations of several ages spell them: type 0 is the recurrent one. */
extern const seqp_word seqp_layer_words[];

extern const seqp_word seqp_auto_word[]; /* "auto": as if absent */

extern const seqp_number seqp_kit_ssd[];       /* Mamba-2 under the keys mamba_... */
extern const seqp_number seqp_kit_kv_by_layer[]; /* kv_heads, 0 in layers without attention */

/* Sizes of the Mamba-2 of a model that divide, or a sentence. */
int seqp_ssd_fit(seq_model *m, seq_error *err);

/* A number that only layers of these types (bits) have: 0 in the others, as GGUF has it. */
int seqp_only_in(seq_model *m, const char *key, unsigned types, seq_error *err);

/* Type on of the layers that a list of indices names, or of i % period == offset. */
int seqp_type_listed(seq_model *m, const char *keys, int on, seq_error *err);
bool seqp_in_period(const seq_model *m, const char *period, const char *offset, int64_t layer);

/* In GGUF a layer with key heads is an attention layer: type on. */
int seqp_type_by_kv(seq_model *m, int on, seq_error *err);
/* The same, and a layer with a router has experts: the type is the sum of what holds. */
int seqp_types_by_tensors(seq_model *m, int attn, int experts, seq_error *err);

#define SSD_IN "2*ssm.inner+2*ssm.groups*ssm.state+ssm.heads"
#define SSD_CONV "ssm.inner+2*ssm.groups*ssm.state"

/* The tensors of Mamba-2 in layers of these types, below a name on the Hugging Face side; all but the norm. */
#define SSD_PARTS(at, types) \
	{"ssm.in", "blk.%.ssm_in.weight", at "in_proj.weight", SSD_IN, "width", 0, NULL, NULL, types}, \
	{"ssm.in.b", NULL, at "in_proj.bias", SSD_IN, NULL, SEQP_OPT, NULL, NULL, types}, \
	{"ssm.conv.w", "blk.%.ssm_conv1d.weight", at "conv1d.weight", SSD_CONV, "ssm.conv", SEQP_SMALL, NULL, NULL, types}, \
	{"ssm.conv.b", "blk.%.ssm_conv1d.bias", at "conv1d.bias", SSD_CONV, NULL, SEQP_OPT, NULL, NULL, types}, \
	{"ssm.dt.b", "blk.%.ssm_dt.bias", at "dt_bias", "ssm.heads", NULL, 0, NULL, NULL, types}, \
	{"ssm.A", "blk.%.ssm_a", at "A_log", "ssm.heads", NULL, SEQP_HF_NEGEXP, NULL, NULL, types}, \
	{"ssm.D", "blk.%.ssm_d", at "D", "ssm.heads", NULL, 0, NULL, NULL, types}, \
	{"ssm.out", "blk.%.ssm_out.weight", at "out_proj.weight", "width", "ssm.inner", 0, NULL, NULL, types}, \
	{"ssm.out.b", NULL, at "out_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, types}

#define SSD_NORM(at, types) {"ssm.norm.w", "blk.%.ssm_norm.weight", at "norm.weight", "ssm.inner", NULL, 0, NULL, NULL, types}

/* The tensors of Mamba in layers of these types. */
#define S6_PARTS(at, types) \
	{"ssm.in", "blk.%.ssm_in.weight", at "in_proj.weight", "2*ssm.inner", "width", 0, NULL, NULL, types}, \
	{"ssm.in.b", NULL, at "in_proj.bias", "2*ssm.inner", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"ssm.conv.w", "blk.%.ssm_conv1d.weight", at "conv1d.weight", "ssm.inner", "ssm.conv", SEQP_SMALL, NULL, NULL, types}, \
	{"ssm.conv.b", "blk.%.ssm_conv1d.bias", at "conv1d.bias", "ssm.inner", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"ssm.x", "blk.%.ssm_x.weight", at "x_proj.weight", "ssm.rank+2*ssm.state", "ssm.inner", 0, NULL, NULL, types}, \
	{"ssm.dt", "blk.%.ssm_dt.weight", at "dt_proj.weight", "ssm.inner", "ssm.rank", 0, NULL, NULL, types}, \
	{"ssm.dt.b", "blk.%.ssm_dt.bias", at "dt_proj.bias", "ssm.inner", NULL, 0, NULL, NULL, types}, \
	{"ssm.A", "blk.%.ssm_a", at "A_log", "ssm.inner", "ssm.state", SEQP_SMALL | SEQP_HF_NEGEXP, NULL, NULL, types}, \
	{"ssm.D", "blk.%.ssm_d", at "D", "ssm.inner", NULL, 0, NULL, NULL, types}, \
	{"ssm.out", "blk.%.ssm_out.weight", at "out_proj.weight", "width", "ssm.inner", 0, NULL, NULL, types}, \
	{"ssm.out.b", NULL, at "out_proj.bias", "width", NULL, SEQP_OPT, NULL, NULL, types}

/* The four matrices of attention in layers of these types, with biases where they are stored. */
#define QKVO_PARTS(at, o, types) \
	{"attn.q", "blk.%.attn_q.weight", at "q_proj.weight", "attn.heads*attn.head_dim", "width", 0, NULL, NULL, types}, \
	{"attn.k", "blk.%.attn_k.weight", at "k_proj.weight", "attn.kv_heads*attn.head_dim", "width", 0, NULL, NULL, types}, \
	{"attn.v", "blk.%.attn_v.weight", at "v_proj.weight", "attn.kv_heads*attn.v_head_dim", "width", 0, NULL, NULL, types}, \
	{"attn.o", "blk.%.attn_output.weight", at o ".weight", "width", "attn.heads*attn.v_head_dim", 0, NULL, NULL, types}, \
	{"attn.q.b", "blk.%.attn_q.bias", at "q_proj.bias", "attn.heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"attn.k.b", "blk.%.attn_k.bias", at "k_proj.bias", "attn.kv_heads*attn.head_dim", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"attn.v.b", "blk.%.attn_v.bias", at "v_proj.bias", "attn.kv_heads*attn.v_head_dim", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"attn.o.b", "blk.%.attn_output.bias", at o ".bias", "width", NULL, SEQP_OPT, NULL, NULL, types}

/* A gated MLP below a name, its three matrices called gate, up, down. */
#define GATED_PARTS(at, gate, up, down, types) \
	{"mlp.gate", "blk.%.ffn_gate.weight", at gate ".weight", "mlp.ff", "width", 0, NULL, NULL, types}, \
	{"mlp.up", "blk.%.ffn_up.weight", at up ".weight", "mlp.ff", "width", 0, NULL, NULL, types}, \
	{"mlp.down", "blk.%.ffn_down.weight", at down ".weight", "width", "mlp.ff", 0, NULL, NULL, types}, \
	{"mlp.gate.b", "blk.%.ffn_gate.bias", at gate ".bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"mlp.up.b", "blk.%.ffn_up.bias", at up ".bias", "mlp.ff", NULL, SEQP_OPT, NULL, NULL, types}, \
	{"mlp.down.b", "blk.%.ffn_down.bias", at down ".bias", "width", NULL, SEQP_OPT, NULL, NULL, types}

#endif
