/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Contents that move without passing a read or a write: shared extents (reflinks) and Linux AIO. */
#ifndef PTB_INDIRECT_H
#define PTB_INDIRECT_H

#include "flight.h"

#define FICLONE 0x40049409      /* include/uapi/linux/fs.h */
#define FICLONERANGE 0x4020940d

struct clone_range { /* struct file_clone_range */
	s64 from;
	u64 from_offset;
	u64 length; /* 0: to the end */
	u64 to_offset;
};

static __always_inline void on_clone(struct call *call)
{
	struct clone_range range = {.from = (s32)call->c};
	struct file *from;

	if (call->b == FICLONERANGE && bpf_probe_read_user(&range, sizeof(range), (void *)call->c))
		return;
	from = file_at(range.from);
	if (from && !range.length)
		range.length = BPF_CORE_READ(from, f_inode, i_size) - range.from_offset;
	land(NULL, range.from, range.length, READ);
	land(NULL, call->a, range.length, WRITTEN);
}

/* include/uapi/linux/aio_abi.h */
enum { AIO_PREAD = 0, AIO_PWRITE = 1, AIO_PREADV = 7, AIO_PWRITEV = 8 };
#define AIO_MAX 256 /* requests of one call that are looked at */

struct aio_request { /* struct iocb */
	u64 data;
	u32 key;
	u32 flags;
	u16 op;
	u16 priority;
	u32 fd;
	u64 buffer;
	u64 bytes;
};

struct aio_walk {
	u64 requests;
	u64 process;
};

static long on_aio_request(u32 index, struct aio_walk *walk)
{
	struct aio_request request;
	u64 address = 0;

	if (bpf_probe_read_user(&address, sizeof(address), (void *)(walk->requests + index * sizeof(address))) ||
	    bpf_probe_read_user(&request, sizeof(request), (void *)address))
		return 1;
	if (request.op == AIO_PREAD || request.op == AIO_PWRITE)
		land(NULL, request.fd, request.bytes, request.op == AIO_PREAD ? READ : WRITTEN);
	else if (request.op == AIO_PREADV || request.op == AIO_PWRITEV)
		send_event(walk->process, RECORD_SILENT, 0, 0, request.op, 1);
	return 0;
}

/* What is asked for counts as moved: completions go to memory that the process alone reads. */
static __always_inline void on_aio(u64 process, struct call *call, long submitted)
{
	struct aio_walk walk = {.requests = call->c, .process = process};

	if (submitted > AIO_MAX) {
		send_event(process, RECORD_SILENT, 0, 0, AIO_PREAD, 1);
		submitted = AIO_MAX;
	}
	bpf_loop(submitted, on_aio_request, &walk, 0);
}

#endif
