/* SPDX-License-Identifier: MIT */
/* Every reference model with its configuration spoilt in one place: it is refused in one line, or it opens and runs.
 * What is spoilt: a number, a word or a whole value.  Shapes are the file's own, so what a row of a table forgets to
 * check reaches a mixer here.
 *
 *     spoilt_models [TIMES [DIR...]] */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../golden/golden_case.h"
#include "model/build.h"
#include "seq/net.h"

enum { TIMES = 40 };

static uint64_t seed;
static int times = TIMES, failed, opened, refused;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static json_t *other(const json_t *was)
{
	static const double numbers[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 1000, 65537, 1e9, 3e9, 1e18, -1, -2, 0.5, 1e-30, 1e300};
	switch (pick(10)) {
	case 0: return json_null();
	case 1: return json_string(pick(2) ? "" : "full_attention");
	case 2: return json_array();
	case 3: return json_boolean(pick(2));
	case 4: return json_is_number(was) ? json_real(json_number_value(was) * 2) : json_object();
	default: return json_real(numbers[pick(sizeof numbers / sizeof *numbers)]);
	}
}

/* Changes one of the values below j. */
static void spoil(json_t *j)
{
	size_t n = json_is_object(j) ? json_object_size(j) : json_array_size(j), at = n ? pick((unsigned)n) : 0, i = 0;
	const char *key;
	json_t *v;
	if (json_is_array(j) && n) {
		v = json_array_get(j, at);
		if ((json_is_object(v) || json_is_array(v)) && pick(2))
			spoil(v);
		else if (pick(4))
			json_array_set_new(j, at, other(v));
		else
			json_array_remove(j, at);
		return;
	}
	json_object_foreach(j, key, v) {
		if (i++ != at)
			continue;
		if ((json_is_object(v) || json_is_array(v)) && pick(4))
			spoil(v);
		else if (pick(5))
			json_object_set_new(j, key, other(v));
		else
			json_object_del(j, key);
		return;
	}
}

static void complain(const char *dir, const char *config, const char *what)
{
	printf("FAIL %s: %s\n%s\n", dir, what, config);
	failed++;
}

/* One line that says something? */
static void check_refusal(const char *dir, const char *config, const seq_error *err)
{
	refused++;
	if (!err->text[0] || strchr(err->text, '\n'))
		complain(dir, config, "refused without a line");
}

static void run(const seq_model *m, const char *dir, const char *config)
{
	static const int32_t token[] = {1, 2, 0, 1, 2};
	seq_net_opts o = {.threads = 2, .chunk = 3, .context = 64};
	seq_net *net = NULL;
	seq_state *s = NULL;
	seq_error err = {0};
	if (seq_net_open(&net, m, &o, &err) < 0) {
		check_refusal(dir, config, &err);
		return;
	}
	seq_span span = {NULL, token, 5};
	if (seq_state_new(&s, net, &err) < 0 || (span.state = s, seq_net_run(net, &span, 1, SEQ_LOGITS_LAST, NULL, &err)) < 0)
		complain(dir, config, err.text);
	opened++;
	seq_state_free(s);
	seq_net_free(net);
}

static void try(const char *dir, const json_t *config, const void *tensors, size_t size)
{
	json_t *j = json_deep_copy(config);
	for (unsigned n = 1 + pick(2); n; n--)
		spoil(j);
	char *text = json_dumps(j, 0);
	seq_model *m = calloc(1, sizeof *m);
	seq_error err = {0};
	m->path = "";
	int e = seqp_store_hf(&m->src, text, strlen(text), tensors, size, &err);
	if (e >= 0)
		e = seqp_model_build(m, &err);
	if (e < 0)
		check_refusal(dir, text, &err);
	else
		run(m, dir, text);
	seq_model_free(m);
	free(text);
	json_decref(j);
}

static void one(const char *dir, void *arg)
{
	char path[1100];
	size_t size;
	(void)arg;
	snprintf(path, sizeof path, "%s/config.json", dir);
	json_t *config = json_load_file(path, 0, NULL);
	void *tensors = golden_read(dir, "model.safetensors", &size);
	seed = 1;
	for (int i = 0; config && tensors && i < times; i++)
		try(dir, config, tensors, size);
	free(tensors);
	json_decref(config);
}

int main(int argc, char **argv)
{
	char root[1024];
	const char *src = getenv("SEQ_SRC");
	if (argc > 1)
		times = atoi(argv[1]);
	for (int i = 2; i < argc; i++)
		one(argv[i], NULL);
	if (argc <= 2) {
		snprintf(root, sizeof root, "%s/tests/ref", src ? src : "..");
		golden_each(root, one, NULL);
	}
	printf("%d opened, %d refused, %d failed\n", opened, refused, failed);
	return failed || !opened || !refused;
}
