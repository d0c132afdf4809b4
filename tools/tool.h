/* SPDX-License-Identifier: MIT */
/* The porch every filter stands on: common options, exits, output files. */
#ifndef TOOL_H
#define TOOL_H

#endif
