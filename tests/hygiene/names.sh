#!/bin/sh
# SPDX-License-Identifier: MIT
# File names are unique in lib and tools, so that a name is enough to find a file.  Only a public header may share
# its name with a file of the room that serves it.
cd "${SEQ_SRC:?}" || exit 99
twice=$(find lib tools -name '*.[ch]' | grep -v '^lib/seq/' | sed 's,.*/,,' | sort | uniq -d)
for f in $twice; do find lib tools -name "$f" | sed 's/$/: another file has this name/'; done
[ -z "$twice" ]
