/* SPDX-License-Identifier: MIT */
/* What a model looks like to those who run it: per layer a small block program
 * over a few registers, with weights and numbers looked up by role.
 *
 * Registers hold [tokens][width] floats.  X is the residual stream.  A layer's
 * program is a list of operations; the one interpreter in net/ runs them all.
 *
 *   pre-norm transformer   NORM A<-X "attn_norm"   MIX B<-A "attn"  ADD X<-X,B
 *                          NORM A<-X "mlp_norm"    MLP B<-A "mlp"   ADD X<-X,B
 *   olmo2                  MIX B<-X; NORM B<-B; ADD X<-X,B ...
 *   parallel               NORM A<-X; MIX B<-A; MLP C<-A; ADD X<-X,B; ADD X<-X,C
 *   residual after norm    NORM X<-X; MIX B<-X; ADD X<- alpha*X + beta*B
 *   side block             CAT A<-X,E; NORM A<-A; MIX B<-A; LINEAR C<-B ...
 *
 * Roles are short names below a prefix: the op MIX "attn" asks for "attn.q",
 * "attn.k", ...  Which file tensor plays which role is the architecture's table. */
#ifndef MODEL_PROGRAM_H
#define MODEL_PROGRAM_H

#include "seq/model.h"
#include "tensor/view.h"

enum seqp_reg { SEQP_X, SEQP_A, SEQP_B, SEQP_C, SEQP_D, SEQP_E /* the embeddings, kept */, SEQP_REGS };

enum seqp_opcode {
	SEQP_NORM,  /* dst = norm(src); kind = row of the norm table: "rms", "layer" */
	SEQP_MIX,   /* dst = mixer(src); kind = row of the mixer table: "softmax", "mamba2", "kda" */
	SEQP_MLP,   /* dst = mlp(src); kind = row of the mlp table: "gated", "moe" */
	SEQP_ADD,   /* dst = alpha * src + beta * src2; all of one width */
	SEQP_CAT,   /* dst = [src | src2], as wide as both; dst is another register */
	SEQP_LINEAR /* dst = W src + b, the weight "role"; dst is another register */
};

typedef struct seqp_op {
	enum seqp_opcode code;
	const char *kind, *role; /* role: prefix of its weights and numbers */
	enum seqp_reg dst, src, src2;
	const char *alpha, *beta; /* ADD: numbers of the layer; NULL: 1 */
} seqp_op;

/* The program of one layer; *n operations.  layer = number of layers: what comes after the
 * last one, before the head (the NORM "out_norm" of X, which also tells its kind).  layer -1: what
 * comes between the embeddings and the first layer, often nothing. */
const seqp_op *seqp_model_program(const seq_model *m, int64_t layer, size_t *n);

/* The weight that plays a role, or NULL when the model has none.  layer -1: the
 * model's own ("embed", "pos_embed", "out_norm.w", "out_norm.b", "head", "head.b"); a
 * layer that has no weight of its own for a role is given the model's.  "head" is there
 * always: when tied it is the embedding.  Norm roles are NAME.w, NAME.b by the op's role;
 * mamba's mixers are called "ssm", their norm "ssm_norm".
 * Vectors and small arrays (norms, biases, convolutions, A, D, dt) are always F32 with
 * every transform done (gemma's +1, -exp(A_log)); matrices are as in the file.
 *
 * A matrix P.x may come with P.x.b (bias), P.x.s (factors of its outputs), P.x.lora_a and P.x.lora_b (an adapter).
 *
 * Roles: norm      NAME.w NAME.b
 *        softmax   P.q P.k P.v P.o (matrices [out][in]), P.q.b P.k.b P.v.b P.o.b, P.q_norm.w
 *                  P.k_norm.w (+ .b), P.rope_freqs (divisors of the frequencies, [r/2]),
 *                  P.rope_short P.rope_long, P.gate, P.sinks [heads], P.o_norm.w [heads * v_head_dim]
 *        differential P.q P.k P.v P.o, P.lambda_q1 P.lambda_k1 P.lambda_q2 P.lambda_k2 [head_dim]
 *        mla       P.q_a P.q_a_norm.w P.q_b, or P.q; P.kv_a P.kv_a_norm.w; P.kv_b rows [nope | v] by head, or P.k_b
 *                  [heads * kv_rank][nope] and P.v_b [heads * v_head_dim][kv_rank]; P.o (+ .b); P.head_gate
 *        rwkv4     P.r P.k P.v P.o, P.mix_{r,k,v} (amounts of shift), P.w P.u [columns of k]
 *        rwkv5     the same, P.g P.mix_g or none, P.norm.w P.norm.b; P.w P.u [heads] or [heads][head_k]
 *        rwkv6     the same without P.w, P.mix_x P.mix_w, P.x1.{r,w,k,v,g} P.x2.{...} (amounts from the data), P.d1 P.d2 (+ .b)
 *        rwkv7     P.r P.k P.v P.o, P.mix_{r,w,k,v,a,g}, P.{w,a,v,g}1 P.{w,a,v,g}2 (+ .b), P.k_k P.k_a P.r_k P.norm.w P.norm.b
 *        rwkv_ffn  P.k P.v P.mix_k, P.r P.mix_r or none
 *        mamba     P.in P.conv.w [C][K] P.conv.b P.x P.dt P.dt.b P.A [I][N] (negative) P.D P.out,
 *                  P.in.b P.out.b, P.dt_norm.w P.b_norm.w P.c_norm.w, P.z (else P.in holds [x | z])
 *        mamba2    P.in P.conv.w P.conv.b P.dt.b P.A [H] (negative) P.D [H] P.norm.w P.out, P.in.b P.out.b
 *        shortconv P.in ([B | C | u]) P.conv.w P.conv.b P.out, P.in.b P.out.b
 *        keys      P.k P.v, P.k.b P.v.b: what softmax mixers with "kv_from" of this layer read
 *        rglru     P.x P.y P.gate_a P.gate_x ([inner][inner / heads]) P.out (+ .b), P.conv.w P.conv.b P.lambda
 *        gated-delta-rule, kda, ...: those of mixer/linmix.h, roles and numbers
 *        gated     P.gate P.up P.down (+ .b)
 *        plain     P.up P.down (+ .b); both: P.norm.w, before P.down
 *        moe       P.router (+ .b) P.bias, P.gate P.up P.down: arrays of "P.experts" views (+ .b [experts][out]), P.shared.gate
 *                  P.shared.up P.shared.down P.shared_gate
 */
const seqp_view *seqp_model_weight(const seq_model *m, int64_t layer, const char *role);

/* The name in GGUF of the tensor behind a role; false: it has none. */
_Bool seqp_weight_name(const seq_model *m, int64_t layer, const char *role, char *out, size_t size);

/* A number of a layer (or of the model, layer -1) by key, dflt where the model says nothing.
 * A layer's own value wins over the model's.
 *
 * Model:   "embed_scale" "logit_scale" (multiplies) "logit_cap" "norm_eps" "context"
 * norm:    "norm_eps"; "NAME.eps" wins over it
 * softmax: "P.heads" "P.kv_heads" "P.head_dim" "P.v_head_dim" "P.scale" (softmax factor; 0 or absent: head_dim^-0.5)
 *          "P.cap" "P.window" (0: none; W keys, self included) "P.qk_norm" (0 none, 1 per head, 2 whole width)
 *          "P.norm_after" (1: after the rope) "P.v_norm" (1: values normed) "P.gated" (1: rows of P.q are [q | gate] by head, 2: P.gate, 3: one number a head) "P.clip" (of q, k, v)
 *          "P.chunk" (keys since the last multiple of it) "P.alibi" (factor of the slopes; 0 none) "P.alibi_max"
 *          "P.temper" "P.temper_at" (q * (1 + temper log(1 + floor((position + 1) / temper_at)))) "rope.reverse" (1)
 *          "P.kv_from" (the layer whose keys and values are read, this one behind a mixer "keys"; absent: its own)
 *          "P.qk_norm.eps" "P.rope" (0 none, 1 halves, 2 adjacent) "rope.dim" "rope.theta"
 *          "rope.scaling" (0 none, 1 linear, 2 dynamic, 3 yarn, 4 llama3, 5 longrope) "rope.factor"
 *          "rope.orig" (original context) "rope.low" "rope.high" (llama3) "rope.attn_factor" (0: by formula)
 *          "rope.beta_fast" "rope.beta_slow" "rope.mscale" "rope.mscale_all" "rope.truncate" "rope.max" (max_position_embeddings)
 * differential: "P.heads" "P.kv_heads" "P.head_dim" "P.rope" "P.lambda" (its start) "P.o_norm.eps"
 * mla:     "P.heads" "P.nope_dim" "P.rope_dim" "P.kv_rank" "P.v_head_dim" "P.scale" "P.rope" "P.window" "P.q_a_norm.eps"
 *          "P.kv_a_norm.eps" "P.head_gate" (1: there is one)
 * rwkv:    "P.heads" "P.head_k" "P.head_v" "P.kv_heads" "P.norm" (0: none) "P.norm.eps" "P.linear" (6: 1: QRWKV)
 *          "P.mix_self" (1: amounts are of the token itself) "P.v_first" (7: 1 in
 *          the first layer); of P.w: "P.decay" (0: exp(-exp(w)), 1: exp(w), 2: w) "P.bonus_exp" (1: exp(u))
 * mamba:   "P.inner" "P.state" "P.conv" "P.rank" "P.heads" "P.norm_eps" "P.bcdt_norm" (1: rms on dt, B, C)
 * mamba2:  "P.inner" "P.state" "P.conv" "P.heads" "P.groups" "P.norm_eps" "P.norm_group" (0: inner / groups)
 *          "P.norm_first" (1: norm, then gate) "P.dt_min" "P.dt_max"
 * shortconv: "P.inner" "P.conv"
 * rglru:   "P.inner" "P.conv" "P.heads"
 * mlp:     "P.act" (0 silu, 1 gelu_tanh, 2 gelu_erf, 3 relu, 4 relu2, 5 clamped, gated only: "P.limit" "P.alpha")
 * mlp:     "P.act" (0 silu, 1 gelu_tanh, 2 gelu_erf, 3 relu, 4 relu2, 5 clamped, gated only: "P.limit" "P.alpha";
 *          6 xielu: "P.alpha_p" "P.alpha_n" "P.beta" "P.xielu_eps"; 7 none) "P.norm.eps" "P.sparse"
 * moe:     "P.experts" "P.used" "P.score" (0 softmax over all, 1 over the chosen, 2 sigmoid) "P.groups" "P.groups_used"
 *          "P.group_top" "P.norm" "P.norm_eps" "P.scale" "P.weigh_input" (1: the weight is the input's); layer/route.h
 */
double seqp_model_number(const seq_model *m, int64_t layer, const char *key, double dflt);

#endif
