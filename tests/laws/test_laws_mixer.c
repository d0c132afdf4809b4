/* SPDX-License-Identifier: MIT */
/* Every row of the table of mixers, with weights made on the spot: any threads, any
 * pieces, any neighbours give the bits of one thread, all at once, alone; a wrong shape is
 * refused.  A row without a line of test data here fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "layer/rope.h"
#include "mixer/mixer.h"

enum { WIDTH = 32, LEN = 300, MOST = 32, MAX_ROWS = 512 };

struct weight {
	const char *name;
	int64_t rows, cols;
};

struct number {
	const char *key;
	double value;
};

struct setup {
	const char *kind, *what;
	struct number number[MOST];
	struct weight weight[MOST];
};

static const struct setup setups[] = {
	{"softmax", "grouped heads, rope on halves",
	 {{"m.heads", 4}, {"m.kv_heads", 2}, {"m.head_dim", 8}, {"m.rope", 1}},
	 {{"m.q", 32, 32}, {"m.k", 16, 32}, {"m.v", 16, 32}, {"m.o", 32, 32}}},
	{"softmax", "one key head, window, cap, norm per head, partial rope on neighbours, narrow values",
	 {{"m.heads", 4}, {"m.kv_heads", 1}, {"m.head_dim", 16}, {"m.v_head_dim", 8}, {"m.rope", 2}, {"rope.dim", 8},
	  {"m.window", 70}, {"m.cap", 3}, {"m.qk_norm", 1}, {"m.scale", 0.3}},
	 {{"m.q", 64, 32}, {"m.k", 16, 32}, {"m.v", 8, 32}, {"m.o", 32, 32}, {"m.q_norm.w", 1, 16}, {"m.k_norm.w", 1, 16}}},
	{"softmax", "norm of the whole width, biases, no rope",
	 {{"m.heads", 3}, {"m.kv_heads", 3}, {"m.head_dim", 8}, {"m.qk_norm", 2}},
	 {{"m.q", 24, 32}, {"m.k", 24, 32}, {"m.v", 24, 32}, {"m.o", 32, 24}, {"m.q_norm.w", 1, 24}, {"m.k_norm.w", 1, 24},
	  {"m.q.b", 1, 24}, {"m.k.b", 1, 24}, {"m.v.b", 1, 24}, {"m.o.b", 1, 32}}},
	{"softmax", "many query heads for one key head",
	 {{"m.heads", 71}, {"m.kv_heads", 1}, {"m.head_dim", 4}, {"m.rope", 1}},
	 {{"m.q", 284, 32}, {"m.k", 4, 32}, {"m.v", 4, 32}, {"m.o", 32, 284}}},
	{"softmax", "a gate beside each head of q, sinks, chunks, the norm after the rope, q growing with the position",
	 {{"m.heads", 6}, {"m.kv_heads", 3}, {"m.head_dim", 6}, {"m.gated", 1}, {"m.chunk", 37}, {"m.rope", 1}, {"m.qk_norm", 1}, {"m.norm_after", 1},
	  {"m.temper", 0.4}, {"m.temper_at", 50}, {"rope.reverse", 1}},
	 {{"m.q", 72, 32}, {"m.k", 18, 32}, {"m.v", 18, 32}, {"m.o", 32, 36}, {"m.sinks", 1, 6}}},
	{"softmax", "ALiBi, a gate of its own, values clipped and normed, sinks, window",
	 {{"m.heads", 6}, {"m.kv_heads", 2}, {"m.head_dim", 5}, {"m.v_head_dim", 7}, {"m.gated", 2}, {"m.alibi", 0.7}, {"m.clip", 0.5}, {"m.window", 150}},
	 {{"m.q", 30, 32}, {"m.k", 10, 32}, {"m.v", 14, 32}, {"m.o", 32, 42}, {"m.gate", 42, 32}, {"m.sinks", 1, 6}, {"m.o_norm.w", 1, 42}}},
	{"differential", "pairs of heads of an odd group, rope",
	 {{"m.heads", 12}, {"m.kv_heads", 4}, {"m.head_dim", 6}, {"m.rope", 1}, {"m.lambda", 0.3}},
	 {{"m.q", 72, 32}, {"m.k", 24, 32}, {"m.v", 24, 32}, {"m.o", 32, 72}, {"m.lambda_q1", 1, 6}, {"m.lambda_k1", 1, 6}, {"m.lambda_q2", 1, 6},
	  {"m.lambda_k2", 1, 6}}},
	{"mla", "q in two steps, rope, keys and values in one matrix",
	 {{"m.heads", 3}, {"m.nope_dim", 6}, {"m.rope_dim", 4}, {"m.kv_rank", 9}, {"m.v_head_dim", 5}, {"m.rope", 2}},
	 {{"m.q_a", 11, 32}, {"m.q_a_norm.w", 1, 11}, {"m.q_b", 30, 11}, {"m.kv_a", 13, 32}, {"m.kv_a_norm.w", 1, 9}, {"m.kv_b", 33, 9}, {"m.o", 32, 15}}},
	{"mla", "gates of heads",
	 {{"m.heads", 5}, {"m.nope_dim", 3}, {"m.rope_dim", 2}, {"m.kv_rank", 7}, {"m.v_head_dim", 3}, {"m.rope", 1}, {"m.head_gate", 1}},
	 {{"m.q", 25, 32}, {"m.kv_a", 9, 32}, {"m.kv_a_norm.w", 1, 7}, {"m.kv_b", 30, 7}, {"m.o", 32, 15}, {"m.head_gate", 5, 32}}},
	{"mla", "no rope, a matrix each, biases",
	 {{"m.heads", 70}, {"m.nope_dim", 3}, {"m.rope_dim", 5}, {"m.kv_rank", 17}, {"m.v_head_dim", 2}, {"m.scale", 0.2}},
	 {{"m.q", 560, 32}, {"m.kv_a", 22, 32}, {"m.kv_a.b", 1, 22}, {"m.kv_a_norm.w", 1, 17}, {"m.k_b", 1190, 3}, {"m.v_b", 140, 17}, {"m.o", 32, 140},
	  {"m.o.b", 1, 32}}},
	{"softmax", "a gate of one number a head",
	 {{"m.heads", 4}, {"m.kv_heads", 2}, {"m.head_dim", 6}, {"m.v_head_dim", 7}, {"m.gated", 3}, {"m.rope", 1}},
	 {{"m.q", 24, 32}, {"m.k", 12, 32}, {"m.v", 14, 32}, {"m.gate", 4, 32}, {"m.o", 32, 28}}},
	{"mamba", "plain",
	 {{"m.inner", 48}, {"m.state", 8}, {"m.conv", 4}, {"m.rank", 3}},
	 {{"m.in", 96, 32}, {"m.conv.w", 48, 4}, {"m.conv.b", 1, 48}, {"m.x", 19, 48}, {"m.dt", 48, 3}, {"m.dt.b", 1, 48},
	  {"m.A", 48, 8}, {"m.D", 1, 48}, {"m.out", 32, 48}}},
	{"mamba", "norms of dt, B and C, biases, odd sizes",
	 {{"m.inner", 35}, {"m.state", 5}, {"m.conv", 3}, {"m.rank", 2}, {"m.bcdt_norm", 1}},
	 {{"m.in", 70, 32}, {"m.in.b", 1, 70}, {"m.conv.w", 35, 3}, {"m.x", 12, 35}, {"m.dt", 35, 2}, {"m.dt.b", 1, 35},
	  {"m.A", 35, 5}, {"m.D", 1, 35}, {"m.out", 32, 35}, {"m.out.b", 1, 32}}},
	{"mamba", "three heads, norms with weights, a matrix for z",
	 {{"m.inner", 39}, {"m.state", 4}, {"m.conv", 4}, {"m.rank", 3}, {"m.bcdt_norm", 1}, {"m.heads", 3}},
	 {{"m.in", 39, 32}, {"m.z", 39, 32}, {"m.conv.w", 39, 4}, {"m.conv.b", 1, 39}, {"m.x", 33, 13}, {"m.dt", 39, 3},
	  {"m.dt.b", 1, 39}, {"m.A", 39, 4}, {"m.D", 1, 39}, {"m.out", 32, 39}, {"m.dt_norm.w", 1, 3}, {"m.b_norm.w", 1, 4},
	  {"m.c_norm.w", 1, 4}}},
	{"rglru", "three heads, biases, odd sizes",
	 {{"m.inner", 39}, {"m.conv", 3}, {"m.heads", 3}},
	 {{"m.x", 39, 32}, {"m.x.b", 1, 39}, {"m.y", 39, 32}, {"m.y.b", 1, 39}, {"m.conv.w", 39, 3}, {"m.conv.b", 1, 39},
	  {"m.gate_a", 39, 13}, {"m.gate_a.b", 1, 39}, {"m.gate_x", 39, 13}, {"m.gate_x.b", 1, 39}, {"m.lambda", 1, 39},
	  {"m.out", 32, 39}}},
	{"rglru", "one head",
	 {{"m.inner", 32}},
	 {{"m.x", 32, 32}, {"m.y", 32, 32}, {"m.conv.w", 32, 4}, {"m.gate_a", 32, 32}, {"m.gate_x", 32, 32}, {"m.lambda", 1, 32},
	  {"m.out", 32, 32}}},
	{"shortconv", "as wide as the model",
	 {{"m.conv", 3}}, {{"m.in", 96, 32}, {"m.conv.w", 32, 3}, {"m.out", 32, 32}}},
	{"shortconv", "biases, odd sizes",
	 {{"m.inner", 37}, {"m.conv", 5}},
	 {{"m.in", 111, 32}, {"m.in.b", 1, 111}, {"m.conv.w", 37, 5}, {"m.conv.b", 1, 37}, {"m.out", 32, 37}, {"m.out.b", 1, 32}}},
	{"mamba2", "two groups, limits of dt",
	 {{"m.inner", 64}, {"m.state", 16}, {"m.conv", 4}, {"m.heads", 8}, {"m.groups", 2}, {"m.dt_min", 0.05}, {"m.dt_max", 0.7}},
	 {{"m.in", 200, 32}, {"m.conv.w", 128, 4}, {"m.conv.b", 1, 128}, {"m.dt.b", 1, 8}, {"m.A", 1, 8}, {"m.D", 1, 8},
	  {"m.norm.w", 1, 64}, {"m.out", 32, 64}}},
	{"mamba2", "one group, no norm, odd sizes",
	 {{"m.inner", 15}, {"m.state", 3}, {"m.conv", 2}, {"m.heads", 5}},
	 {{"m.in", 41, 32}, {"m.conv.w", 21, 2}, {"m.A", 1, 5}, {"m.D", 1, 5}, {"m.out", 32, 15}}},
	{"mamba2", "the norm before the gate, factors of a projection",
	 {{"m.inner", 24}, {"m.state", 5}, {"m.conv", 3}, {"m.heads", 3}, {"m.groups", 3}, {"m.norm_first", 1}},
	 {{"m.in", 81, 32}, {"m.in.s", 1, 81}, {"m.conv.w", 54, 3}, {"m.A", 1, 3}, {"m.D", 1, 3}, {"m.norm.w", 1, 24},
	  {"m.out", 32, 24}}},
	{"gated-delta-rule", "convolutions, heads of q and k repeated, gate, norm per head",
	 {{"m.heads", 6}, {"m.q.heads", 2}, {"m.k.heads", 3}, {"m.head_dim", 5}, {"m.v_head_dim", 7}, {"m.conv", 4}, {"m.qk_norm", 1}, {"m.gate", 1},
	  {"m.gate.map", 4}},
	 {{"m.q", 10, 32}, {"m.k", 15, 32}, {"m.v", 42, 32}, {"m.o", 32, 42}, {"m.beta", 6, 32}, {"m.g", 6, 32}, {"m.g.b", 1, 6}, {"m.A", 1, 6},
	  {"m.q.conv.w", 10, 4}, {"m.k.conv.w", 15, 4}, {"m.v.conv.w", 42, 4}, {"m.v.conv.b", 1, 42}, {"m.gate", 42, 32}, {"m.norm.w", 1, 7}}},
	{"gated-delta-rule", "tiled heads, twice the beta, norm of q and k with weights, rope, whole width normed",
	 {{"m.heads", 4}, {"m.q.heads", 2}, {"m.k.heads", 2}, {"m.tiled", 1}, {"m.head_dim", 6}, {"m.v_head_dim", 9}, {"m.qk_norm", 3}, {"m.rope", 2},
	  {"rope.dim", 4}, {"m.beta.factor", 2}, {"m.norm", 1}, {"m.scale", 0.3}},
	 {{"m.q", 12, 32}, {"m.k", 12, 32}, {"m.v", 36, 32}, {"m.o", 32, 36}, {"m.beta", 4, 32}, {"m.g", 4, 32}, {"m.A", 1, 4},
	  {"m.q_norm.w", 1, 6}, {"m.k_norm.w", 1, 6}, {"m.norm.w", 1, 36}, {"m.o.b", 1, 32}}},
	{"delta-rule", "weights alone say that there are convolutions; keys divided by their sum, two groups normed",
	 {{"m.heads", 6}, {"m.head_dim", 3}, {"m.k.norm", 2}, {"m.q.norm", 1}, {"m.q.map", 2}, {"m.k.map", 4}, {"m.norm", 2}, {"m.o.map", 1}},
	 {{"m.q", 18, 32}, {"m.k", 18, 32}, {"m.v", 18, 32}, {"m.o", 32, 18}, {"m.beta", 6, 32}, {"m.k.conv.w", 18, 3}, {"m.k.conv.b", 1, 18},
	  {"m.norm.w", 1, 9}, {"m.norm.b", 1, 9}}},
	{"kda", "gates projected twice",
	 {{"m.heads", 3}, {"m.head_dim", 8}, {"m.v_head_dim", 5}, {"m.conv", 2}, {"m.qk_norm", 1}, {"m.gate", 1}},
	 {{"m.q", 24, 32}, {"m.k", 24, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.beta", 3, 32}, {"m.g.0", 4, 32}, {"m.g", 24, 4}, {"m.g.b", 1, 24},
	  {"m.A", 1, 3}, {"m.q.conv.w", 24, 2}, {"m.k.conv.w", 24, 2}, {"m.v.conv.w", 15, 2}, {"m.gate.0", 5, 32}, {"m.gate", 15, 5},
	  {"m.gate.b", 1, 15}, {"m.norm.w", 1, 5}}},
	{"kda", "decay bounded, one projection",
	 {{"m.heads", 2}, {"m.head_dim", 7}, {"m.qk_norm", 1}, {"m.g.map", 7}, {"m.g.factor", -3}, {"m.norm", 0}},
	 {{"m.q", 14, 32}, {"m.k", 14, 32}, {"m.v", 14, 32}, {"m.o", 32, 14}, {"m.beta", 2, 32}, {"m.g", 14, 32}, {"m.A", 1, 14}}},
	{"mlstm", "odd heads, capped gates",
	 {{"m.heads", 3}, {"m.head_dim", 5}, {"m.v_head_dim", 7}, {"m.gate", 1}, {"m.gate.map", 4}, {"m.norm_mean", 1}, {"m.i.factor", 15},
	  {"m.f.factor", 2}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 21, 32}, {"m.i", 3, 32}, {"m.i.b", 1, 3}, {"m.f", 3, 32}, {"m.f.b", 1, 3},
	  {"m.gate", 21, 32}, {"m.norm.w", 1, 21}, {"m.o", 32, 21}}},
	{"rwkv4", "wide",
	 {{"m.mix_self", 1}},
	 {{"m.mix_r", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.r", 37, 32}, {"m.k", 37, 32}, {"m.v", 37, 32},
	  {"m.w", 1, 37}, {"m.u", 1, 37}, {"m.o", 32, 37}}},
	{"rwkv5", "one decay a head, no gate, keys and values of different widths",
	 {{"m.heads", 3}, {"m.head_k", 5}, {"m.head_v", 7}, {"m.mix_self", 1}, {"m.bonus_exp", 1}},
	 {{"m.mix_r", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.r", 15, 32}, {"m.k", 15, 32}, {"m.v", 21, 32},
	  {"m.w", 1, 3}, {"m.u", 1, 3}, {"m.norm.w", 1, 21}, {"m.norm.b", 1, 21}, {"m.o", 32, 21}}},
	{"rwkv5", "a decay a channel, gate",
	 {{"m.heads", 4}},
	 {{"m.mix_r", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_g", 1, 32}, {"m.r", 32, 32}, {"m.k", 32, 32},
	  {"m.v", 32, 32}, {"m.g", 32, 32}, {"m.w", 4, 8}, {"m.u", 4, 8}, {"m.norm.w", 1, 32}, {"m.norm.b", 1, 32}, {"m.o", 32, 32}}},
	{"rwkv6", "odd sizes",
	 {{"m.heads", 3}, {"m.head_k", 5}, {"m.head_v", 9}},
	 {{"m.mix_x", 1, 32}, {"m.mix_r", 1, 32}, {"m.mix_w", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_g", 1, 32},
	  {"m.x1.r", 6, 32}, {"m.x1.w", 6, 32}, {"m.x1.k", 7, 32}, {"m.x1.v", 6, 32}, {"m.x1.g", 5, 32},
	  {"m.x2.r", 32, 6}, {"m.x2.w", 32, 6}, {"m.x2.k", 32, 7}, {"m.x2.v", 32, 6}, {"m.x2.g", 32, 5},
	  {"m.d1", 11, 32}, {"m.d2", 15, 11}, {"m.d2.b", 1, 15}, {"m.u", 3, 5}, {"m.r", 15, 32}, {"m.k", 15, 32}, {"m.v", 27, 32},
	  {"m.g", 27, 32}, {"m.norm.w", 1, 27}, {"m.norm.b", 1, 27}, {"m.o", 32, 27}}},
	{"rwkv6", "as linear attention, one head of k and v for two, biases, no norm",
	 {{"m.heads", 4}, {"m.head_k", 5}, {"m.head_v", 6}, {"m.kv_heads", 2}, {"m.linear", 1}, {"m.norm", 0}},
	 {{"m.mix_x", 1, 32}, {"m.mix_r", 1, 32}, {"m.mix_w", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_g", 1, 32},
	  {"m.x1.r", 6, 32}, {"m.x1.w", 6, 32}, {"m.x1.k", 6, 32}, {"m.x1.v", 6, 32}, {"m.x1.g", 6, 32},
	  {"m.x2.r", 32, 6}, {"m.x2.w", 32, 6}, {"m.x2.k", 32, 6}, {"m.x2.v", 32, 6}, {"m.x2.g", 32, 6},
	  {"m.d1", 3, 32}, {"m.d2", 20, 3}, {"m.d2.b", 1, 20}, {"m.r", 20, 32}, {"m.k", 10, 32}, {"m.v", 12, 32}, {"m.r.b", 1, 20},
	  {"m.k.b", 1, 10}, {"m.v.b", 1, 12}, {"m.g", 24, 32}, {"m.o", 32, 24}}},
	{"rwkv7", "mixes in the values of the first layer",
	 {{"m.heads", 4}},
	 {{"m.mix_r", 1, 32}, {"m.mix_w", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_a", 1, 32}, {"m.mix_g", 1, 32},
	  {"m.r", 32, 32}, {"m.k", 32, 32}, {"m.v", 32, 32}, {"m.w1", 7, 32}, {"m.w2", 32, 7}, {"m.w2.b", 1, 32},
	  {"m.a1", 5, 32}, {"m.a2", 32, 5}, {"m.a2.b", 1, 32}, {"m.v1", 3, 32}, {"m.v2", 32, 3}, {"m.v2.b", 1, 32},
	  {"m.g1", 17, 32}, {"m.g2", 32, 17}, {"m.k_k", 1, 32}, {"m.k_a", 1, 32}, {"m.r_k", 4, 8}, {"m.norm.w", 1, 32},
	  {"m.norm.b", 1, 32}, {"m.o", 32, 32}}},
	{"rwkv7", "hands its values on",
	 {{"m.heads", 2}, {"m.v_first", 1}},
	 {{"m.mix_r", 1, 32}, {"m.mix_w", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_a", 1, 32}, {"m.mix_g", 1, 32},
	  {"m.r", 32, 32}, {"m.k", 32, 32}, {"m.v", 32, 32}, {"m.w1", 7, 32}, {"m.w2", 32, 7}, {"m.w2.b", 1, 32},
	  {"m.a1", 5, 32}, {"m.a2", 32, 5}, {"m.a2.b", 1, 32}, {"m.g1", 17, 32}, {"m.g2", 32, 17}, {"m.k_k", 1, 32}, {"m.k_a", 1, 32},
	  {"m.r_k", 2, 16}, {"m.norm.w", 1, 32}, {"m.norm.b", 1, 32}, {"m.o", 32, 32}}},
	{"rwkv7", "neither norm nor gate",
	 {{"m.heads", 4}, {"m.norm", 0}},
	 {{"m.mix_r", 1, 32}, {"m.mix_w", 1, 32}, {"m.mix_k", 1, 32}, {"m.mix_v", 1, 32}, {"m.mix_a", 1, 32},
	  {"m.r", 32, 32}, {"m.k", 32, 32}, {"m.v", 32, 32}, {"m.w1", 7, 32}, {"m.w2", 32, 7}, {"m.w2.b", 1, 32},
	  {"m.a1", 5, 32}, {"m.a2", 32, 5}, {"m.a2.b", 1, 32}, {"m.v1", 3, 32}, {"m.v2", 32, 3}, {"m.v2.b", 1, 32},
	  {"m.k_k", 1, 32}, {"m.k_a", 1, 32}, {"m.r_k", 4, 8}, {"m.o", 32, 32}}},
	{"rwkv_ffn", "receptance",
	 {{"m.mix_self", 1}},
	 {{"m.mix_k", 1, 32}, {"m.mix_r", 1, 32}, {"m.k", 51, 32}, {"m.v", 32, 51}, {"m.r", 32, 32}}},
	{"rwkv_ffn", "none", {{0}}, {{"m.mix_k", 1, 32}, {"m.k", 19, 32}, {"m.v", 32, 19}}},
	{"deltaproduct", "two steps a token, a gate, heads of k repeated",
	 {{"m.heads", 4}, {"m.q.heads", 2}, {"m.k.heads", 2}, {"m.head_dim", 5}, {"m.v_head_dim", 3}, {"m.steps", 2}, {"m.conv", 3}, {"m.qk_norm", 1},
	  {"m.beta.factor", 2}},
	 {{"m.q", 10, 32}, {"m.k", 20, 32}, {"m.v", 24, 32}, {"m.o", 32, 12}, {"m.beta", 8, 32}, {"m.g", 4, 32}, {"m.g.b", 1, 4}, {"m.A", 1, 4},
	  {"m.q.conv.w", 10, 3}, {"m.k.conv.w", 20, 3}, {"m.v.conv.w", 24, 3}, {"m.norm.w", 1, 3}}},
	{"deltaproduct", "three steps, no gate",
	 {{"m.heads", 2}, {"m.head_dim", 7}, {"m.steps", 3}, {"m.g.use", 0}, {"m.qk_norm", 1}},
	 {{"m.q", 14, 32}, {"m.k", 42, 32}, {"m.v", 42, 32}, {"m.o", 32, 14}, {"m.beta", 6, 32}}},
	{"comba", "the old state read, one head of k for two",
	 {{"m.heads", 4}, {"m.q.heads", 2}, {"m.k.heads", 2}, {"m.head_dim", 6}, {"m.v_head_dim", 5}, {"m.qk_norm", 1}, {"m.read", 1}, {"m.gate", 1}},
	 {{"m.q", 12, 32}, {"m.k", 12, 32}, {"m.v", 20, 32}, {"m.o", 32, 20}, {"m.beta", 4, 32}, {"m.g", 4, 32}, {"m.A", 1, 4}, {"m.decay", 1, 2},
	  {"m.D", 1, 2}, {"m.gate", 20, 32}, {"m.norm.w", 1, 5}}},
	{"comba", "neither decay nor correction",
	 {{"m.heads", 3}, {"m.head_dim", 5}, {"m.qk_norm", 1}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.beta", 3, 32}, {"m.g", 3, 32}, {"m.A", 1, 3}}},
	{"gla", "heads of k and v repeated, gate of rank 4, clamped; silu behind the convolutions and again",
	 {{"m.heads", 4}, {"m.k.heads", 2}, {"m.v.heads", 2}, {"m.g.heads", 2}, {"m.head_dim", 5}, {"m.v_head_dim", 6}, {"m.conv.silu", 1},
	  {"m.q.map", 1}, {"m.g.factor", 0.5}, {"m.g.floor", -0.4}, {"m.rope", 1}, {"rope.dim", 4}},
	 {{"m.q", 20, 32}, {"m.k", 10, 32}, {"m.v", 12, 32}, {"m.o", 32, 24}, {"m.g.0", 4, 32}, {"m.g", 10, 4}, {"m.g.b", 1, 10},
	  {"m.q.conv.w", 20, 3}, {"m.v.conv.w", 12, 3}, {"m.norm.w", 1, 24}}},
	{"simple-gla", "no norm",
	 {{"m.heads", 5}, {"m.head_dim", 3}, {"m.norm", 0}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.g", 5, 32}}},
	{"hgrn2", "a lower bound, whole width normed, convolutions",
	 {{"m.heads", 2}, {"m.head_dim", 7}, {"m.v_head_dim", 9}, {"m.norm", 1}, {"layers", 3}, {"m.conv", 2}},
	 {{"m.q", 14, 32}, {"m.v", 18, 32}, {"m.g", 14, 32}, {"m.o", 32, 18}, {"m.lower", 3, 14}, {"m.norm.w", 1, 18}, {"m.q.conv.w", 14, 2},
	  {"m.v.conv.w", 18, 2}, {"m.g.conv.w", 14, 2}}},
	{"lightnet", "gate of rank 3 over the whole width",
	 {{"m.heads", 2}, {"m.head_dim", 5}, {"m.v_head_dim", 8}, {"m.norm", 1}, {"m.gate", 1}},
	 {{"m.q", 10, 32}, {"m.k", 10, 32}, {"m.v", 16, 32}, {"m.o", 32, 16}, {"m.gate.0", 3, 32}, {"m.gate", 16, 3}, {"m.norm.w", 1, 16}}},
	{"gsa", "heads of k, v and slots repeated, silu of the output",
	 {{"m.heads", 4}, {"m.k.heads", 2}, {"m.v.heads", 2}, {"m.g.heads", 2}, {"m.head_dim", 6}, {"m.v_head_dim", 5}, {"m.slots", 7},
	  {"m.g.factor", 0.2}, {"m.norm", 1}, {"m.o.map", 1}, {"m.scale", 1}},
	 {{"m.q", 24, 32}, {"m.k", 12, 32}, {"m.v", 10, 32}, {"m.o", 32, 20}, {"m.g", 14, 32}, {"m.norm.w", 1, 20}}},
	{"abc", "slots clamped, rope",
	 {{"m.heads", 3}, {"m.head_dim", 6}, {"m.v_head_dim", 5}, {"m.slots", 9}, {"m.s.floor", -1}, {"m.s.factor", 2}, {"m.rope", 1}, {"m.gate", 1}},
	 {{"m.q", 18, 32}, {"m.k", 18, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.s", 27, 32}, {"m.gate", 15, 32}, {"m.norm.w", 1, 5}}},
	{"hgrn", "more channels than columns, a lower bound, gate",
	 {{"m.inner", 45}, {"m.gate", 1}, {"m.conv", 3}, {"layers", 2}},
	 {{"m.x", 45, 32}, {"m.g", 45, 32}, {"m.gate", 45, 32}, {"m.o", 32, 45}, {"m.norm.w", 1, 45}, {"m.x.conv.w", 45, 3}, {"m.g.conv.w", 45, 3},
	  {"m.lower", 2, 45}}},
	{"retention", "RetNet's decays, rope, gate",
	 {{"m.heads", 3}, {"m.head_dim", 4}, {"m.v_head_dim", 7}, {"m.rope", 1}, {"m.gate", 1}},
	 {{"m.q", 12, 32}, {"m.k", 12, 32}, {"m.v", 21, 32}, {"m.o", 32, 21}, {"m.gate", 21, 32}, {"m.norm.w", 1, 7}}},
	{"retention", "slopes of a layer, silu on all, whole width normed, sigmoid gate",
	 {{"m.heads", 4}, {"m.head_dim", 6}, {"m.slopes", 1}, {"m.slope_scale", 0.7}, {"m.q.map", 1}, {"m.k.map", 1}, {"m.v.map", 1}, {"m.scale", 1},
	  {"m.norm", 1}, {"m.gate", 1}, {"m.gate.map", 4}},
	 {{"m.q", 24, 32}, {"m.k", 24, 32}, {"m.v", 24, 32}, {"m.o", 32, 24}, {"m.gate", 24, 32}, {"m.norm.w", 1, 24}}},
	{"mesa-net", "convolutions on q and k",
	 {{"m.heads", 3}, {"m.head_dim", 5}, {"m.v_head_dim", 6}, {"m.conv", 4}, {"m.qk_norm", 1}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 18, 32}, {"m.o", 32, 18}, {"m.g", 3, 32}, {"m.g.b", 1, 3}, {"m.beta", 3, 32}, {"m.lamb", 1, 15},
	  {"m.q.conv.w", 15, 4}, {"m.k.conv.w", 15, 4}, {"m.norm.w", 1, 6}}},
	{"linear", "products of two matrices as features, heads of k and v repeated",
	 {{"m.heads", 4}, {"m.k.heads", 2}, {"m.v.heads", 2}, {"m.head_dim", 5}, {"m.v_head_dim", 6}, {"m.feature_in", 5}, {"m.feature", 1},
	  {"m.q.norm", 2}, {"m.qk_norm.eps", 3}},
	 {{"m.q", 20, 32}, {"m.k", 10, 32}, {"m.v", 12, 32}, {"m.o", 32, 24}, {"m.q.f1.w", 5, 5}, {"m.q.f1.b", 1, 5}, {"m.q.f2.w", 5, 5},
	  {"m.q.f2.b", 1, 5}, {"m.k.f1.w", 5, 5}, {"m.k.f2.w", 5, 5}, {"m.norm.w", 1, 6}}},
	{"linear", "hedgehog, normalised",
	 {{"m.heads", 2}, {"m.head_dim", 10}, {"m.v_head_dim", 6}, {"m.feature_in", 5}, {"m.feature", 3}, {"m.normalise", 1}, {"m.eps", 1e-6}},
	 {{"m.q", 10, 32}, {"m.k", 10, 32}, {"m.v", 12, 32}, {"m.o", 32, 12}, {"m.q.f1.w", 5, 5}, {"m.k.f1.w", 5, 5}}},
	{"linear", "deterministic parameter-free projection",
	 {{"m.heads", 2}, {"m.head_dim", 24}, {"m.v_head_dim", 6}, {"m.feature_in", 3}, {"m.feature", 4}},
	 {{"m.q", 6, 32}, {"m.k", 6, 32}, {"m.v", 12, 32}, {"m.o", 32, 12}}},
	{"linear", "elu + 1, normalised; T2R's features of q are those of k",
	 {{"m.heads", 3}, {"m.head_dim", 5}, {"m.feature_in", 5}, {"m.feature", 2}, {"m.normalise", 1}, {"m.q.map", 3}, {"m.k.map", 3}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.q.f1.w", 5, 5}, {"m.k.f1.w", 5, 5}}},
	{"keys", "rope",
	 {{"m.kv_heads", 3}, {"m.head_dim", 6}, {"m.v_head_dim", 5}, {"m.rope", 2}},
	 {{"m.k", 18, 32}, {"m.v", 15, 32}, {"m.k.b", 1, 18}}},
	{"forgetting", "two heads a key, window, norm per head, gate",
	 {{"m.heads", 4}, {"m.kv_heads", 2}, {"m.head_dim", 7}, {"m.window", 90}, {"m.qk_norm", 1}, {"m.gated", 1}},
	 {{"m.q", 28, 32}, {"m.k", 14, 32}, {"m.v", 14, 32}, {"m.o", 32, 28}, {"m.f", 4, 32}, {"m.f.b", 1, 4}, {"m.gate", 28, 32},
	  {"m.q_norm.w", 1, 28}, {"m.k_norm.w", 1, 14}}},
	{"forgetting", "one key head",
	 {{"m.heads", 3}, {"m.kv_heads", 1}, {"m.head_dim", 5}},
	 {{"m.q", 15, 32}, {"m.k", 5, 32}, {"m.v", 5, 32}, {"m.o", 32, 15}, {"m.f", 3, 32}}},
	{"mom", "two memories, one a token, one for all, the same projections; convolutions, gate",
	 {{"m.heads", 3}, {"m.head_dim", 5}, {"m.v_head_dim", 4}, {"m.experts", 2}, {"m.used", 1}, {"m.norm", 1}, {"m.conv", 3}, {"m.shared", 1},
	  {"m.gate", 1}, {"m.one_kv", 1}},
	 {{"m.q", 15, 32}, {"m.router", 2, 32}, {"m.sk", 15, 32}, {"m.sv", 12, 32}, {"m.sbeta", 3, 32}, {"m.sg", 3, 32}, {"m.q.conv.w", 15, 3},
	  {"m.k.conv.w", 15, 3}, {"m.v.conv.w", 12, 3}, {"m.A", 1, 3}, {"m.dt.b", 1, 3}, {"m.gate", 12, 32}, {"m.norm.w", 1, 4}, {"m.o", 32, 12}}},
	{"mom", "memories with matrices of their own, none for all",
	 {{"m.heads", 2}, {"m.head_dim", 6}, {"m.experts", 3}, {"m.used", 2}, {"m.norm", 1}},
	 {{"m.q", 12, 32}, {"m.router", 3, 32}, {"m.k", 12, 32}, {"m.k.1", 12, 32}, {"m.k.2", 12, 32}, {"m.v", 12, 32}, {"m.v.1", 12, 32},
	  {"m.v.2", 12, 32}, {"m.beta", 2, 32}, {"m.beta.1", 2, 32}, {"m.beta.2", 2, 32}, {"m.g", 2, 32}, {"m.g.1", 2, 32}, {"m.g.2", 2, 32},
	  {"m.A", 1, 2}, {"m.o", 32, 12}}},
	{"path", "two heads a key, reflections of low rank, a convolution",
	 {{"m.heads", 4}, {"m.kv_heads", 2}, {"m.head_dim", 7}, {"m.conv", 3}},
	 {{"m.q", 28, 32}, {"m.k", 14, 32}, {"m.v", 14, 32}, {"m.o", 32, 28}, {"m.w.0", 5, 32}, {"m.w", 14, 5}, {"m.w.conv.w", 14, 3},
	  {"m.beta", 2, 32}, {"m.beta.b", 1, 2}}},
	{"path", "no convolution",
	 {{"m.heads", 3}, {"m.head_dim", 5}},
	 {{"m.q", 15, 32}, {"m.k", 15, 32}, {"m.v", 15, 32}, {"m.o", 32, 15}, {"m.w", 15, 32}, {"m.beta", 3, 32}}},
};

static int failed, checked;

static void law(int ok, const struct setup *s, const char *what, int a, int b)
{
	checked++;
	if (!ok) {
		failed++;
		printf("FAIL %s (%s): %s %d %d\n", s->kind, s->what, what, a, b);
	}
}

/* A mixer bound for some lanes, with everything a run needs. */
struct rig {
	const struct setup *set;
	const struct weight *spoiled; /* its rows are one more than they should be */
	seqp_view view[MOST];
	const seqp_mixer_row *row;
	void *self;
	seqp_arena arena;
	seqp_needs needs;
	seqp_rope_set ropes;
	seqp_rope_table table[SEQP_ROPES];
	seqp_plan *plan;
	seqp_team *team;
	char *act, *shared, *own;
	float *carry;
};

static const seqp_view *find_weight(const void *from, int64_t layer, const char *role)
{
	const struct rig *r = from;
	(void)layer;
	for (int i = 0; i < MOST && r->set->weight[i].name; i++)
		if (!strcmp(r->set->weight[i].name, role))
			return &r->view[i];
	return NULL;
}

static double find_number(const void *from, int64_t layer, const char *key, double dflt)
{
	const struct rig *r = from;
	(void)layer;
	for (int i = 0; i < MOST && r->set->number[i].key; i++)
		if (!strcmp(r->set->number[i].key, key))
			return r->set->number[i].value;
	return dflt;
}

/* A value in (-1, 1) that depends on where it stands alone. */
static float noise(uint32_t a, uint32_t b)
{
	uint32_t h = a * 0x9e3779b1u ^ (b + 1) * 0x85ebca6bu;
	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 12;
	h *= 0x297a2d39u;
	h ^= h >> 15;
	return (float)(int32_t)h / 2147483648.0f;
}

static void make_weights(struct rig *r)
{
	for (uint32_t i = 0; i < MOST && r->set->weight[i].name; i++) {
		const struct weight *w = &r->set->weight[i];
		int64_t rows = w->rows + (w == r->spoiled), n = rows * w->cols;
		float *p = seqp_arena_alloc(&r->arena, (size_t)n, 4);
		for (int64_t k = 0; k < n; k++)
			p[k] = noise(i, (uint32_t)k) * (w->rows > 1 ? 0.4f : 1);
		if (!strcmp(w->name, "m.A"))
			for (int64_t k = 0; k < n; k++)
				p[k] = -1 - p[k];
		r->view[i] = (seqp_view){p, SEQ_F32, rows, w->cols, (size_t)w->cols * 4};
	}
}

static int open_rig(struct rig *r, const struct setup *set, int lanes, int dtype, const struct weight *spoiled)
{
	seq_error err = {0};
	*r = (struct rig){.set = set, .spoiled = spoiled, .row = seqp_mixer_find(set->kind), .plan = seqp_plan_new(1),
		.team = seqp_team_new(lanes)};
	make_weights(r);
	seqp_bind b = {.from = r, .weight = find_weight, .number = find_number, .role = "m", .width = WIDTH, .in = WIDTH, .max_rows = MAX_ROWS,
		.lanes = lanes, .kv_dtype = dtype, .arena = &r->arena, .ropes = &r->ropes, .needs = &r->needs};
	int rc = r->row->open(&r->self, &b, &r->plan->spec[0], &err);
	if (rc < 0 && !err.text[0])
		rc = -1000;
	r->plan->vocab = 1;
	r->act = aligned_alloc(64, (1u << 20));
	r->shared = aligned_alloc(64, (r->needs.shared + 63) & ~(size_t)63);
	r->own = aligned_alloc(64, ((r->needs.own + 4095) & ~(size_t)4095) * (size_t)lanes + 64);
	r->carry = malloc(MAX_ROWS * r->needs.carry * 4 + 4);
	for (size_t i = 0; i < r->ropes.n; i++) {
		r->table[i].cos = malloc(MAX_ROWS * r->ropes.rope[i].pairs * 4);
		r->table[i].sin = malloc(MAX_ROWS * r->ropes.rope[i].pairs * 4);
	}
	return rc;
}

static void close_rig(struct rig *r)
{
	for (size_t i = 0; i < r->ropes.n; i++) {
		free(r->table[i].cos);
		free(r->table[i].sin);
	}
	free(r->act);
	free(r->carry);
	free(r->shared);
	free(r->own);
	seqp_plan_free(r->plan);
	seqp_team_free(r->team);
	seqp_arena_free(&r->arena);
}

struct job {
	struct rig *rig;
	seqp_batch batch;
	seqp_slot *slot[MOST];
	const float *x;
	float *y;
};

static void on_lane(void *arg, const seqp_lane *lane)
{
	struct job *j = arg;
	seqp_ctx ctx = {.lane = *lane, .batch = &j->batch, .rope = j->rig->table, .act = j->rig->act, .shared = j->rig->shared,
		.own = j->rig->own + (size_t)lane->tid * ((j->rig->needs.own + 4095) & ~(size_t)4095), .carry = j->rig->carry};
	seqp_rope_fill(&ctx, &j->rig->ropes, j->rig->table);
	seqp_team_barrier(lane);
	j->rig->row->run(j->rig->self, &ctx, j->slot, j->x, j->y);
}

/* Runs n[i] more tokens on each of k states; the inputs of sequence id[i] are its own noise. */
static void run(struct rig *r, seq_state **s, const uint32_t *id, const size_t *n, size_t k, float **y)
{
	seq_error err;
	size_t first[MOST + 1] = {0}, row_seq[MAX_ROWS];
	int64_t pos[MOST], row_pos[MAX_ROWS];
	float *x = malloc(MAX_ROWS * WIDTH * 4), *out = malloc(MAX_ROWS * WIDTH * 4);
	struct job j = {.rig = r, .x = x, .y = out, .batch = {.first = first, .pos = pos, .row_pos = row_pos, .row_seq = row_seq}};
	for (size_t i = 0; i < k; i++) {
		pos[i] = s[i]->len;
		for (size_t t = 0; t < n[i]; t++) {
			size_t row = j.batch.rows++;
			row_pos[row] = s[i]->len + (int64_t)t;
			row_seq[row] = i;
			for (uint32_t c = 0; c < WIDTH; c++)
				x[row * WIDTH + c] = 2 * noise(1000 + id[i], (uint32_t)row_pos[row] * WIDTH + c);
			for (uint32_t c = 0; c < r->needs.carry; c++) /* as an earlier layer would leave it */
				r->carry[row * r->needs.carry + c] = noise(2000 + id[i], (uint32_t)row_pos[row] * WIDTH + c);
		}
		first[i + 1] = j.batch.rows;
		j.slot[i] = &s[i]->slot[0];
		if (seqp_state_prepare(s[i], (int64_t)n[i], MAX_ROWS, 0, &err) < 0)
			abort();
		seqp_state_extend(s[i], (int64_t)n[i]);
	}
	j.batch.nseq = k;
	seqp_team_run(r->team, on_lane, &j);
	for (size_t i = 0; i < k; i++) {
		memcpy(y[i] + (size_t)s[i]->len * WIDTH, out + first[i] * WIDTH, n[i] * WIDTH * 4);
		seqp_state_advance(s[i], (int64_t)n[i]);
	}
	free(x);
	free(out);
}

static int same_state(const seq_state *a, const seq_state *b)
{
	const seqp_slot *p = &a->slot[0], *q = &b->slot[0];
	int same = a->len == b->len && p->kv.n == q->kv.n && p->kv.first == q->kv.first &&
	           !memcmp(a->fixed, b->fixed, a->fixed_count * 4);
	for (size_t i = 0; same && i < p->kv.n; i++)
		same = !memcmp(p->kv.block[i], q->kv.block[i], seqp_kv_block_bytes(p->spec));
	return same;
}

static seq_state *state_of(struct rig *r)
{
	seq_error err;
	seq_state *s;
	if (seqp_state_new(&s, r->plan, &err) < 0)
		abort();
	return s;
}

/* Sequence 1 by pieces of a size, on some lanes, against all at once on one. */
static void pieces(const struct setup *set, int dtype, const float *want, const seq_state *end)
{
	static const int lanes[] = {1, 2, 3, 8}, piece[] = {1, 7, 64, 300};
	static const size_t most[4][4] = {{300, 300, 300, 300}, {30, 300, 300, 300}, {6, 70, 300, 300}, {2, 14, 128, 300}};
	for (int l = 0; l < 4; l++)
		for (int p = 0; p < 4; p++) {
			struct rig r;
			float *y = calloc(LEN * WIDTH, 4);
			if (open_rig(&r, set, lanes[l], dtype, NULL) < 0)
				abort();
			seq_state *s = state_of(&r);
			/* the last tokens at depth: lanes share key blocks there */
			size_t at = 0, from = LEN - most[l][p];
			while (at < LEN) {
				size_t n = at < from ? from - at : (size_t)piece[p];
				n = n < LEN - at ? n : LEN - at;
				run(&r, &s, (uint32_t[]){1}, &n, 1, &y);
				at += n;
			}
			law(!memcmp(y, want, LEN * WIDTH * 4), set, "output: lanes, piece", lanes[l], piece[p]);
			law(same_state(s, end), set, "state: lanes, piece", lanes[l], piece[p]);
			seq_state_free(s);
			close_rig(&r);
			free(y);
		}
}

/* Five sequences in unequal pieces at once; sequence 1 must not notice. */
static void neighbours(const struct setup *set, int dtype, const float *want, const seq_state *end)
{
	struct rig r;
	seq_state *s[5];
	float *y[5];
	size_t n[5];
	uint32_t id[5] = {3, 4, 1, 9, 2};
	if (open_rig(&r, set, 2, dtype, NULL) < 0)
		abort();
	for (int i = 0; i < 5; i++) {
		s[i] = state_of(&r);
		y[i] = calloc(LEN * WIDTH, 4);
	}
	for (size_t round = 0; s[2]->len < LEN; round++) {
		for (size_t i = 0; i < 5; i++) {
			size_t left = LEN - (size_t)s[i]->len, want_n = (i * 17 + round * 29) % 67;
			n[i] = want_n < left ? want_n : left;
		}
		run(&r, s, id, n, 5, y);
	}
	law(!memcmp(y[2], want, LEN * WIDTH * 4), set, "output among neighbours", 0, 0);
	law(same_state(s[2], end), set, "state among neighbours", 0, 0);
	for (int i = 0; i < 5; i++) {
		seq_state_free(s[i]);
		free(y[i]);
	}
	close_rig(&r);
}

static void wrong_shapes(const struct setup *set)
{
	for (int i = 0; i < MOST && set->weight[i].name; i++) {
		struct rig r;
		int rc = open_rig(&r, set, 1, SEQ_F16, &set->weight[i]);
		law(rc < 0 && rc > -100, set, "a wrong shape is refused with a sentence: weight", i, rc);
		close_rig(&r);
	}
}

static void one(const struct setup *set, int dtype)
{
	struct rig r;
	size_t n = LEN;
	float *want = calloc(LEN * WIDTH, 4);
	int rc = open_rig(&r, set, 1, dtype, NULL);
	law(rc == 0, set, "opens", rc, 0);
	if (rc == 0) {
		seq_state *s = state_of(&r);
		double sum = 0;
		run(&r, &s, (uint32_t[]){1}, &n, 1, &want);
		for (size_t i = 0; i < LEN * WIDTH; i++)
			sum += (double)want[i] * (double)want[i];
		law(sum > 1 && sum < 1e9, set, "the output is neither nothing nor everything", 0, 0);
		pieces(set, dtype, want, s);
		neighbours(set, dtype, want, s);
		seq_state_free(s);
	}
	close_rig(&r);
	free(want);
}

int main(void)
{
	static const int cache[] = {SEQ_F16, SEQ_F32, SEQ_BF16, SEQ_Q8_0};
	for (size_t m = 0; seqp_mixer_at(m); m++) {
		int lines = 0;
		for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
			const struct setup *set = &setups[i];
			if (strcmp(set->kind, seqp_mixer_at(m)->name))
				continue;
			for (int c = 0; c < (strcmp(set->kind, "softmax") || lines > 1 ? 1 : 4); c++)
				one(set, cache[c]);
			wrong_shapes(set);
			lines++;
		}
		printf("%s: %d setups\n", seqp_mixer_at(m)->name, lines);
		if (!lines)
			failed++;
	}
	printf("%d checked, %d failed\n", checked, failed);
	return failed != 0;
}
