/* SPDX-License-Identifier: MIT */
/* Trained RWKV 5.1, 6 and 7 in rwkv.cpp's files: the logits after the text "in, which its own tests expect.
 *
 *     test_rwkv_files              those of $SEQ_SHARED/data/rwkv (exit 77 where it is absent)
 *     test_rwkv_files MODEL LOGITS [BOUND]
 *
 * Whole at once and a token at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "seq/net.h"
#include "seq/state.h"

static const int32_t text[] = {'"', 'i', 'n'};
enum { LEN = 3, VOCAB = 256 };

static int expected(const char *path, float *logits)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(logits, sizeof *logits, VOCAB, f) : 0;
	if (f)
		fclose(f);
	return n == VOCAB;
}

/* The largest difference from want, pieces of step tokens; -1 with err. */
static double run(seq_net *net, const float *want, size_t step, seq_error *err)
{
	float out[VOCAB];
	double worst = 0;
	seq_state *s = NULL;
	int rc = seq_state_new(&s, net, err);
	for (size_t at = 0; at < LEN && rc >= 0; at += step) {
		seq_span span = {s, text + at, step};
		rc = seq_net_run(net, &span, 1, SEQ_LOGITS_LAST, out, err);
	}
	for (int i = 0; i < VOCAB && rc >= 0; i++) {
		double d = fabs((double)out[i] - (double)want[i]);
		if (!(d <= worst))
			worst = d;
	}
	seq_state_free(s);
	return rc < 0 ? -1 : worst;
}

static int one(const char *model, const char *logits, double bound)
{
	float want[VOCAB];
	seq_error err = {0};
	seq_model *m = NULL;
	seq_net *net = NULL;
	double all = -1, each = -1;
	seq_net_opts o = {.threads = 2};
	if (!expected(logits, want))
		snprintf(err.text, sizeof err.text, "%s cannot be read", logits);
	else if (seq_model_open(&m, model, &err) >= 0 && seq_net_open(&net, m, &o, &err) >= 0 &&
	         (all = run(net, want, LEN, &err)) >= 0)
		each = run(net, want, 1, &err);
	int ok = all >= 0 && each >= 0 && all <= bound && each == all;
	printf("%s %s: %.2g of %.2g, by tokens %.2g%s%s\n", ok ? "PASS" : "FAIL", model, all, bound, each, err.text[0] ? ", " : "",
	       err.text);
	seq_net_free(net);
	seq_model_free(m);
	return !ok;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"5v1-730K", "6v0-1m", "7v0-834K"};
	const char *shared = getenv("SEQ_SHARED");
	int failed = 0, found = 0;
	if (argc > 2)
		return one(argv[1], argv[2], argc > 3 ? atof(argv[3]) : 1e-4);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char model[600], logits[600];
		snprintf(model, sizeof model, "%s/data/rwkv/tiny-rwkv-%s-FP32.bin", shared ? shared : "../shared", names[i]);
		snprintf(logits, sizeof logits, "%s/data/rwkv/expected-logits-%s.bin", shared ? shared : "../shared", names[i]);
		if (access(model, R_OK))
			continue;
		found++;
		failed += one(model, logits, 1e-4);
	}
	if (!found)
		printf("SKIP: no data/rwkv\n");
	return failed ? 1 : found ? 0 : 77;
}
