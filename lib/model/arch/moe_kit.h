/* SPDX-License-Identifier: MIT */
/* What architectures with experts share.  t: the types of layers that have them, 1 << type (seqp_part's types). */
#ifndef MODEL_ARCH_MOE_KIT_H
#define MODEL_ARCH_MOE_KIT_H

#include "model/arch/rows.h"

/* Everything that GGUF has for a layer with experts. */
#define EXPERTS_GGUF(t) \
	{"moe.router", "blk.%.ffn_gate_inp.weight", NULL, "moe.experts", "width", 0, NULL, NULL, t}, \
	{"moe.router.b", "blk.%.ffn_gate_inp.bias", NULL, "moe.experts", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"moe.bias", "blk.%.exp_probs_b.bias", NULL, "moe.experts", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"moe.gate", "blk.%.ffn_gate_exps.weight", NULL, "moe.ff", "width", SEQP_STACK | SEQP_OPT, NULL, NULL, t}, \
	{"moe.gate", "blk.%.ffn_gate_up_exps.weight", NULL, "moe.ff", "width", SEQP_STACK | SEQP_OPT, "0", "2*moe.ff", t}, \
	{"moe.gate.b", "blk.%.ffn_gate_exps.bias", NULL, "moe.experts*moe.ff", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"moe.up", "blk.%.ffn_up_exps.weight", NULL, "moe.ff", "width", SEQP_STACK, NULL, NULL, t}, \
	{"moe.up", "blk.%.ffn_gate_up_exps.weight", NULL, "moe.ff", "width", SEQP_STACK, "moe.ff", "2*moe.ff", t}, \
	{"moe.up.b", "blk.%.ffn_up_exps.bias", NULL, "moe.experts*moe.ff", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"moe.down", "blk.%.ffn_down_exps.weight", NULL, "width", "moe.ff", SEQP_STACK, NULL, NULL, t}, \
	{"moe.down.b", "blk.%.ffn_down_exps.bias", NULL, "moe.experts*width", NULL, SEQP_OPT, NULL, NULL, t}, \
	{"moe.shared.gate", "blk.%.ffn_gate_shexp.weight", NULL, "moe.shared.ff", "width", SEQP_OPT, NULL, NULL, t}, \
	{"moe.shared.up", "blk.%.ffn_up_shexp.weight", NULL, "moe.shared.ff", "width", SEQP_OPT, NULL, NULL, t}, \
	{"moe.shared.down", "blk.%.ffn_down_shexp.weight", NULL, "width", "moe.shared.ff", SEQP_OPT, NULL, NULL, t}, \
	{"moe.shared_gate", "blk.%.ffn_gate_inp_shexp.weight", NULL, "width", NULL, SEQP_OPT, NULL, NULL, t}

/* Hugging Face: the router, and what is added for the choice only; the name of the layer's part with them is at. */
#define ROUTER(t, name) {"moe.router", NULL, name ".weight", "moe.experts", "width", 0, NULL, NULL, t}
#define ROUTER_BIAS(t, name) {"moe.bias", NULL, name, "moe.experts", NULL, 0, NULL, NULL, t}
/* Experts, each with tensors of its own, or fused: [experts][gate and up][width]. */
#define EXPERTS_EACH(t, at, gate, up, down) \
	{"moe.gate", NULL, at ".#." gate ".weight", "moe.ff", "width", SEQP_STACK, NULL, NULL, t}, \
	{"moe.up", NULL, at ".#." up ".weight", "moe.ff", "width", SEQP_STACK, NULL, NULL, t}, \
	{"moe.down", NULL, at ".#." down ".weight", "width", "moe.ff", SEQP_STACK, NULL, NULL, t}
#define EXPERTS_FUSED(t, gate_up, down) \
	{"moe.gate", NULL, gate_up, "moe.ff", "width", SEQP_STACK, "0", "2*moe.ff", t}, \
	{"moe.up", NULL, gate_up, "moe.ff", "width", SEQP_STACK, "moe.ff", "2*moe.ff", t}, \
	{"moe.down", NULL, down, "width", "moe.ff", SEQP_STACK, NULL, NULL, t}
#define SHARED_EXPERT(t, at) \
	{"moe.shared.gate", NULL, at ".gate_proj.weight", "moe.shared.ff", "width", 0, NULL, NULL, t}, \
	{"moe.shared.up", NULL, at ".up_proj.weight", "moe.shared.ff", "width", 0, NULL, NULL, t}, \
	{"moe.shared.down", NULL, at ".down_proj.weight", "width", "moe.shared.ff", 0, NULL, NULL, t}
/* The gated MLP of layers without experts. */
#define DENSE(t) \
	{"mlp.gate", "blk.%.ffn_gate.weight", "layers.%.mlp.gate_proj.weight", "mlp.ff", "width", 0, NULL, NULL, t}, \
	{"mlp.up", "blk.%.ffn_up.weight", "layers.%.mlp.up_proj.weight", "mlp.ff", "width", 0, NULL, NULL, t}, \
	{"mlp.down", "blk.%.ffn_down.weight", "layers.%.mlp.down_proj.weight", "width", "mlp.ff", 0, NULL, NULL, t}

enum { SEQP_TYPE_DENSE, SEQP_TYPE_MOE }; /* of layers, where a table has but these */

extern const seqp_number seqp_kit_moe[];       /* experts, widths, gating (defaults: softmax over all, as it is) */
extern const seqp_number seqp_kit_sigmoid[];   /* before it: sigmoid, groups, normalised (DeepSeek-V3) */
extern const seqp_part seqp_kit_moe_mlp[];     /* dense layers; mlp.experts.E.{gate,up,down}_proj or fused, mlp.gate */
extern const seqp_block seqp_blocks_moe[2];    /* rms, softmax attention, by type */

/* Type SEQP_TYPE_MOE where the number "moe.first" and every "moe.step"-th layer, and the list mlp_only_layers, say so. */
int seqp_moe_layers(seq_model *m, seq_error *err);

#endif
