/* SPDX-License-Identifier: MIT */
/* Greedy continuations of the story models (data/) and, where they are there, of the models
 * of $SEQ_SHARED/data/models, token for token as their recipe's own program gave them.
 *
 * Where a token differs, the two candidates must be closer than float32 can tell (relative to the
 * spread of the logits); the expected token is then taken and the rest compared. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seq/net.h"

static int passed, failed, skipped;

static size_t argmax(const float *x, size_t n)
{
	size_t best = 0;
	for (size_t i = 1; i < n; i++)
		if (x[i] > x[best])
			best = i;
	return best;
}

/* Closer than the rounding of some hundred float32 operations on numbers of this size. */
static int tied(const float *x, size_t a, size_t b)
{
	float big = fmaxf(fabsf(x[a]), fabsf(x[b]));
	return fabsf(x[a] - x[b]) <= 256 * 1.2e-7f * fmaxf(big, 1);
}

static int follow(seq_net *net, const json_t *prompt, const json_t *expected, int *ties, char *why, size_t room)
{
	seq_error err = {0};
	seq_state *s = NULL;
	size_t V = (size_t)seq_model_vocab(seq_net_model(net)), n = json_array_size(prompt);
	float *logits = malloc(V * sizeof *logits);
	int32_t *ids = malloc((n + 1) * sizeof *ids);
	int rc = seq_state_new(&s, net, &err);
	for (size_t i = 0; i < n; i++)
		ids[i] = (int32_t)json_integer_value(json_array_get(prompt, i));
	for (size_t i = 0; rc == 0 && i < json_array_size(expected); i++) {
		seq_span span = {s, ids, n};
		rc = seq_net_run(net, &span, 1, SEQ_LOGITS_LAST, logits, &err);
		size_t want = (size_t)json_integer_value(json_array_get(expected, i)), got = argmax(logits, V);
		if (rc == 0 && got != want && want < V && tied(logits, got, want)) {
			++*ties;
		} else if (rc == 0 && got != want) {
			snprintf(why, room, "token %zu is %zu (%.7g), expected %zu (%.7g)", i, got, (double)logits[got], want,
			         (double)logits[want]);
			rc = -1;
		}
		ids[0] = (int32_t)want;
		n = 1;
	}
	if (rc < 0 && err.code)
		snprintf(why, room, "%s", err.text);
	seq_state_free(s);
	free(logits);
	free(ids);
	return rc;
}

static void one(const char *model, const char *expected)
{
	seq_error err = {0};
	seq_model *m = NULL;
	seq_net *net = NULL;
	seq_net_opts o = {.threads = 1, .exact = 1, .kv_set = 1, .kv_dtype = SEQ_F32};
	json_t *j = json_load_file(expected, 0, NULL);
	if (!j || access(model, R_OK) != 0) {
		printf("SKIP %s: not here\n", model);
		skipped++;
		json_decref(j);
		return;
	}
	if (seq_model_open(&m, model, &err) < 0 || seq_net_open(&net, m, &o, &err) < 0) {
		printf("FAIL %s: %s\n", model, err.text);
		failed++;
	}
	for (size_t i = 0; net && i < json_array_size(j); i++) {
		char why[300] = "";
		int ties = 0;
		const json_t *e = json_array_get(j, i), *ids = json_object_get(e, "new_ids");
		int rc = follow(net, json_object_get(e, "prompt_ids"), ids, &ties, why, sizeof why);
		printf("%s %s prompt %zu: %zu tokens, %d tied %s\n", rc < 0 ? "FAIL" : "PASS", model, i, json_array_size(ids), ties, why);
		rc < 0 ? failed++ : passed++;
	}
	seq_net_free(net);
	seq_model_free(m);
	json_decref(j);
}

int main(void)
{
	static const char *const story[] = {"story-mamba2", "story-llama", "story-llama-draft"};
	static const char *const more[] = {"tok512-mamba", "tok512-mamba2", "tok512-llama-draft"};
	const char *src = getenv("SEQ_SRC"), *shared = getenv("SEQ_SHARED");
	char model[1024], expected[1024];
	src = src ? src : "..";
	shared = shared ? shared : "../../shared";
	for (int i = 0; i < 3; i++) {
		snprintf(model, sizeof model, "%s/data/%s.gguf", src, story[i]);
		snprintf(expected, sizeof expected, "%s/data/%s.expected.json", src, story[i]);
		one(model, expected);
		snprintf(model, sizeof model, "%s/data/models/%s/model.safetensors", shared, story[i]);
		one(model, expected);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(model, sizeof model, "%s/data/models/%s/%s-f32.gguf", shared, more[i], more[i]);
		snprintf(expected, sizeof expected, "%s/data/models/%s/expected.json", shared, more[i]);
		one(model, expected);
		snprintf(model, sizeof model, "%s/data/models/%s/model.safetensors", shared, more[i]);
		one(model, expected);
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? 1 : passed ? 0 : 77;
}
