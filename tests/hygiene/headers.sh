#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, strictly, in C11 and in C++11, and every one is installed.
cd "${SEQ_SRC:?}" || exit 99
status=0
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
for h in lib/seq/*.h; do
	n=$(basename "$h")
	echo "#include <seq/$n>" >"$dir/one.c"
	cp "$dir/one.c" "$dir/one.cc"
	${SEQ_CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -Ilib -fsyntax-only "$dir/one.c" || { echo "$h: not C11 by itself"; status=1; }
	${SEQ_CXX:-c++} -std=c++11 -pedantic -Wall -Wextra -Werror -Ilib -fsyntax-only "$dir/one.cc" || { echo "$h: not C++11 by itself"; status=1; }
	cat lib/*/Makefile.inc | tr -s ' \t\\' '\n' | grep -qx "lib/seq/$n" || { echo "$h: not installed"; status=1; }
	grep -q 'extern "C"' "$h" || { echo "$h: no extern \"C\""; status=1; }
done
exit $status
