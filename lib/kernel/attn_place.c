/* SPDX-License-Identifier: MIT */
/* Writing and reading single positions of a cache block. */
#include "kernel/attn_place.h"

#include <math.h>
#include <string.h>

#include "base/half.h"

enum { BLOCK = SEQK_ATTN_BLOCK, PANEL = SEQK_ATTN_PANEL, Q8 = 32, Q8_BYTES = 34 };

static size_t groups(size_t n)
{
	return (n + Q8 - 1) / Q8;
}

size_t seqk_attn_key_bytes(int dtype, size_t d)
{
	switch (dtype) {
	case SEQ_F32: return BLOCK * d * 4;
	case SEQ_F16:
	case SEQ_BF16: return BLOCK * d * 2;
	case SEQ_Q8_0: return BLOCK * (d + 2 * groups(d));
	default: return 0;
	}
}

size_t seqk_attn_value_bytes(int dtype, size_t dv)
{
	return dtype == SEQ_Q8_0 ? BLOCK * groups(dv) * Q8_BYTES : seqk_attn_key_bytes(dtype, dv);
}

seqp_attn_room seqp_attn_rooms(void *scratch, size_t n, size_t dv)
{
	size_t lanes = (n + 15) / 16 * 16;
	seqp_attn_room r;
	r.s = scratch;
	r.weight = r.s + BLOCK * n;
	r.scale = r.weight + BLOCK * SEQP_ATTN_GROUP;
	r.m = r.scale + BLOCK * groups(dv);
	r.l = r.m + lanes;
	r.a1 = r.l + lanes;
	r.a2 = r.a1 + lanes;
	return r;
}

size_t seqk_attn_scratch(size_t n, size_t dv)
{
	return sizeof(float) * (BLOCK * (n + SEQP_ATTN_GROUP + groups(dv)) + (n + 15) / 16 * 16 * 4);
}

/* n <= 32 numbers to 8 bits; returns the scale as f16. */
static uint16_t to_q8(int8_t *q, const float *x, size_t n)
{
	float top = 0;
	for (size_t i = 0; i < n; i++)
		top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
	uint16_t half = seqp_f32_f16(top / 127);
	float s = seqp_f16_f32(half), inv = s > 0 && s < INFINITY ? 1 / s : 0;
	for (size_t i = 0; i < n; i++) {
		float v = rintf(x[i] * inv);
		q[i] = (int8_t)(v > 127 ? 127 : v >= -127 ? v : -127); /* NaN: -127 */
	}
	return half;
}

/* Panel of a slot; element i of the vector lies at [16 i + slot mod 16]. */
static char *panel_of(int dtype, const void *keys, size_t slot, size_t d)
{
	return (char *)(uintptr_t)keys + slot / PANEL * (seqk_attn_key_bytes(dtype, d) / 4);
}

static void put_key_q8(char *panel, size_t lane, const float *k, size_t d)
{
	for (size_t i = 0; i < d; i += Q8) {
		int8_t q[Q8];
		size_t n = d - i < Q8 ? d - i : Q8;
		uint16_t scale = to_q8(q, k + i, n);
		for (size_t j = 0; j < n; j++)
			panel[PANEL * (i + j) + lane] = q[j];
		memcpy(panel + PANEL * d + 2 * (PANEL * (i / Q8) + lane), &scale, 2);
	}
}

void seqk_attn_put_key(int dtype, void *keys, size_t slot, const float *k, size_t d)
{
	char *panel = panel_of(dtype, keys, slot, d);
	size_t lane = slot % PANEL;
	if (dtype == SEQ_Q8_0) {
		put_key_q8(panel, lane, k, d);
		return;
	}
	for (size_t i = 0; i < d; i++) {
		uint16_t h = dtype == SEQ_F16 ? seqp_f32_f16(k[i]) : seqp_f32_bf16(k[i]);
		if (dtype == SEQ_F32)
			memcpy(panel + 4 * (PANEL * i + lane), k + i, 4);
		else
			memcpy(panel + 2 * (PANEL * i + lane), &h, 2);
	}
}

void seqk_attn_get_key(int dtype, const void *keys, size_t slot, float *k, size_t d)
{
	const char *panel = panel_of(dtype, keys, slot, d);
	size_t lane = slot % PANEL;
	for (size_t i = 0; i < d; i++) {
		size_t at = PANEL * i + lane;
		uint16_t h;
		if (dtype == SEQ_F32) {
			memcpy(k + i, panel + 4 * at, 4);
		} else if (dtype == SEQ_Q8_0) {
			memcpy(&h, panel + PANEL * d + 2 * (PANEL * (i / Q8) + lane), 2);
			k[i] = seqp_f16_f32(h) * (float)(int8_t)panel[at];
		} else {
			memcpy(&h, panel + 2 * at, 2);
			k[i] = dtype == SEQ_F16 ? seqp_f16_f32(h) : seqp_bf16_f32(h);
		}
	}
}

static void put_value_q8(char *row, const float *v, size_t dv)
{
	for (size_t i = 0; i < dv; i += Q8, row += Q8_BYTES) {
		int8_t q[Q8] = { 0 };
		uint16_t scale = to_q8(q, v + i, dv - i < Q8 ? dv - i : Q8);
		memcpy(row, &scale, 2);
		memcpy(row + 2, q, Q8);
	}
}

void seqk_attn_put_value(int dtype, void *values, size_t slot, const float *v, size_t dv)
{
	char *row = (char *)values + slot * (seqk_attn_value_bytes(dtype, dv) / BLOCK);
	if (dtype == SEQ_Q8_0) {
		put_value_q8(row, v, dv);
		return;
	}
	if (dtype == SEQ_F32) {
		memcpy(row, v, 4 * dv);
		return;
	}
	for (size_t i = 0; i < dv; i++) {
		uint16_t h = dtype == SEQ_F16 ? seqp_f32_f16(v[i]) : seqp_f32_bf16(v[i]);
		memcpy(row + 2 * i, &h, 2);
	}
}

void seqk_attn_get_value(int dtype, const void *values, size_t slot, float *v, size_t dv)
{
	const char *row = (const char *)values + slot * (seqk_attn_value_bytes(dtype, dv) / BLOCK);
	for (size_t i = 0; i < dv; i++) {
		uint16_t h;
		if (dtype == SEQ_F32) {
			memcpy(v + i, row + 4 * i, 4);
		} else if (dtype == SEQ_Q8_0) {
			const char *b = row + i / Q8 * Q8_BYTES;
			memcpy(&h, b, 2);
			v[i] = seqp_f16_f32(h) * (float)(int8_t)b[2 + i % Q8];
		} else {
			memcpy(&h, row + 2 * i, 2);
			v[i] = dtype == SEQ_F16 ? seqp_f16_f32(h) : seqp_bf16_f32(h);
		}
	}
}
