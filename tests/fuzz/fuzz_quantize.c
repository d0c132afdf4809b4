/* SPDX-License-Identifier: MIT */
/* Outside bytes as a model to be quantised, and as importances: both come by a path. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export/imatrix.h"
#include "seq/quantize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int null = -1;
	char path[40];
	seqp_imatrix x;
	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	seq_quantize_opts o = {.type = "Q4_K_M", .requantize = 1, .threads = 1};
	if (write(fd, data, size) == (ssize_t)size) {
		(void)!seq_quantize(path, &o, null, NULL, NULL);
		if (seqp_imatrix_open(&x, path, NULL) >= 0)
			seqp_imatrix_close(&x);
	}
	close(fd);
	return 0;
}
