/* SPDX-License-Identifier: MIT */
/* What is in a model. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "seqstat.h"
#include "tool.h"

static void print_tensor(FILE *o, const seq_tensor *t)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	char shape[120] = "";
	size_t n = 0;
	for (int i = 0; i < t->rank; i++)
		n += (size_t)snprintf(shape + n, sizeof shape - n, "[%" PRId64 "]", t->dim[i]);
	fprintf(o, "  %-8s %-24s %14zu  ", row ? row->name : "?", shape, t->bytes);
	dump_plain(o, t->name, strlen(t->name));
	putc('\n', o);
}

static void json_tensor(FILE *o, const seq_tensor *t)
{
	const seq_dtype_row *row = seq_dtype_get(t->dtype);
	fputs("{\"name\":", o);
	dump_json_string(o, t->name, strlen(t->name));
	fprintf(o, ",\"dtype\":\"%s\",\"bytes\":%zu,\"shape\":[", row ? row->name : "?", t->bytes);
	for (int i = 0; i < t->rank; i++)
		fprintf(o, i ? ",%" PRId64 : "%" PRId64, t->dim[i]);
	fputs("]}", o);
}

static void print_model(FILE *o, const char *path, const seq_model *m, const uint8_t fp[16], const char *text)
{
	fprintf(o, "%s: model, %s, %" PRIu64 " parameters, %zu tensors, %" PRIu64 " bytes\n", path, seq_model_arch(m),
	        seq_model_weights(m), seq_model_tensors(m), seq_model_bytes(m));
	fprintf(o, "  layers %" PRId64 ", width %" PRId64 ", vocabulary %" PRId64 ", context %" PRId64 "\n  fingerprint ", seq_model_layers(m),
	        seq_model_width(m), seq_model_vocab(m), seq_model_context(m));
	dump_fingerprint(o, fp);
	putc('\n', o);
	for (const char *p = text; p && *p;) {
		size_t n = strcspn(p, "\n");
		fputs("  ", o);
		dump_plain(o, p, n);
		putc('\n', o);
		p += n + (p[n] == '\n');
	}
	fputs("  type     shape                             bytes  tensor\n", o);
	for (size_t i = 0; i < seq_model_tensors(m); i++)
		print_tensor(o, seq_model_tensor(m, i));
}

static void json_model(FILE *o, const char *path, const seq_model *m, const uint8_t fp[16], const char *text)
{
	fputs("{\"file\":", o);
	dump_json_string(o, path, strlen(path));
	fprintf(o, ",\"type\":\"model\",\"arch\":\"%s\",\"name\":", seq_model_arch(m));
	dump_json_string(o, seq_model_name(m), strlen(seq_model_name(m)));
	fprintf(o, ",\"layers\":%" PRId64 ",\"width\":%" PRId64 ",\"vocabulary\":%" PRId64 ",\"context\":%" PRId64 ",\"parameters\":%"
	        PRIu64 ",\"bytes\":%" PRIu64 ",\"fingerprint\":\"", seq_model_layers(m), seq_model_width(m), seq_model_vocab(m),
	        seq_model_context(m), seq_model_weights(m), seq_model_bytes(m));
	dump_fingerprint(o, fp);
	fputs("\",\"metadata\":", o);
	dump_json_string(o, text ? text : "", text ? strlen(text) : 0);
	fputs(",\"tensors\":[", o);
	for (size_t i = 0; i < seq_model_tensors(m); i++) {
		if (i)
			putc(',', o);
		json_tensor(o, seq_model_tensor(m, i));
	}
	fputs("]}\n", o);
}

void stat_model(const char *path)
{
	seq_model *m;
	seq_error err;
	uint8_t fp[16];
	if (seq_model_open(&m, path, &err) < 0) {
		tool_broken("%s", err.text);
		return;
	}
	seq_model_fingerprint(m, fp);
	char *text = stat_check ? NULL : seq_model_describe(m);
	if (!stat_check && !text)
		tool_die("%s: no memory for its description", path);
	if (stat_json)
		json_model(tool_text(), path, m, fp, text);
	else if (stat_check)
		fprintf(tool_text(), "%s: a model of %s that can be opened\n", path, seq_model_arch(m));
	else
		print_model(tool_text(), path, m, fp, text);
	free(text);
	seq_model_free(m);
}
