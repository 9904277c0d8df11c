"""The kernel witness on eBPF: every process, exec, file access and connection of a sandbox, with bytes.

The kernel half is C in ``bpf/``, compiled by ``scripts/build-bpf.sh``; this half loads it through libbpf, empties its
rings and turns records into columns.
"""
