/* SPDX-License-Identifier: MIT */
#include "golden_case.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *golden_read(const char *dir, const char *name, size_t *bytes)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	void *p = malloc((size_t)n + 1);
	if (p && fread(p, 1, (size_t)n, f) != (size_t)n) {
		free(p);
		p = NULL;
	}
	fclose(f);
	*bytes = (size_t)n;
	return p;
}

static double number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

static int read_json(golden_case *c)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/case.json", c->dir);
	json_t *j = json_load_file(path, 0, NULL);
	if (!j)
		return -1;
	c->T = (size_t)json_integer_value(json_object_get(j, "T"));
	c->V = (size_t)json_integer_value(json_object_get(j, "V"));
	double f32 = number(j, "tolerance"), exact = number(j, "tolerance_to_exact");
	c->tol_exact = exact > 0 ? exact : f32 > 0 ? f32 : number(j, "tolerance_float_activations");
	c->tol_q8 = number(j, "tolerance_int8_activations");
	c->quantised = json_object_get(j, "tolerance_int8_activations") != NULL;
	json_decref(j);
	return 0;
}

int golden_open(golden_case *c, const char *dir)
{
	size_t n = 0, m = 0;
	*c = (golden_case){0};
	snprintf(c->dir, sizeof c->dir, "%s", dir);
	snprintf(c->model, sizeof c->model, "%s/model.gguf", dir);
	c->gguf = access(c->model, R_OK) == 0;
	if (!c->gguf)
		snprintf(c->model, sizeof c->model, "%s/model.bin", dir);
	if (access(c->model, R_OK))
		snprintf(c->model, sizeof c->model, "%s", dir);
	if (read_json(c) < 0)
		return -1;
	c->token = golden_read(dir, "tokens.i32", &n);
	c->logits = golden_read(dir, c->gguf ? "logits-exact.f32" : "logits.f32", &m);
	if (!c->token || !c->logits || n != c->T * 4 || m != c->T * c->V * 4) {
		golden_free(c);
		return -1;
	}
	return 0;
}

void golden_free(golden_case *c)
{
	free(c->token);
	free(c->logits);
	c->token = NULL;
	c->logits = NULL;
}

size_t golden_folder(const char *path, void (*fn)(const char *dir, void *arg), void *arg)
{
	struct dirent **e = NULL;
	int n = scandir(path, &e, NULL, alphasort);
	size_t count = 0;
	for (int i = 0; i < n; i++) {
		char dir[1300];
		if (e[i]->d_name[0] != '.') {
			snprintf(dir, sizeof dir, "%s/%s", path, e[i]->d_name);
			fn(dir, arg);
			count++;
		}
		free(e[i]);
	}
	free(e);
	return count;
}

void golden_ops(int argc, char **argv, void (*fn)(const char *dir, void *arg))
{
	char path[1024];
	const char *src = getenv("SEQ_SRC"), *shared = getenv("SEQ_SHARED");
	for (int i = 1; i < argc; i++)
		fn(argv[i], NULL);
	if (argc > 1)
		return;
	snprintf(path, sizeof path, "%s/tests/ref/ops", src ? src : "..");
	golden_folder(path, fn, NULL);
	snprintf(path, sizeof path, "%s/refs/ops", shared ? shared : "../../shared");
	if (!golden_folder(path, fn, NULL))
		printf("SKIP %s: not here\n", path);
}

size_t golden_each(const char *root, void (*fn)(const char *dir, void *arg), void *arg)
{
	static const char *const kinds[] = {"hf", "fla", "gguf", "rwkv"};
	size_t count = 0;
	for (int k = 0; k < 4; k++) {
		char path[1024];
		snprintf(path, sizeof path, "%s/%s", root, kinds[k]);
		count += golden_folder(path, fn, arg);
	}
	return count;
}
