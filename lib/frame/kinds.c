/* SPDX-License-Identifier: MIT */
#include "frame/kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "frame/head.h"

static const seqp_kind rows[] = {
	{SEQ_BEGIN, "begin", SEQ_U8, 1, 1, 0, SEQP_BEGIN_MAX},
	{SEQ_END, "end", SEQ_I64, 0, 0, 0, 8},
	{SEQ_TOKENS, "tokens", SEQ_I32, 1, 1, 0, 0},
	{SEQ_LOGITS, "logits", SEQ_F32, 1, 2, 0, 0},
	{SEQ_TENSOR, "tensor", -1, 0, SEQ_MAX_RANK, 0, 0},
	{SEQ_STATE, "state", -1, 0, SEQ_MAX_RANK, 0, 0},
	{SEQ_COMMIT, "commit", -1, 0, SEQ_MAX_RANK, 0, 0},
	{SEQ_DRAFT, "draft", -1, 0, SEQ_MAX_RANK, 0, 0},
	{SEQ_NOTE, "note", SEQ_U8, 1, 1, 1, SEQP_NOTE_MAX},
};

enum { NROWS = sizeof rows / sizeof rows[0] };

const seqp_kind *seqp_kind_get(int kind)
{
	for (int i = 0; i < NROWS; i++)
		if (rows[i].kind == kind)
			return &rows[i];
	return NULL;
}

const char *seq_kind_name(int kind)
{
	const seqp_kind *k = seqp_kind_get(kind);
	return k ? k->name : NULL;
}

int seq_kind_find(const char *name)
{
	for (int i = 0; name && i < NROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].kind;
	return -1;
}

const char *seqp_kind_say(int kind, char buf[24])
{
	const char *name = seq_kind_name(kind);
	if (name)
		return name;
	snprintf(buf, 24, "kind %d", kind);
	return buf;
}

int seqp_kind_check(const seq_frame *f, uint64_t raw, _Bool named, seq_error *err)
{
	const seqp_kind *k = seqp_kind_get(f->kind);
	if (!k)
		return SEQ_OK;
	if (k->dtype >= 0 && f->dtype != k->dtype)
		return seqp_fail(err, SEQ_E_FORMAT, "its type must be %s", seq_dtype_get(k->dtype)->name);
	if (f->rank < k->rank_min || f->rank > k->rank_max)
		return seqp_fail(err, SEQ_E_FORMAT, "its rank is %d, not %d to %d", f->rank, k->rank_min, k->rank_max);
	if (k->named && !named)
		return seqp_fail(err, SEQ_E_FORMAT, "it has no name");
	if (k->bytes_max && raw > k->bytes_max)
		return seqp_fail(err, SEQ_E_FORMAT, "%" PRIu64 " bytes, where %" PRIu64 " are the limit", raw,
		                 k->bytes_max);
	return SEQ_OK;
}
