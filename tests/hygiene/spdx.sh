#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source names its licence on one of its first three lines; no source names a folder of one machine.
cd "${SEQ_SRC:?}" || exit 99
status=0
files=$(find lib tools tests man examples completion quickstart .ci configure.ac Makefile.am \
	\( -name '*.[chS]' -o -name '*.sh' -o -name '*.py' -o -name '*.[1-9]' -o -name quickstart -o -name run \
	-o -name configure.ac -o -name Makefile.am \) -type f 2>/dev/null | sort)
for f in $files; do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: MIT' || { echo "$f: no SPDX line"; status=1; }
done
exit $status
