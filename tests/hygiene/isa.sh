#!/bin/sh
# SPDX-License-Identifier: MIT
# Objects outside x86/ hold no AVX instruction, so that the library starts on any x86-64; *_avx2 objects hold no AVX-512.
cd "${SEQ_BUILD:?}" || exit 99
case $(uname -m) in x86_64 | amd64) ;; *) echo "not x86-64"; exit 77 ;; esac
command -v objdump >/dev/null || { echo "no objdump"; exit 77; }
[ "${SEQ_SANITIZE:-no}" = no ] || { echo "sanitizer build"; exit 77; }
# shellcheck disable=SC2086
${SEQ_CC:-cc} ${SEQ_CFLAGS-} -dM -E -x c /dev/null | grep -q '__AVX__' && { echo "CFLAGS ask for AVX everywhere"; exit 77; }
status=0
[ -n "$(find lib -name '*.o')" ] || { echo "no objects under $SEQ_BUILD/lib"; exit 99; }
for o in $(find lib -name '*.o' | grep -v /x86/ | sort); do
	# VEX and EVEX mnemonics begin with v; the only other x86 ones that do are verr, verw and the vm* family.
	n=$(objdump -d --no-show-raw-insn "$o" | awk -F'\t' '$2 ~ /^v/ && $2 !~ /^(verr|verw|vm)/' | wc -l)
	[ "$n" = 0 ] || { echo "$o: $n AVX instructions outside x86/"; status=1; }
done
for o in $(find lib -path '*/x86/*' -name '*_avx2.o' | sort); do
	n=$(objdump -d --no-show-raw-insn "$o" | grep -cE '%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[1-7]')
	[ "$n" = 0 ] || { echo "$o: $n AVX-512 instructions in an AVX2 file"; status=1; }
done
exit $status
