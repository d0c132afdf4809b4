/* SPDX-License-Identifier: MIT */
/* The streams of tests/files: good ones read, bad ones refused, from files and pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>

#include "frame_box.h"

static int fits(const char *name, int e)
{
	if (!strncmp(name, "good-", 5))
		return e == 0;
	if (!strncmp(name, "unsupported-", 12))
		return e == SEQ_E_UNSUPPORTED;
	return e == SEQ_E_FORMAT || e == SEQ_E_TRUNC || e == SEQ_E_MISMATCH;
}

static int check(const char *dir, const char *name)
{
	char path[4096];
	seq_error err = {0};
	int n, m, wrong = 0;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	size_t size;
	uint8_t *bytes = box_bytes(fd, &size);
	lseek(fd, 0, SEEK_SET);
	int e = box_drain(fd, &n, &err);
	int g = box_drain(box_pipe(bytes, size, 0), &m, &err);
	if (!fits(name, e) || g != e || n != m) {
		print_error("%s: %d from the file, %d from a pipe (%s)\n", name, e, g, err.text);
		wrong = 1;
	}
	if (e < 0)
		assert_non_null(strstr(err.text, "box: frame "));
	free(bytes);
	return wrong;
}

static void every_file(void **state)
{
	(void)state;
	const char *src = getenv("SEQ_SRC");
	char dir[4000];
	int seen = 0, wrong = 0;
	if (!src)
		skip();
	snprintf(dir, sizeof dir, "%s/tests/files", src);
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		if (n < 5 || strcmp(e->d_name + n - 4, ".seq"))
			continue;
		wrong += check(dir, e->d_name);
		seen++;
	}
	closedir(d);
	assert_int_equal(wrong, 0);
	assert_true(seen > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_file)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
