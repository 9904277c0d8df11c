/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Rings, tables and counters. Every table is bounded; what does not fit is counted in "losses". */
#ifndef PTB_MAPS_H
#define PTB_MAPS_H

#include "kernel.h"
#include "record.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A recorded process, by host pid (tgid). */
struct process {
	u64 number;    /* 0: enrolled by ptb, not seen yet */
	u32 accesses;  /* entries of this process in the table "accesses", to know when all are settled */
	u32 flown;     /* whether it ever moved bytes with a descriptor table that others shared: see "in_flight" */
};

/* One process's use of one open file. `file` distinguishes io_uring's fixed files, which have no fd. */
struct access_key {
	u32 pid;
	s32 fd;
	u64 file;
};

struct identity {
	u64 inode;
	u32 dev;
	u32 mode;
};

struct access {
	u64 number;
	u64 process;
	u64 file;    /* the struct file behind the fd: notices a reused number */
	struct identity identity;
	u64 first_read;
	u64 last_read;
	u64 first_write;
	u64 last_write;
	u64 bytes_read;
	u64 bytes_written;
	u64 bytes_mapped;
	u32 prot;
	u32 shared;  /* the access is, or was, at several descriptors: see "duplicates" */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} long_texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct access_key);
	__type(value, struct access);
} accesses SEC(".maps");

/* By access number: at how many descriptors of its process an access is, where that is more than one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u64);
} duplicates SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

/* Set before loading. cgroup 0: processes are recorded by descent alone. */
const volatile u64 cgroup = 0;
const volatile s32 cgroup_level = 0;

u64 last_process = 0;
u64 last_access = 0;

static __always_inline void count_loss(u32 which)
{
	u64 *counter = bpf_map_lookup_elem(&losses, &which);

	if (counter)
		(*counter)++;
}

#endif
