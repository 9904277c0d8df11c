/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What name servers answer, so that a connection can be told by name: datagrams that a recorded process received from
 * port 53. The bytes are the process's memory as the call returns; nothing is understood of them here.
 */
#ifndef PTB_ANSWER_H
#define PTB_ANSWER_H

#include "access.h"
#include "syscall.h"

#define NAME_SERVER_PORT 0x3500 /* 53 in network byte order */
#define SMALLEST_ANSWER 28      /* a header, the shortest name asked for, one address */
#define CLASSIC_ANSWER 512      /* without EDNS (RFC 1035, section 4.2.1) */
#define LARGEST_ANSWER 4096

struct peer {
	u16 family;
	u16 port;
};

/* As the C library has them: struct iovec, the beginning of struct msghdr. */
struct buffer {
	u64 base;
	u64 length;
};

struct message {
	u64 peer;
	u32 peer_length;
	u32 unused;
	u64 buffers;
	u64 count;
};

/* Whether the datagram socket behind `file` is turned to a name server; -1 where it is turned to nobody. */
static __always_inline int faces_name_server(struct file *file)
{
	struct socket *socket;
	struct sock *sock;
	u16 family, port;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	if (BPF_CORE_READ(socket, type) != SOCK_DGRAM)
		return 0;
	sock = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	port = BPF_CORE_READ(sock, __sk_common.skc_dport);
	return port ? port == NAME_SERVER_PORT : -1;
}

static __noinline int on_answer(u64 process, struct call *call, long result)
{
	struct file *file = file_at(call->a);
	struct message message = {};
	struct buffer buffer = {.base = call->b};
	struct peer peer = {};
	struct scratch *scratch;
	u64 from = 0;
	int facing;

	if (!file || call->compat)
		return 0;
	facing = faces_name_server(file);
	if (!facing)
		return 0;
	if (call->number == __NR_recvmsg) {
		if (bpf_probe_read_user(&message, sizeof(message), (void *)call->b) ||
		    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)message.buffers) || buffer.length < result)
			return 0;
		from = message.peer;
	} else if (call->number == __NR_recvfrom) {
		from = call->e;
	}
	if (facing < 0 && (!from || bpf_probe_read_user(&peer, sizeof(peer), (void *)from) ||
			   peer.port != NAME_SERVER_PORT))
		return 0;
	scratch = begin_text(process, RECORD_ANSWER);
	if (!scratch)
		return 0;
	if (!add_block(0, buffer.base, result, LARGEST_ANSWER))
		send_text(scratch);
	return 0;
}

#endif
