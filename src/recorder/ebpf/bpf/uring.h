/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * io_uring: the same acts without their system calls. What a request names is known when it is submitted, what
 * came of it when it completes; ptb puts the two together by the request's address (head.access).
 */
#ifndef PTB_URING_H
#define PTB_URING_H

#include "name.h"

/* enum io_uring_op, include/uapi/linux/io_uring.h */
enum uring_op {
	OP_READV = 1,
	OP_WRITEV = 2,
	OP_READ_FIXED = 4,
	OP_WRITE_FIXED = 5,
	OP_SENDMSG = 9,
	OP_RECVMSG = 10,
	OP_CONNECT = 16,
	OP_OPENAT = 18,
	OP_CLOSE = 19,
	OP_READ = 22,
	OP_WRITE = 23,
	OP_SEND = 26,
	OP_RECV = 27,
	OP_OPENAT2 = 28,
	OP_SPLICE = 30,
	OP_TEE = 33,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
	OP_SEND_ZC = 47,
	OP_SENDMSG_ZC = 48,
	OP_RECV_ZC = 58,
	OP_READV_FIXED = 60,
	OP_WRITEV_FIXED = 61,
};

#define FLAG_FIXED_FILE (1u << 0)  /* IOSQE_FIXED_FILE, and the same bit of io_kiocb.flags */
#define FLAG_SKIP_SUCCESS (1u << 6) /* IOSQE_CQE_SKIP_SUCCESS: no completion to look at */
#define SPLICE_FD_IN_FIXED (1u << 31)

static __always_inline void tell_submitted_connect(u64 process, struct io_kiocb *request)
{
	struct io_connect *connect = (struct io_connect *)request;
	struct scratch *scratch = begin_text(process, RECORD_CONNECT);

	if (!scratch)
		return;
	scratch->head.access = (u64)request;
	scratch->head.via = VIA_IO_URING;
	if (add_block(0, (u64)BPF_CORE_READ(connect, addr), (u32)BPF_CORE_READ(connect, addr_len), SOCKADDR_MAX))
		scratch->head.marks |= MARK_UNREAD;
	send_text(scratch);
}

/* Fills in what a request does to which names; returns 0 for those that do nothing to a name. */
static __always_inline int decode_request(struct io_kiocb *request, u8 op, struct naming *naming)
{
	struct io_open *open = (struct io_open *)request;
	struct io_unlink *unlink = (struct io_unlink *)request;
	struct io_rename *rename = (struct io_rename *)request;
	struct io_link *link = (struct io_link *)request;
	struct io_mkdir *mkdir = (struct io_mkdir *)request;

	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2:
		naming->type = RECORD_OPEN_FAILED; /* unless the completion brings a descriptor */
		naming->directory = BPF_CORE_READ(open, dfd);
		naming->name = (u64)BPF_CORE_READ(open, filename, name);
		naming->flags = BPF_CORE_READ(open, how.flags);
		return 1;
	case OP_UNLINKAT:
		naming->type = BPF_CORE_READ(unlink, flags) & AT_REMOVEDIR ? RECORD_RMDIR : RECORD_UNLINK;
		naming->directory = BPF_CORE_READ(unlink, dfd);
		naming->name = (u64)BPF_CORE_READ(unlink, filename, name);
		return 1;
	case OP_MKDIRAT:
		naming->type = RECORD_MKDIR;
		naming->directory = BPF_CORE_READ(mkdir, dfd);
		naming->name = (u64)BPF_CORE_READ(mkdir, filename, name);
		return 1;
	case OP_RENAMEAT:
		naming->type = RECORD_RENAME;
		naming->directory = BPF_CORE_READ(rename, old_dfd);
		naming->name = (u64)BPF_CORE_READ(rename, oldpath, name);
		naming->new_directory = BPF_CORE_READ(rename, new_dfd);
		naming->new_name = (u64)BPF_CORE_READ(rename, newpath, name);
		return 1;
	case OP_LINKAT:
	case OP_SYMLINKAT:
		naming->type = op == OP_LINKAT ? RECORD_LINK : RECORD_SYMLINK;
		naming->directory = BPF_CORE_READ(link, old_dfd);
		naming->name = (u64)BPF_CORE_READ(link, oldpath, name);
		naming->new_directory = BPF_CORE_READ(link, new_dfd);
		naming->new_name = (u64)BPF_CORE_READ(link, newpath, name);
		return 1;
	}
	return 0;
}

enum transfer { NO_TRANSFER, INWARDS, OUTWARDS };

static __always_inline enum transfer transfer_of(u8 op)
{
	switch (op) {
	case OP_READV:
	case OP_READ_FIXED:
	case OP_RECVMSG:
	case OP_READ:
	case OP_RECV:
	case OP_RECV_ZC:
	case OP_READV_FIXED:
		return INWARDS;
	case OP_WRITEV:
	case OP_WRITE_FIXED:
	case OP_SENDMSG:
	case OP_WRITE:
	case OP_SEND:
	case OP_SEND_ZC:
	case OP_SENDMSG_ZC:
	case OP_WRITEV_FIXED:
		return OUTWARDS;
	}
	return NO_TRANSFER;
}

/*
 * A request that will complete in silence: the bytes it asks for are taken as moved. One on a fixed file cannot
 * be followed at all, which is said.
 */
static __always_inline void note_silent_request(u64 process, struct io_kiocb *request, u8 op, u32 flags)
{
	struct io_rw *transfer = (struct io_rw *)request;
	struct file *file = flags & FLAG_FIXED_FILE ? NULL : file_at(BPF_CORE_READ(request, cqe.fd));
	u32 bytes = BPF_CORE_READ(transfer, len);

	if (!file)
		send_event(process, RECORD_SILENT, 0, 0, op, 0);
	else if (op != OP_READ && op != OP_WRITE && op != OP_READ_FIXED && op != OP_WRITE_FIXED) /* counts vectors */
		send_event(process, RECORD_SILENT, 0, BPF_CORE_READ(file, f_inode, i_ino), op, 0);
	else
		note_bytes((u64)file, -1, bytes, transfer_of(op) == INWARDS ? READ : WRITTEN, 0);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *request)
{
	struct process *process = current_process();
	struct naming naming = {.via = VIA_IO_URING, .kernel = 1};
	u8 op = request->opcode;
	u32 flags = request->flags;

	if (!process)
		return 0;
	if (op == OP_CONNECT) {
		tell_submitted_connect(process->number, request);
	} else if (decode_request(request, op, &naming)) {
		naming.process = process->number;
		naming.request = (u64)request;
		naming.marks = flags & FLAG_SKIP_SUCCESS ? MARK_SILENT : 0;
		tell_name(&naming);
	} else if (flags & FLAG_SKIP_SUCCESS && transfer_of(op)) {
		note_silent_request(process->number, request, op, flags);
	}
	return 0;
}

static __always_inline void note_spliced(struct io_kiocb *request, struct file *to, u64 bytes)
{
	struct io_splice *splice = (struct io_splice *)request;
	struct file *from = NULL;

	if (!(BPF_CORE_READ(splice, flags) & SPLICE_FD_IN_FIXED))
		from = file_at(BPF_CORE_READ(splice, splice_fd_in));
	if (from)
		note_bytes((u64)from, -1, bytes, READ, 0);
	note_bytes((u64)to, -1, bytes, WRITTEN, 0);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring_complete, struct io_ring_ctx *ring, void *completed, struct io_uring_cqe *cqe)
{
	struct process *process = current_process();
	struct io_kiocb *request = completed;
	struct file *file;
	s32 result = cqe->res;
	u8 op, opened;

	if (!process || !request)
		return 0;
	op = BPF_CORE_READ(request, opcode);
	file = BPF_CORE_READ(request, file);
	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2:
		opened = result >= 0 && !BPF_CORE_READ((struct io_open *)request, file_slot);
		if (opened)
			note_open(process->number, result, BPF_CORE_READ((struct io_open *)request, how.flags),
				  VIA_IO_URING);
		send_event(process->number, RECORD_COMPLETED, (u64)request, opened, 0, result);
		break;
	case OP_UNLINKAT:
	case OP_MKDIRAT:
	case OP_RENAMEAT:
	case OP_LINKAT:
	case OP_SYMLINKAT:
	case OP_CONNECT:
		send_event(process->number, RECORD_COMPLETED, (u64)request, 0, 0, result);
		break;
	case OP_CLOSE:
		if (result == 0)
			end_access(bpf_get_current_pid_tgid() >> 32, BPF_CORE_READ((struct io_close *)request, fd), 0);
		break;
	case OP_SPLICE:
	case OP_TEE:
		if (result > 0 && file)
			note_spliced(request, file, result);
		break;
	default:
		if (result >= 0 && file && transfer_of(op))
			note_bytes((u64)file, -1, result, transfer_of(op) == INWARDS ? READ : WRITTEN, 0);
	}
	return 0;
}

#endif
