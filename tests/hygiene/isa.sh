#!/bin/sh
# SPDX-License-Identifier: MIT
# The library starts on any machine of its kind.  x86-64: objects outside x86/ hold no AVX instruction, *_avx2 objects no
# AVX-512.  ARM: only *_dotprod objects hold dot products.
cd "${SEQ_BUILD:?}" || exit 99
case $(${SEQ_CC:-cc} -dumpmachine) in
x86_64-* | amd64-*) kind=x86 ;;
aarch64-* | arm64-*) kind=arm ;;
*) echo "neither x86-64 nor ARM"; exit 77 ;;
esac
objdump=$(${SEQ_CC:-cc} -print-prog-name=objdump)
command -v "$objdump" >/dev/null || { echo "no objdump"; exit 77; }
[ "${SEQ_SANITIZE:-no}" = no ] || { echo "sanitizer build"; exit 77; }
# shellcheck disable=SC2086
${SEQ_CC:-cc} ${SEQ_CFLAGS-} -dM -E -x c /dev/null | grep -qE '__AVX__|__ARM_FEATURE_DOTPROD' && { echo "CFLAGS ask for more everywhere"; exit 77; }
status=0
[ -n "$(find lib -name '*.o')" ] || { echo "no objects under $SEQ_BUILD/lib"; exit 99; }
if [ $kind = arm ]; then
	for o in $(find lib -name '*.o' | grep -v '_dotprod\.o$' | sort); do
		n=$("$objdump" -d --no-show-raw-insn "$o" | awk -F'\t' '$2 ~ /^[su]dot$/ || $2 ~ /^[su]mmla$/' | wc -l)
		[ "$n" = 0 ] || { echo "$o: $n dot products outside *_dotprod"; status=1; }
	done
	exit $status
fi
for o in $(find lib -name '*.o' | grep -v /x86/ | sort); do
	# VEX and EVEX mnemonics begin with v; the only other x86 ones that do are verr, verw and the vm* family.
	n=$("$objdump" -d --no-show-raw-insn "$o" | awk -F'\t' '$2 ~ /^v/ && $2 !~ /^(verr|verw|vm)/' | wc -l)
	[ "$n" = 0 ] || { echo "$o: $n AVX instructions outside x86/"; status=1; }
done
for o in $(find lib -path '*/x86/*' -name '*_avx2.o' | sort); do
	n=$("$objdump" -d --no-show-raw-insn "$o" | grep -cE '%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[1-7]')
	[ "$n" = 0 ] || { echo "$o: $n AVX-512 instructions in an AVX2 file"; status=1; }
done
exit $status
