/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Calls under way on a descriptor that others can take away. Where a descriptor table is shared (threads), one task may
 * close or replace a descriptor while another one's read of it goes on; when that read returns, the descriptor stands
 * for another file, or for none. What it stood for when the call began is kept here.
 */
#ifndef PTB_FLIGHT_H
#define PTB_FLIGHT_H

#include "access.h"
#include "syscall.h"

#define FLIGHTS 2 /* sendfile, splice, tee and copy_file_range have two descriptors */

struct flight {
	u64 access;
	u64 process;
	struct identity identity;
	s32 fd;
	u32 unused;
};

struct flights {
	struct flight of[FLIGHTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct flights);
} in_flight SEC(".maps");

static __always_inline int shares_descriptors(struct task_struct *task)
{
	struct files_struct *files = task->files;

	return files && files->count.counter > 1;
}

static __always_inline void take_off(struct flight *flight, s32 fd, u64 process)
{
	struct access_key key = {.pid = bpf_get_current_pid_tgid() >> 32, .fd = fd};
	struct file *file = file_at(fd);
	struct access *access;

	flight->fd = -1;
	if (!file)
		return;
	access = bpf_map_lookup_elem(&accesses, &key);
	if (!access || access->file != (u64)file) {
		note_seen((u64)file, fd, process);
		access = bpf_map_lookup_elem(&accesses, &key);
	}
	if (!access)
		return;
	flight->access = access->number;
	flight->process = process;
	flight->identity = access->identity;
	flight->fd = fd;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process *process;
	struct flights *flights;
	struct call call;

	if (!shares_descriptors(task))
		return 0;
	decode_call(regs, task->thread_info.status, &call);
	if (call.number >= SYSCALLS || watched[call.number] < WATCHED_BYTES)
		return 0;
	process = current_process();
	if (!process)
		return 0;
	process->flown = 1;
	flights = bpf_task_storage_get(&in_flight, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!flights)
		return 0;
	take_off(&flights->of[0], call.a, process->number);
	flights->of[1].fd = -1;
	if (watched[call.number] == WATCHED_BYTES_B)
		take_off(&flights->of[1], call.b, process->number);
	if (watched[call.number] == WATCHED_BYTES_C)
		take_off(&flights->of[1], call.c, process->number);
	return 0;
}

/* What the call that returns now began with; NULL where nobody could have taken it away. */
static __always_inline struct flights *my_flights(struct process *process)
{
	return process->flown ? bpf_task_storage_get(&in_flight, bpf_get_current_task_btf(), NULL, 0) : NULL;
}

static __always_inline void end_flights(struct flights *flights)
{
	if (flights)
		flights->of[0].fd = flights->of[1].fd = -1;
}

/* Bytes moved by a call on `fd`; they belong to the file that was there when the call began. */
static __noinline int land(struct flights *flights, s32 fd, u64 bytes, enum movement movement)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct access_key key = {.pid = task->tgid, .fd = fd};
	struct access *access = bpf_map_lookup_elem(&accesses, &key);
	struct flight *flight = NULL;
	struct file *file;

	if (flights)
		flight = flights->of[0].fd == fd   ? &flights->of[0]
			 : flights->of[1].fd == fd ? &flights->of[1]
						   : NULL;
	if (flight && (!access || access->number != flight->access)) {
		struct access gone = {
			.number = flight->access, .process = flight->process, .identity = flight->identity};

		add_bytes(&gone, movement, bytes, 0);
		send_access(key.pid, &gone, VIA_SYSCALL, MARK_FINAL);
		return 0;
	}
	file = file_of(task, fd);
	if (file && access && access->file == (u64)file) /* as nearly always */
		add_bytes(access, movement, bytes, 0);
	else if (file)
		note_bytes((u64)file, fd, bytes, movement, 0);
	return 0;
}

#endif
