/* SPDX-License-Identifier: MIT */
/* A reference case: a folder with a model, tokens, expected logits and case.json. */
#ifndef TESTS_GOLDEN_CASE_H
#define TESTS_GOLDEN_CASE_H

#include <stddef.h>
#include <stdint.h>

#include "seq/net.h"

typedef struct golden_case {
	char dir[512], model[1024];
	int gguf, quantised;
	int32_t *token;
	float *logits; /* [T][V] */
	size_t T, V;
	double tol_exact, tol_q8; /* against logits with f32 and with 8-bit activations */
} golden_case;

/* 0, or -1 when the folder is no case. */
int golden_open(golden_case *c, const char *dir);
void golden_free(golden_case *c);
/* A file's bytes; NULL when it cannot be read. */
void *golden_read(const char *dir, const char *name, size_t *bytes);
/* Calls fn for the folders of a folder, by name; returns how many. */
size_t golden_folder(const char *path, void (*fn)(const char *dir, void *arg), void *arg);
/* The folders that main was given, else those of tests/ref/ops and $SEQ_SHARED/refs/ops. */
void golden_ops(int argc, char **argv, void (*fn)(const char *dir, void *arg));
/* Calls fn for the cases of root/{hf,fla,gguf,rwkv}, by name; returns how many. */
size_t golden_each(const char *root, void (*fn)(const char *dir, void *arg), void *arg);

#endif
