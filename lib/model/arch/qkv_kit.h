/* SPDX-License-Identifier: MIT */
/* q, k and v in one matrix; names without their ".weight" and ".bias". */
#ifndef MODEL_ARCH_QKV_KIT_H
#define MODEL_ARCH_QKV_KIT_H

#include "model/arch/rows.h"

#define QKV_Q "attn.heads*attn.head_dim"
#define QKV_KV "attn.kv_heads*attn.head_dim"
#define QKV_QK "(attn.heads+attn.kv_heads)*attn.head_dim"
#define QKV_ALL "(attn.heads+2*attn.kv_heads)*attn.head_dim"
/* One after another, */
#define QKV_ROWS(gguf, hf) \
	{"attn.q", gguf ".weight", hf ".weight", QKV_Q, "width", 0, "0", QKV_ALL, 0}, \
	{"attn.k", gguf ".weight", hf ".weight", QKV_KV, "width", 0, QKV_Q, QKV_ALL, 0}, \
	{"attn.v", gguf ".weight", hf ".weight", QKV_KV, "width", 0, QKV_QK, QKV_ALL, 0}, \
	{"attn.q.b", gguf ".bias", hf ".bias", QKV_Q, NULL, SEQP_OPT, "0", QKV_ALL, 0}, \
	{"attn.k.b", gguf ".bias", hf ".bias", QKV_KV, NULL, SEQP_OPT, QKV_Q, QKV_ALL, 0}, \
	{"attn.v.b", gguf ".bias", hf ".bias", QKV_KV, NULL, SEQP_OPT, QKV_QK, QKV_ALL, 0}
/* or so in GGUF and head by head in Hugging Face's files. */
#define QKV_HEAD(role, names, rows, cols, how, first, which) \
	{role, "blk.%.attn_qkv" names, NULL, rows, cols, how, first, QKV_ALL, 0}, \
	{role, NULL, QKV_NAME names, rows, cols, how | SEQP_HF_HEADS, which, QKV_ALL, 0}
#define QKV_HEADS \
	QKV_HEAD("attn.q", ".weight", QKV_Q, "width", 0, "0", "0"), \
	QKV_HEAD("attn.k", ".weight", QKV_KV, "width", 0, QKV_Q, "1"), \
	QKV_HEAD("attn.v", ".weight", QKV_KV, "width", 0, QKV_QK, "2"), \
	QKV_HEAD("attn.q.b", ".bias", QKV_Q, NULL, SEQP_OPT, "0", "0"), \
	QKV_HEAD("attn.k.b", ".bias", QKV_KV, NULL, SEQP_OPT, QKV_Q, "1"), \
	QKV_HEAD("attn.v.b", ".bias", QKV_KV, NULL, SEQP_OPT, QKV_QK, "2")
/* A matrix with an optional bias, a LayerNorm with or without one. */
#define LINEAR_ROWS(role, gguf, hf, rows, cols) \
	{role, gguf ".weight", hf ".weight", rows, cols, 0, NULL, NULL, 0}, \
	{role ".b", gguf ".bias", hf ".bias", rows, NULL, SEQP_OPT, NULL, NULL, 0}
#define LN_ROWS(role, gguf, hf, t) \
	{role ".w", gguf ".weight", hf ".weight", "width", NULL, 0, NULL, NULL, t}, \
	{role ".b", gguf ".bias", hf ".bias", "width", NULL, SEQP_OPT, NULL, NULL, t}

#endif
