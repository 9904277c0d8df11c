#!/usr/bin/env bash
# Compiles the eBPF recorder to src/recorder/ebpf/recorder.bpf.o, which git ignores and the wheel carries.
# Needs clang (11 or newer, with its BPF target) and libbpf's headers: apt-get install clang libbpf-dev
set -eu
cd "$(dirname "$0")/../src/recorder/ebpf"
clang=${CLANG:-$(command -v clang || command -v clang-14 || true)}
[ -n "$clang" ] || { echo "build-bpf: no clang found; apt-get install clang libbpf-dev" >&2; exit 1; }
# -g leaves the BTF that CO-RE relocates against; DWARF, which nothing reads, is stripped when llvm-strip is at hand.
"$clang" -target bpf -mcpu=v3 -O2 -g -Wall -Werror -Wno-parentheses -I"/usr/include/$(uname -m)-linux-gnu" \
  -D__TARGET_ARCH_x86 -c bpf/recorder.bpf.c -o "recorder.bpf.o.$$"
strip=$(command -v llvm-strip || command -v llvm-strip-14 || true)
[ -z "$strip" ] || "$strip" -g "recorder.bpf.o.$$"
mv "recorder.bpf.o.$$" recorder.bpf.o
