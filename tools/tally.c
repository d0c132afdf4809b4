/* SPDX-License-Identifier: MIT */
/* Counting the frames of a stream, and the tables of what was counted. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "seqstat.h"
#include "tool.h"

enum { MOST_GROUPS = 256, SHOWN_SEQS = 16 };

/* Of seq-stream(5): last logits are no layer; a commit says at 8 how many tokens were run. */
enum { ROLE_LOGITS = 3, COMMIT_BYTES = 64, COMMIT_TOKENS = 8 };

static uint64_t raw_bytes(const seq_frame *f)
{
	const seq_dtype_row *t = seq_dtype_get(f->dtype);
	uint64_t n = (f->rank ? f->dim[f->rank - 1] : 1) / t->block * t->bytes;
	for (int i = 0; i + 1 < f->rank; i++)
		n = f->dim[i] ? n * f->dim[i] : 0;
	return n;
}

static int alike(const seq_frame *a, const seq_frame *b)
{
	return a->kind == b->kind && a->role == b->role && a->dtype == b->dtype && a->rank == b->rank &&
	       !strcmp(a->name, b->name) && !memcmp(a->dim + 1, b->dim + 1, sizeof a->dim - sizeof a->dim[0]);
}

static stat_group *find_group(stat_tally *t, const seq_frame *f)
{
	for (size_t i = t->ngroups; i-- > 0;)
		if (t->group[i].rest || alike(&t->group[i].like, f))
			return &t->group[i];
	t->group = tool_grow(t->group, &t->group_cap, t->ngroups + 1, sizeof *t->group);
	t->group[t->ngroups] = (stat_group){.like = *f, .layer = {f->layer, f->layer}, .dim0 = {f->dim[0], f->dim[0]},
	                                    .rest = t->ngroups == MOST_GROUPS - 1};
	return &t->group[t->ngroups++];
}

/* The row of a sequence; rows are sorted, and new ones mostly come last. */
static stat_seq *find_seq(stat_tally *t, uint32_t seq)
{
	size_t lo = 0, hi = t->nseqs;
	if (hi && t->seq[hi - 1].seq < seq)
		lo = hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->seq[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < t->nseqs && t->seq[lo].seq == seq)
		return &t->seq[lo];
	t->seq = tool_grow(t->seq, &t->seq_cap, t->nseqs + 1, sizeof *t->seq);
	memmove(t->seq + lo + 1, t->seq + lo, (t->nseqs++ - lo) * sizeof *t->seq);
	t->seq[lo] = (stat_seq){.seq = seq};
	return &t->seq[lo];
}

static void widen(uint32_t range[2], uint32_t v)
{
	if (v < range[0])
		range[0] = v;
	if (v > range[1])
		range[1] = v;
}

void tally_frame(stat_tally *t, const seq_frame *f)
{
	uint64_t raw = raw_bytes(f);
	stat_group *g = find_group(t, f);
	stat_seq *s = find_seq(t, f->seq);
	t->frames++;
	t->raw += raw;
	t->stored += f->stored;
	g->frames++;
	g->raw += raw;
	g->stored += f->stored;
	widen(g->layer, f->layer);
	widen(g->dim0, f->dim[0]);
	if (f->kind == SEQ_TOKENS)
		*(f->role == SEQ_TOKENS_PAST ? &s->past : &s->fresh) += f->dim[0];
	s->notes += f->kind == SEQ_NOTE;
	s->commits += f->kind == SEQ_COMMIT;
	if (f->kind == SEQ_STATE) {
		s->arrays++;
		s->raw += raw;
		if (f->role != ROLE_LOGITS && f->layer >= s->layers)
			s->layers = f->layer + 1;
	}
	if (f->kind == SEQ_COMMIT)
		s->run = 0;
	if (f->kind == SEQ_COMMIT && f->codec == SEQ_CODEC_NONE && f->bytes == COMMIT_BYTES)
		for (int i = 0; i < 8; i++)
			s->run |= (uint64_t)((const uint8_t *)f->payload)[COMMIT_TOKENS + i] << 8 * i;
}

void tally_free(stat_tally *t)
{
	free(t->group);
	free(t->seq);
}

/* "0-23"; "" when there is nothing to say. */
static const char *span(char buf[32], const uint32_t r[2], int always)
{
	buf[0] = 0;
	if (r[0] != r[1])
		snprintf(buf, 32, "%" PRIu32 "-%" PRIu32, r[0], r[1]);
	else if (always)
		snprintf(buf, 32, "%" PRIu32, r[0]);
	return buf;
}

static void print_group(FILE *o, const stat_group *g)
{
	char kind[24], shape[160 + SEQ_NAME_MAX] = "", a[32], b[32];
	const seq_frame *f = &g->like;
	size_t n = 0;
	if (!g->rest) {
		n = (size_t)snprintf(shape, sizeof shape, "%s%s%s", f->name, f->name[0] ? " " : "", seq_dtype_get(f->dtype)->name);
		for (size_t i = 0; i < n; i++) /* a name is anything */
			shape[i] = shape[i] >= ' ' && shape[i] < 127 ? shape[i] : '?';
		for (int i = 0; i < f->rank; i++)
			n += (size_t)snprintf(shape + n, sizeof shape - n, i ? "[%s%" PRIu32 "]" : "[%s]",
			                      i ? "" : span(a, g->dim0, 1), f->dim[i]);
	}
	fprintf(o, "  %-8s %5d  %7s  %-28s %8" PRIu64 " %14" PRIu64 " %14" PRIu64 "\n", g->rest ? "(others)" : dump_kind(f->kind, kind),
	        g->rest ? 0 : f->role, span(b, g->layer, f->kind == SEQ_STATE), shape, g->frames, g->raw, g->stored);
}

static void print_seq(FILE *o, const stat_seq *s)
{
	fprintf(o, "  %8" PRIu32 " %10" PRIu64 " %10" PRIu64 " %7" PRIu32 " %14" PRIu64 "  ", s->seq, s->fresh, s->past,
	        s->layers, s->raw);
	if (s->commits)
		fprintf(o, "complete, after %" PRIu64 " tokens\n", s->run);
	else
		fputs(s->arrays ? "NOT COMPLETE\n" : "none\n", o);
}

void tally_print(FILE *o, const stat_tally *t)
{
	size_t shown = tool.verbose || t->nseqs <= SHOWN_SEQS ? t->nseqs : SHOWN_SEQS;
	if (!t->frames)
		return;
	fputs("  kind      role   layers  array                          frames          bytes         stored\n", o);
	for (size_t i = 0; i < t->ngroups; i++)
		print_group(o, &t->group[i]);
	fputs("  sequence new tokens past tokens  layers    state bytes  state\n", o);
	for (size_t i = 0; i < shown; i++)
		print_seq(o, &t->seq[i]);
	if (shown < t->nseqs)
		fprintf(o, "  and %zu more (-v shows all)\n", t->nseqs - shown);
}

void tally_json(FILE *o, const stat_tally *t)
{
	char kind[24];
	fputs("\"arrays\":[", o);
	for (size_t i = 0; i < t->ngroups; i++) {
		const stat_group *g = &t->group[i];
		fprintf(o, "%s{\"kind\":\"%s\",\"name\":", i ? "," : "", g->rest ? "others" : dump_kind(g->like.kind, kind));
		dump_json_string(o, g->like.name, strlen(g->like.name));
		fprintf(o, ",\"role\":%d,\"dtype\":\"%s\",\"layers\":[%" PRIu32 ",%" PRIu32 "],\"shape\":[", g->like.role, seq_dtype_get(g->like.dtype)->name,
		        g->layer[0], g->layer[1]);
		for (int k = 0; k < g->like.rank; k++)
			fprintf(o, k ? ",%" PRIu32 : "%" PRIu32, k ? g->like.dim[k] : g->dim0[1]);
		fprintf(o, "],\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"stored\":%" PRIu64 "}", g->frames, g->raw, g->stored);
	}
	fputs("],\"sequences\":[", o);
	for (size_t i = 0; i < t->nseqs; i++) {
		const stat_seq *s = &t->seq[i];
		fprintf(o, "%s{\"seq\":%" PRIu32 ",\"tokens\":%" PRIu64 ",\"past\":%" PRIu64 ",\"layers\":%" PRIu32 ",\"state_bytes\":%"
		        PRIu64 ",\"complete\":%s,\"run\":%" PRIu64 ",\"notes\":%" PRIu32 "}", i ? "," : "", s->seq, s->fresh, s->past, s->layers, s->raw,
		        s->commits ? "true" : "false", s->run, s->notes);
	}
	putc(']', o);
}
