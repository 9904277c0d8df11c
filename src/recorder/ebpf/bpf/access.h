/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Bytes by access: what one process moves through one descriptor is added up here and sent when the
 * descriptor is closed or its process ends, and by every sweep in between.
 */
#ifndef PTB_ACCESS_H
#define PTB_ACCESS_H

#include "process.h"

static __always_inline struct file *file_of(struct task_struct *task, s32 fd)
{
	struct files_struct *files = task->files;
	struct fdtable *table;
	struct file *file = NULL;

	if (!files || fd < 0)
		return NULL;
	table = files->fdt;
	if ((u32)fd >= table->max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd);
	return file;
}

/* The file behind a descriptor of the current process. */
static __always_inline struct file *file_at(s32 fd)
{
	return file_of(bpf_get_current_task_btf(), fd);
}

static __always_inline void identify(struct file *file, struct identity *identity)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	identity->inode = BPF_CORE_READ(inode, i_ino);
	identity->mode = BPF_CORE_READ(inode, i_mode);
	identity->dev = BPF_CORE_READ(inode, i_sb, s_dev);
}

static __always_inline void set_identity(struct head *head, struct identity *identity)
{
	head->inode = identity->inode;
	head->dev = identity->dev;
	head->mode = identity->mode;
}

/* Sends what has gone through an access since its last record, and starts it anew from zero. */
static __always_inline void send_access(u32 pid, struct access *access, u8 via, u8 marks)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		if (marks & (MARK_FINAL | MARK_SHARED)) /* otherwise a later record has it all */
			count_loss(LOSS_EVENTS);
		return;
	}
	fill_head(&event->head, access->process, RECORD_IO);
	event->head.pid = pid;
	event->head.access = access->number;
	set_identity(&event->head, &access->identity);
	event->head.via = via;
	event->head.marks = marks;
	event->first_read = __sync_lock_test_and_set(&access->first_read, 0);
	event->last_read = __sync_lock_test_and_set(&access->last_read, 0);
	event->first_write = __sync_lock_test_and_set(&access->first_write, 0);
	event->last_write = __sync_lock_test_and_set(&access->last_write, 0);
	event->bytes_read = __sync_lock_test_and_set(&access->bytes_read, 0);
	event->bytes_written = __sync_lock_test_and_set(&access->bytes_written, 0);
	event->bytes_mapped = __sync_lock_test_and_set(&access->bytes_mapped, 0);
	event->prot = access->prot;
	event->unused = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void forget_access(struct access_key *key)
{
	struct process *process = bpf_map_lookup_elem(&processes, &key->pid);

	if (!bpf_map_delete_elem(&accesses, key) && process)
		__sync_fetch_and_add(&process->accesses, -1);
}

/* Takes one descriptor off the count of an access that ends there; returns whether it was the last. */
static __always_inline int last_descriptor(struct access *access)
{
	u64 *count = access->shared ? bpf_map_lookup_elem(&duplicates, &access->number) : NULL;

	if (!access->shared)
		return 1;
	if (!count || __sync_fetch_and_add(count, -1) != 1)
		return 0;
	bpf_map_delete_elem(&duplicates, &access->number);
	return 1;
}

__noinline int end_access(u32 pid, s32 fd, u64 file)
{
	struct access_key key = {.pid = pid, .fd = fd, .file = file};
	struct access *access = bpf_map_lookup_elem(&accesses, &key);

	if (!access)
		return 0;
	send_access(pid, access, VIA_SYSCALL, last_descriptor(access) ? MARK_FINAL : MARK_SHARED);
	forget_access(&key);
	return 1;
}

/* Enters an access into the table, replacing a stale one; number: of the access it duplicates, or 0. */
static __noinline u64 begin_access(u32 pid, s32 fd, u64 address, struct identity *identity, u64 number)
{
	struct access_key key = {.pid = pid, .fd = fd};
	struct process *process = bpf_map_lookup_elem(&processes, &key.pid);
	struct access fresh = {.file = address, .identity = *identity, .shared = number != 0};

	if (fd < 0)
		key.file = address;
	if (!process)
		return 0;
	end_access(key.pid, key.fd, key.file);
	fresh.process = process->number;
	fresh.number = number ? number : __sync_fetch_and_add(&last_access, 1) + 1;
	if (bpf_map_update_elem(&accesses, &key, &fresh, BPF_ANY))
		count_loss(LOSS_ACCESSES);
	else
		__sync_fetch_and_add(&process->accesses, 1);
	return fresh.number;
}

/* How a file came to be at a descriptor. */
struct opening {
	u64 process;
	u64 access;
	u32 pid;
	s32 fd;
	u32 flags;
	u16 type;
	u8 via;
};

static __noinline int tell_file(u64 address, struct opening *opening, struct identity *identity)
{
	struct file *file = (struct file *)address;
	struct scratch *scratch = begin_text(opening->process, opening->type);

	if (!scratch)
		return 0;
	scratch->head.access = opening->access;
	scratch->head.pid = opening->pid;
	scratch->head.result = opening->fd;
	scratch->head.flags = opening->flags;
	scratch->head.via = opening->via;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		scratch->head.marks |= MARK_CREATED;
	set_identity(&scratch->head, identity);
	add_path(0, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
	send_text(scratch);
	return 0;
}

/* A descriptor was made by an open; -1: a fixed file of io_uring, found by its address alone. */
static __noinline int note_open(u64 process, s32 fd, u32 flags, u8 via)
{
	struct file *file = file_at(fd);
	struct opening opening = {
		.process = process,
		.pid = bpf_get_current_pid_tgid() >> 32,
		.fd = fd,
		.flags = flags,
		.type = RECORD_OPEN,
		.via = via,
	};
	struct identity identity;

	if (!file)
		return 0;
	identify(file, &identity);
	opening.access = begin_access(opening.pid, fd, (u64)file, &identity, 0);
	return tell_file((u64)file, &opening, &identity);
}

/* A descriptor is used that was not opened under our eyes: inherited, passed, open before the recording. */
__noinline u64 note_seen(u64 address, s32 fd, u64 process)
{
	struct file *file = (struct file *)address;
	struct opening opening = {
		.process = process,
		.pid = bpf_get_current_pid_tgid() >> 32,
		.fd = fd,
		.type = RECORD_SEEN,
		.via = fd < 0 ? VIA_IO_URING : VIA_INHERITED,
	};
	struct identity identity;
	u32 kind;

	identify(file, &identity);
	kind = identity.mode & S_IFMT;
	opening.access = begin_access(opening.pid, fd, address, &identity, 0);
	opening.flags = BPF_CORE_READ(file, f_flags);
	if (kind != S_IFIFO && kind != S_IFSOCK) /* those are named by their inode, which every record has */
		tell_file(address, &opening, &identity);
	return opening.access;
}

static __always_inline void mark_read(struct access *access, u64 now)
{
	if (!access->first_read)
		access->first_read = now;
	access->last_read = now;
}

static __always_inline void mark_written(struct access *access, u64 now)
{
	if (!access->first_write)
		access->first_write = now;
	access->last_write = now;
}

enum movement { READ, WRITTEN, MAPPED };

static __always_inline void add_bytes(struct access *access, enum movement movement, u64 bytes, u32 prot)
{
	u64 now = bpf_ktime_get_boot_ns();

	if (movement == READ) {
		__sync_fetch_and_add(&access->bytes_read, bytes);
		mark_read(access, now);
	} else if (movement == WRITTEN) {
		__sync_fetch_and_add(&access->bytes_written, bytes);
		mark_written(access, now);
	} else {
		__sync_fetch_and_add(&access->bytes_mapped, bytes);
		access->prot |= prot;
		if (prot & PROT_READ_OR_EXEC)
			mark_read(access, now);
		if (prot & PROT_WRITE)
			mark_written(access, now);
	}
}

/* An address alone does not prove that a file is still the one it was: it may have been closed and reused. */
static __always_inline int is_inode(struct file *file, u64 inode)
{
	return BPF_CORE_READ(file, f_inode, i_ino) == inode;
}

/*
 * Adds bytes to the access of `file` at `fd` (-1: io_uring, by file alone).
 * `prot` of a mapping: what the mapping lets its process do to the file.
 */
__noinline int note_bytes(u64 file, s32 fd, u64 bytes, u32 movement, u32 prot)
{
	struct access_key key = {.pid = bpf_get_current_pid_tgid() >> 32, .fd = fd};
	struct access *access;
	struct process *process;

	if (fd < 0)
		key.file = file;
	access = bpf_map_lookup_elem(&accesses, &key);
	if (access && access->file == file && (fd >= 0 || is_inode((struct file *)file, access->identity.inode)))
		process = NULL;
	else
		process = bpf_map_lookup_elem(&processes, &key.pid);
	if (process) {
		struct access unlisted = {.process = process->number, .file = file};

		unlisted.number = note_seen(file, fd, process->number);
		access = bpf_map_lookup_elem(&accesses, &key);
		if (!access) { /* the table is full */
			identify((struct file *)file, &unlisted.identity);
			add_bytes(&unlisted, movement, bytes, prot);
			send_access(key.pid, &unlisted, VIA_SYSCALL, MARK_FINAL);
			return 0;
		}
	}
	if (access)
		add_bytes(access, movement, bytes, prot);
	return 0;
}

static __always_inline void note_duplicate(s32 from, s32 to)
{
	struct access_key key = {.pid = bpf_get_current_pid_tgid() >> 32, .fd = from};
	struct file *file = file_at(to);
	struct access *access = bpf_map_lookup_elem(&accesses, &key);

	if (!file || from == to)
		return;
	if (access && access->file == (u64)file) {
		u64 *count = bpf_map_lookup_elem(&duplicates, &access->number), two = 2;

		if (count)
			__sync_fetch_and_add(count, 1);
		else
			bpf_map_update_elem(&duplicates, &access->number, &two, BPF_ANY);
		access->shared = 1;
		begin_access(key.pid, to, (u64)file, &access->identity, access->number);
	} else {
		end_access(key.pid, to, 0);
	}
}

struct settling {
	u32 pid;
	s32 fd;
	u32 closed_only;
	u32 unused;
};

static long settle_step(u32 index, struct settling *settling)
{
	struct access_key key = {.pid = settling->pid, .fd = settling->fd + index};
	struct access *access = bpf_map_lookup_elem(&accesses, &key);
	struct process *process;

	if (access && !(settling->closed_only && (u64)file_at(key.fd) == access->file)) {
		send_access(key.pid, access, VIA_SYSCALL, last_descriptor(access) ? MARK_FINAL : MARK_SHARED);
		forget_access(&key);
	}
	process = bpf_map_lookup_elem(&processes, &key.pid);
	return !process || !process->accesses;
}

/*
 * Ends the accesses of the current process at descriptors first … last: all of them, or those that are
 * closed by now (close-on-exec leaves no call of its own).
 */
__noinline int settle(u32 first, u32 last, u32 closed_only)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct settling settling = {
		.pid = bpf_get_current_pid_tgid() >> 32, .fd = first, .closed_only = closed_only};
	u32 slots = BPF_CORE_READ(task, files, fdt, max_fds);

	if (last >= slots)
		last = slots - 1;
	if (first <= last && slots)
		bpf_loop(last - first + 1, settle_step, &settling, 0);
	return 0;
}

static long sweep_step(void *map, struct access_key *key, struct access *access, void *unused)
{
	struct process *process = bpf_map_lookup_elem(&processes, &key->pid);

	if (!process || process->number != access->process) {
		send_access(key->pid, access, VIA_SYSCALL, MARK_FINAL);
		bpf_map_delete_elem(map, key);
	} else if (access->last_read || access->last_write) {
		send_access(key->pid, access, VIA_SYSCALL, 0);
	}
	return 0;
}

/* Run by ptb every few seconds: what long-lived accesses did so far. */
SEC("syscall")
int sweep(void *context)
{
	bpf_for_each_map_elem(&accesses, sweep_step, NULL, 0);
	return 0;
}

#endif
