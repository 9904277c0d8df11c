/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ptb's kernel witness. It hangs on BTF tracepoints only, which load where LSM and fentry programs may not:
 * the end of every system call (its registers still hold the arguments), fork, exec, exit and io_uring.
 */
#include "access.h"
#include "answer.h"
#include "flight.h"
#include "indirect.h"
#include "name.h"
#include "process.h"
#include "program.h"
#include "standing.h"
#include "syscall.h"
#include "uring.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* struct mmsghdr of a 64-bit process. */
#define MESSAGE_BYTES 64
#define MESSAGE_LENGTH_AT 56
#define MESSAGES_MAX 1024 /* UIO_MAXIOV */

struct messages {
	u64 address;
	u64 bytes;
};

static long add_message(u32 index, struct messages *messages)
{
	u32 length;

	if (bpf_probe_read_user(&length, sizeof(length),
				(void *)(messages->address + index * MESSAGE_BYTES + MESSAGE_LENGTH_AT)))
		return 1;
	messages->bytes += length;
	return 0;
}

/* Bytes of the messages that a call sent or received: it returns how many messages there were. */
static __noinline u64 bytes_of_messages(u64 address, u64 count)
{
	struct messages messages = {.address = address};

	if (count > MESSAGES_MAX)
		count = MESSAGES_MAX;
	bpf_loop(count, add_message, &messages, 0);
	return messages.bytes;
}

static __always_inline void move_bytes(struct flights *flights, struct call *call, u64 bytes)
{
	switch (call->number) {
	case __NR_read:
	case __NR_pread64:
	case __NR_readv:
	case __NR_preadv:
	case __NR_preadv2:
	case __NR_recvfrom:
	case __NR_recvmsg:
		land(flights, call->a, bytes, READ);
		break;
	case __NR_recvmmsg:
		land(flights, call->a, bytes_of_messages(call->b, bytes), READ);
		break;
	case __NR_sendmmsg:
		land(flights, call->a, bytes_of_messages(call->b, bytes), WRITTEN);
		break;
	case __NR_sendfile:
		land(flights, call->b, bytes, READ);
		land(flights, call->a, bytes, WRITTEN);
		break;
	case __NR_splice:
	case __NR_copy_file_range:
		land(flights, call->a, bytes, READ);
		land(flights, call->c, bytes, WRITTEN);
		break;
	case __NR_tee:
		land(flights, call->a, bytes, READ);
		land(flights, call->b, bytes, WRITTEN);
		break;
	default: /* the writes */
		land(flights, call->a, bytes, WRITTEN);
	}
}

/* A glance before the file is looked at: reads are many, and what read(2) gets of an answer is short as a rule. */
static __always_inline int may_answer(struct call *call, long result)
{
	if (result < SMALLEST_ANSWER || result > LARGEST_ANSWER)
		return 0;
	return call->number == __NR_recvfrom || call->number == __NR_recvmsg ||
	       (call->number == __NR_read && result <= CLASSIC_ANSWER);
}

static __always_inline void on_bytes(struct process *process, struct call *call, long result)
{
	struct flights *flights = my_flights(process);

	if (may_answer(call, result))
		on_answer(process->number, call, result);
	if (result >= 0)
		move_bytes(flights, call, result);
	end_flights(flights);
}

static __always_inline void on_mmap(struct call *call, unsigned long result)
{
	struct file *file;
	u32 prot = call->c;

	if (result >= -4095ul || call->d & MAP_ANONYMOUS)
		return;
	file = file_at(call->e);
	if ((call->d & MAP_TYPE) == 2) /* MAP_PRIVATE: its writes never reach the file */
		prot &= ~PROT_WRITE;
	if (file)
		note_bytes((u64)file, call->e, call->b, MAPPED, prot);
}

static __always_inline int on_descriptor(u64 process, struct call *call, long result)
{
	switch (call->number) {
	case __NR_close:
		end_access(bpf_get_current_pid_tgid() >> 32, call->a, 0);
		return 1;
	case __NR_close_range:
		if (result == 0)
			settle(call->a, call->b, 1);
		return 1;
	case __NR_dup:
		if (result >= 0)
			note_duplicate(call->a, result);
		return 1;
	case __NR_dup2:
	case __NR_dup3:
		if (result >= 0)
			note_duplicate(call->a, call->b);
		return 1;
	case __NR_fcntl:
		if (result >= 0 && (call->b == F_DUPFD || call->b == F_DUPFD_CLOEXEC))
			note_duplicate(call->a, result);
		return 1;
	case __NR_mmap:
		on_mmap(call, result);
		return 1;
	case __NR_memfd_create:
		if (result >= 0)
			note_open(process, result, 0, VIA_SYSCALL);
		return 1;
	case __NR_open_by_handle_at:
		if (result >= 0)
			note_open(process, result, call->c, VIA_HANDLE);
		return 1;
	}
	return 0;
}

static __always_inline int on_open(u64 process, struct call *call, long result)
{
	struct naming failed = {.process = process, .directory = AT_FDCWD, .type = RECORD_OPEN_FAILED};

	switch (call->number) {
	case __NR_open:
		failed.name = call->a;
		failed.flags = call->b;
		break;
	case __NR_creat:
		failed.name = call->a;
		failed.flags = O_CREAT_WRONLY_TRUNC;
		break;
	case __NR_openat:
		failed.directory = call->a;
		failed.name = call->b;
		failed.flags = call->c;
		break;
	case __NR_openat2:
		failed.directory = call->a;
		failed.name = call->b;
		bpf_probe_read_user(&failed.flags, sizeof(failed.flags), (void *)call->c);
		break;
	default:
		return 0;
	}
	failed.via = call->compat ? VIA_COMPAT : VIA_SYSCALL;
	if (result >= 0)
		return note_open(process, result, failed.flags, failed.via) | 1;
	failed.result = result;
	return tell_name(&failed) | 1;
}

/* Fills in what is done to which names; returns 0 for calls that do nothing to a name. */
static __always_inline int decode_naming(struct call *call, struct naming *naming)
{
	naming->directory = naming->new_directory = AT_FDCWD;
	naming->name = call->a;
	switch (call->number) {
	case __NR_unlink:
		naming->type = RECORD_UNLINK;
		return 1;
	case __NR_rmdir:
		naming->type = RECORD_RMDIR;
		return 1;
	case __NR_unlinkat:
		naming->type = call->c & AT_REMOVEDIR ? RECORD_RMDIR : RECORD_UNLINK;
		break;
	case __NR_mkdir:
		naming->type = RECORD_MKDIR;
		naming->flags = call->b;
		return 1;
	case __NR_mkdirat:
		naming->type = RECORD_MKDIR;
		naming->flags = call->c;
		break;
	case __NR_mknod:
		naming->type = RECORD_MKNOD;
		naming->flags = call->b;
		return 1;
	case __NR_mknodat:
		naming->type = RECORD_MKNOD;
		naming->flags = call->c;
		break;
	case __NR_chmod:
		naming->type = RECORD_CHMOD;
		naming->flags = call->b;
		return 1;
	case __NR_fchmodat:
	case __NR_fchmodat2:
		naming->type = RECORD_CHMOD;
		naming->flags = call->c;
		break;
	case __NR_chown:
	case __NR_lchown:
		naming->type = RECORD_CHOWN;
		naming->flags = call->b;
		return 1;
	case __NR_fchownat:
		naming->type = RECORD_CHOWN;
		naming->flags = call->c;
		break;
	case __NR_truncate:
		naming->type = RECORD_TRUNCATE;
		return 1;
	case __NR_chroot:
		naming->type = RECORD_CHROOT;
		return 1;
	case __NR_umount2:
		naming->type = RECORD_UNMOUNT;
		return 1;
	case __NR_rename:
	case __NR_link:
	case __NR_symlink:
	case __NR_mount:
		naming->type = call->number == __NR_rename    ? RECORD_RENAME
			       : call->number == __NR_link    ? RECORD_LINK
			       : call->number == __NR_symlink ? RECORD_SYMLINK
							      : RECORD_MOUNT;
		naming->new_name = call->b;
		return 1;
	case __NR_symlinkat:
		naming->type = RECORD_SYMLINK;
		naming->new_directory = call->b;
		naming->new_name = call->c;
		return 1;
	case __NR_renameat:
	case __NR_renameat2:
	case __NR_linkat:
		naming->type = call->number == __NR_linkat ? RECORD_LINK : RECORD_RENAME;
		naming->flags = call->e;
		naming->new_directory = call->c;
		naming->new_name = call->d;
		break;
	default:
		return 0;
	}
	naming->directory = call->a;
	naming->name = call->b;
	return 1;
}

static __always_inline int on_naming(u64 process, struct call *call, long result)
{
	struct naming naming = {.process = process, .result = result};

	if (!decode_naming(call, &naming))
		return 0;
	naming.via = call->compat ? VIA_COMPAT : VIA_SYSCALL;
	return tell_name(&naming) | 1;
}

static __always_inline void on_failed_exec(u64 process, struct call *call, long result)
{
	struct naming naming = {
		.process = process, .result = result, .directory = AT_FDCWD, .type = RECORD_EXEC_FAILED};

	naming.name = call->number == __NR_execve ? call->a : call->b;
	if (call->number == __NR_execveat)
		naming.directory = call->a;
	tell_name(&naming);
}

static __noinline int on_connect(u64 process, struct call *call, long result)
{
	struct scratch *scratch = begin_text(process, RECORD_CONNECT);
	struct file *file = file_at(call->a);
	struct identity identity;

	if (!scratch || !file)
		return 0;
	scratch->head.result = result;
	scratch->head.flags = call->a;
	identify(file, &identity);
	set_identity(&scratch->head, &identity);
	if (add_block(0, call->b, (u32)call->c, SOCKADDR_MAX))
		scratch->head.marks |= MARK_UNREAD;
	send_text(scratch);
	return 0;
}

/* A signal to a process of the recording is its own affair. */
static __always_inline void on_kill(u64 process, struct call *call, long result)
{
	u32 pid = call->a;

	if (call->b && !bpf_map_lookup_elem(&processes, &pid))
		send_event(process, RECORD_KILL, 0, (s32)pid, call->b, result);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_syscall, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process *process;
	struct call call;
	u64 number;

	decode_call(regs, task->thread_info.status, &call);
	if (call.number != NOT_DECODED && (call.number >= SYSCALLS || !watched[call.number]))
		return 0;
	process = current_process();
	if (!process)
		return 0;
	number = process->number;
	if (call.number == NOT_DECODED) {
		send_event(number, RECORD_FOREIGN, 0, 0, regs->orig_ax, result);
		return 0;
	}
	if (watched[call.number] >= WATCHED_BYTES) {
		on_bytes(process, &call, result);
		return 0;
	}
	if (on_open(number, &call, result) || on_descriptor(number, &call, result) ||
	    on_naming(number, &call, result))
		return 0;
	switch (call.number) {
	case __NR_execve:
	case __NR_execveat:
		if (result < 0)
			on_failed_exec(number, &call, result);
		break;
	case __NR_connect:
		on_connect(number, &call, result);
		break;
	case __NR_ioctl:
		if (result == 0 && (call.b == FICLONE || call.b == FICLONERANGE))
			on_clone(&call);
		break;
	case __NR_io_submit:
		if (result > 0)
			on_aio(number, &call, result);
		break;
	case __NR_ptrace:
		send_event(number, RECORD_PTRACE, 0, call.b, call.number, result);
		break;
	case __NR_process_vm_readv:
	case __NR_process_vm_writev:
		send_event(number, RECORD_PTRACE, 0, call.a, call.number, result);
		break;
	case __NR_kill:
	case __NR_tkill:
		on_kill(number, &call, result);
		break;
	}
	return 0;
}
