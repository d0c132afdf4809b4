/* SPDX-License-Identifier: MIT */
#include "tool.h"

extern int tool_porch_is_empty;
int tool_porch_is_empty;
