#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks are checked: one fault for each is planted in a scratch copy and must be caught; without it the same
# copy must pass.
: "${SEQ_SRC:?}" "${SEQ_BUILD:?}"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
status=0
here=$SEQ_SRC/tests/hygiene
unset SEQ_SANITIZE
SEQ_CFLAGS=-O2
export SEQ_CFLAGS

# A fresh small house: sources of every room, one program with its page, one object inside and one outside x86/.
house() {
	rm -rf "$dir/src" "$dir/build"
	mkdir -p "$dir/src" "$dir/build/lib/kernel/x86" "$dir/build/tools" "$dir/build/.libs"
	for part in lib tools man tests data; do cp -R "$SEQ_SRC/$part" "$dir/src/"; done
	chmod -R u+w "$dir/src"
	rm -f "$dir"/src/man/*.[1-9]
	rm -rf "$dir"/src/data/*
	cat >"$dir/src/man/toy.1" <<-'EOF'
	.\" SPDX-License-Identifier: MIT
	.Dd January 1, 2026
	.Dt TOY 1
	.Os
	.Sh NAME
	.Nm toy
	.Nd a program for this test
	.Sh SYNOPSIS
	.Nm
	.Op Fl -loud
	.Sh DESCRIPTION
	.Bl -tag -width Ds
	.It Fl -loud
	Says it loudly.
	.El
	.Sh EXAMPLES
	.Bd -literal
	toy --loud < prompt.txt
	.Ed
	EOF
	cp "$dir/src/man/toy.1" "$dir/toy.1"
	echo 'dist_man_MANS += man/toy.1' >>"$dir/src/man/Makefile.inc"
	cat >"$dir/build/tools/toy" <<-'EOF'
	#!/bin/sh
	case $1 in
	--help) echo "usage: toy [--loud]" ;;
	--version) echo "toy 1" ;;
	--loud) tr a-z A-Z ;;
	*) exit 2 ;;
	esac
	EOF
	chmod +x "$dir/build/tools/toy"
	good_object
	${SEQ_CC:-cc} -shared -fPIC -O2 "$dir/good.c" -o "$dir/build/.libs/libseq.so"
}
good_object() {
	echo 'int seq_good(int a); int seq_good(int a) { return a + 1; }' >"$dir/good.c"
	${SEQ_CC:-cc} -O2 -c "$dir/good.c" -o "$dir/build/lib/kernel/good.o"
}

run() { SEQ_SRC=$dir/src SEQ_BUILD=$dir/build SEQ_PROGRAMS=tools/toy PATH=$dir/build/tools:$PATH sh "$here/$1.sh" >"$dir/log" 2>&1; }

# clean CHECK: passes (or skips) in the untouched copy.
clean() {
	house
	run "$1"; rc=$?
	[ $rc = 77 ] && { echo "skip  $1: $(cat "$dir/log")"; return 1; }
	[ $rc = 0 ] && return 0
	echo "FAIL  $1 complains without a fault:"; sed 's/^/      /' "$dir/log"; status=1
	return 1
}

# caught CHECK WHAT WORD: the fault just planted makes CHECK fail, and its report has WORD in it.
caught() {
	run "$1"; rc=$?
	if [ $rc = 1 ] && grep -qe "$3" "$dir/log"; then
		echo "ok    $1: $2"
	else
		echo "FAIL  $1 does not see: $2 (exit $rc)"; sed 's/^/      /' "$dir/log"; status=1
	fi
	house
}

object() { # object PATH SOURCE FLAGS...
	printf '%s\n' "$2" >"$dir/bad.c"; o=$1; shift 2
	${SEQ_CC:-cc} -O2 "$@" -c "$dir/bad.c" -o "$dir/build/$o"
}

if clean layers; then
	echo '#include "net/net.h"' >>"$dir/src/lib/kernel/cpu.h"; caught layers "a kernel that includes the net" "reaches up"
	echo '#include "token/bpe.h"' >>"$dir/src/lib/kernel/cpu.h"; caught layers "neighbours on one floor" "neighbours"
	echo '#include "seq/model.h"' >>"$dir/src/lib/mixer/mixer.h"; caught layers "a mixer that sees the model" "does not see"
	echo '#include "base/mem.h"' >>"$dir/src/tools/tool.h"; caught layers "a tool inside a room" "tools include"
	echo '#include "base/mem.h"' >>"$dir/src/lib/seq/error.h"; caught layers "a public header that includes a private one" "public headers only"
	echo '#include "mem.h"' >>"$dir/src/lib/kernel/cpu.h"; caught layers "an include without its room" "names its room"
fi
if clean names; then
	cp "$dir/src/lib/base/mem.h" "$dir/src/lib/tensor/mem.h"; caught names "two files of one name" "lib/tensor/mem.h"
fi
if clean spdx; then
	echo 'int a;' >"$dir/src/lib/base/bare.c"; caught spdx "a source without licence" "lib/base/bare.c"
fi
if clean headers; then
	echo 'size_t seq_planted(void);' >"$dir/src/lib/seq/planted.h"; caught headers "a header that needs another one first" "not C11"
	echo 'int seq_planted(int class);' >>"$dir/src/lib/seq/version.h"; caught headers "a word of C++ as a name" "not C++11"
	printf 'extern "C" {}\n' >"$dir/src/lib/seq/planted.h"; caught headers "a header that is not installed" "not installed"
fi
if clean symbols; then
	object lib/kernel/bad.o 'int helper(void); int helper(void) { return 1; }'; caught symbols "a symbol without prefix" "defines helper"
	object lib/kernel/bad.o '#include <stdio.h>
int seqp_bad(void); int seqp_bad(void) { return printf("%d\n", 1); }'; caught symbols "a library that prints" "prints"
	object lib/kernel/bad.o '#include <stdio.h>
int seqp_bad(void); int seqp_bad(void) { return fprintf(stderr, "%d\n", 1); }'; caught symbols "a library that talks to stderr" "stderr"
	object lib/kernel/bad.o '#include <stdlib.h>
void seqp_bad(void); void seqp_bad(void) { abort(); }'; caught symbols "a library that aborts" "ends the process"
	object lib/kernel/bad.o '#include <math.h>
float seqk_bad(float x); float seqk_bad(float x) { return expf(x); }'; caught symbols "libm in a kernel" "libm"
	echo 'int seqp_leak(void); int seqp_leak(void) { return 1; }' >"$dir/bad.c"
	${SEQ_CC:-cc} -shared -fPIC "$dir/bad.c" -o "$dir/build/.libs/libseq.so"; caught symbols "a private symbol in libseq.so" "exports seqp_leak"
fi
if clean isa; then
	case $(${SEQ_CC:-cc} -dumpmachine) in
	aarch64-*)
		object lib/kernel/bad.o '#include <arm_neon.h>
int32x4_t seqk_bad(int32x4_t a, int8x16_t b); int32x4_t seqk_bad(int32x4_t a, int8x16_t b) { return vdotq_s32(a, b, b); }' \
			-march=armv8.2-a+dotprod; caught isa "dot products outside *_dotprod" "outside" ;;
	*)
		avx='void seqk_bad(float *p); void seqk_bad(float *p) { for (int i = 0; i < 1024; i++) p[i] *= 3.0f; }'
		object lib/kernel/bad.o "$avx" -mavx2 -O3; caught isa "AVX outside x86/" "outside x86"
		object lib/kernel/x86/bad_avx2.o "$avx" -mavx512f -O3 -mprefer-vector-width=512; caught isa "AVX-512 in an AVX2 file" "AVX-512" ;;
	esac
fi
if clean man; then
	rm "$dir/src/man/toy.1"; caught man "a program without a page" "no manual page"
	sed -i 's/--loud\]/--loud] [--secret]/' "$dir/build/tools/toy"; caught man "an option that no page names" "secret"
	if command -v mandoc >/dev/null || command -v groff >/dev/null; then
		echo '.Nosuchmacro' >>"$dir/src/man/toy.1"; caught man "an unknown macro" "complains"
	fi
fi
if clean examples; then
	sed -i 's/^toy --loud.*/toy --silent < prompt.txt/' "$dir/src/man/toy.1"; caught examples "an example that fails" "exits with 2"
fi
exit $status
