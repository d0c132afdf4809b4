#!/bin/sh
# SPDX-License-Identifier: MIT
# Every program has a manual page without errors; what --help names, the page explains, and --help fits one screen.
cd "${SEQ_SRC:?}" || exit 99
: "${SEQ_PROGRAMS?}"
status=0
bad() { echo "$*"; status=1; }

lint() {
	if command -v mandoc >/dev/null; then
		# Notes on date and operating system depend on where mandoc runs.
		mandoc -Tlint -Wwarning "$1" | grep -vE 'missing date|cannot parse date|outdated mandoc.db|referenced manual not found|STYLE|missing (architecture|manual)' && return 1
	elif command -v groff >/dev/null; then
		[ -z "$(groff -ww -mandoc -Tutf8 "$1" 2>&1 >/dev/null)" ] || return 1
	fi
	return 0
}

for page in man/*.[1-9]; do
	lint "$page" || bad "$page: the formatter complains"
done
for program in $SEQ_PROGRAMS; do
	name=$(basename "$program")
	page=man/$name.1
	[ -f "$page" ] || { bad "$name: no manual page"; continue; }
	cat man/Makefile.inc tools/Makefile.inc | tr -s ' \t\\' '\n' | grep -qx "$page" || bad "$page: not installed"
	help=$("$name" --help 2>/dev/null) || { bad "$name: --help fails"; continue; }
	[ -n "$help" ] || bad "$name: --help says nothing on standard output"
	[ "$(printf '%s\n' "$help" | wc -l)" -le 45 ] || bad "$name: --help does not fit one screen"
	printf '%s\n' "$help" | awk 'length > 110 { exit 1 }' || bad "$name: --help has lines that are too long"
	plain=$(sed 's/\\-/-/g; s/\\&//g; s/\.Fl -/.Fl --/g; s/ Fl -/ Fl --/g' "$page")
	for option in $(printf '%s\n' "$help" | grep -oE '(^|[ ,|[(])--[a-z][a-z0-9-]*' | grep -oE -e '--.*' | sort -u); do
		printf '%s\n' "$plain" | grep -qE -e "$option([^a-z0-9-]|\$)" || bad "$name: $option is in --help, not in $page"
	done
	"$name" --version >/dev/null 2>&1 || bad "$name: --version fails"
done
exit $status
