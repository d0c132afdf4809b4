/* SPDX-License-Identifier: MIT */
#include "seq/version.h"

#include "config.h"

const char *seq_version(void)
{
	return VERSION;
}
