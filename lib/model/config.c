/* SPDX-License-Identifier: MIT */
#include "model/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

/* Outside strings: "Infinity" has room for 1e308. */
static void patch_infinity(char *p, size_t n)
{
	bool quoted = false;
	for (size_t i = 0; i < n; i++) {
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && n - i >= 8 && memcmp(p + i, "Infinity", 8) == 0)
			memcpy(p + i, "1e308   ", 8);
	}
}

int seqp_config_parse(json_t **out, const void *data, size_t size, seq_error *err)
{
	*out = NULL;
	if (size > SEQP_CONFIG_BYTES)
		return seqp_fail(err, SEQ_E_FORMAT, "%zu bytes of JSON; the limit is %d", size, SEQP_CONFIG_BYTES);
	char *copy = malloc(size + 1);
	if (!copy)
		return seqp_nomem(err, size + 1);
	if (size)
		memcpy(copy, data, size);
	patch_infinity(copy, size);
	json_error_t je;
	json_t *j = json_loadb(copy, size, JSON_DECODE_INT_AS_REAL, &je);
	free(copy);
	if (!json_is_object(j)) {
		json_decref(j);
		return seqp_fail(err, SEQ_E_FORMAT, "JSON line %d: %s", j ? 1 : je.line, j ? "not an object" : je.text);
	}
	*out = j;
	return SEQ_OK;
}
