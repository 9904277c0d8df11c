/* Uses the file named by argv[2] in the way named by argv[1]; linked statically. Exits 0 when that worked. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char *low; /* memory below 4 GiB, for 32-bit calls */
static const char *name;

static int plain(void)
{
	int fd = open(name, O_RDONLY);

	return fd >= 0 && read(fd, low, 65536) > 0;
}

static long int80(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static int by_int80(void)
{
	long fd;

	strcpy(low, name);
	fd = int80(5, (long)low, O_RDONLY, 0);
	return fd >= 0 && int80(3, fd, (long)low, 65536) > 0;
}

/* The kernel looks at the low half of the number only. */
static int by_high_bits(void)
{
	int fd = open(name, O_RDONLY);
	long result, number = 0x100000000l | SYS_read;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"((long)fd), "S"(low), "d"(65536l) : "rcx", "r11", "memory");
	return result > 0;
}

struct ring {
	int fd;
	unsigned *sq_tail, *sq_mask, *sq_array, *sq_flags, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned setup;
};

static int set_up(struct ring *ring, unsigned flags)
{
	struct io_uring_params params = {.flags = flags, .sq_thread_idle = 2000};
	char *memory;

	ring->setup = flags;
	ring->fd = syscall(SYS_io_uring_setup, 8, &params);
	if (ring->fd < 0)
		return 0;
	memory = mmap(NULL, params.sq_off.array + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sq_tail = (unsigned *)(memory + params.sq_off.tail);
	ring->sq_mask = (unsigned *)(memory + params.sq_off.ring_mask);
	ring->sq_array = (unsigned *)(memory + params.sq_off.array);
	ring->sq_flags = (unsigned *)(memory + params.sq_off.flags);
	ring->cq_head = (unsigned *)(memory + params.cq_off.head);
	ring->cq_tail = (unsigned *)(memory + params.cq_off.tail);
	ring->cq_mask = (unsigned *)(memory + params.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(memory + params.cq_off.cqes);
	ring->sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->sqes != MAP_FAILED;
}

static int submit(struct ring *ring, struct io_uring_sqe *sqe)
{
	unsigned tail = *ring->sq_tail, at = tail & *ring->sq_mask;

	ring->sqes[at] = *sqe;
	ring->sq_array[at] = at;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (!(ring->setup & IORING_SETUP_SQPOLL))
		return syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0);
	if (__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
		syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	return 1;
}

static int finish(struct ring *ring)
{
	int result;

	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == *ring->cq_head)
		if (!(ring->setup & IORING_SETUP_SQPOLL))
			syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	result = ring->cqes[*ring->cq_head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
	return result;
}

static int request(struct ring *ring, struct io_uring_sqe sqe)
{
	submit(ring, &sqe);
	return finish(ring);
}

static struct io_uring_sqe on_name(unsigned op, const char *path)
{
	struct io_uring_sqe sqe = {.opcode = op, .fd = AT_FDCWD, .addr = (uintptr_t)path};

	return sqe;
}

static struct io_uring_sqe reading(int fd, unsigned flags)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_READ, .fd = fd, .addr = (uintptr_t)low, .len = 65536, .flags = flags};

	return sqe;
}

static int by_uring(unsigned setup)
{
	struct ring ring;
	int fd;

	if (!set_up(&ring, setup))
		return 0;
	fd = request(&ring, on_name(IORING_OP_OPENAT, name));
	return fd >= 0 && request(&ring, reading(fd, 0)) > 0;
}

/* The file never has a descriptor: it is opened into a slot of the ring and read from there. */
static int by_uring_slot(unsigned flags)
{
	struct ring ring;
	int none = -1;
	struct io_uring_sqe open = on_name(IORING_OP_OPENAT, name), read, nothing = {.opcode = IORING_OP_NOP};

	if (!set_up(&ring, 0))
		return 0;
	syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &none, 1);
	open.file_index = 1;
	if (request(&ring, open) < 0)
		return 0;
	if (!flags)
		return request(&ring, reading(0, IOSQE_FIXED_FILE)) > 0;
	read = reading(0, IOSQE_FIXED_FILE | flags);
	read.len = 4242;
	submit(&ring, &read);
	return request(&ring, nothing) == 0 && low[0];
}

/* A read whose success is not reported. */
static int by_uring_silence(void)
{
	struct ring ring;
	struct io_uring_sqe read, nothing = {.opcode = IORING_OP_NOP};
	int fd = open(name, O_RDONLY);

	if (fd < 0 || !set_up(&ring, 0))
		return 0;
	read = reading(fd, IOSQE_CQE_SKIP_SUCCESS);
	read.len = 4242;
	submit(&ring, &read);
	return request(&ring, nothing) == 0 && low[0];
}

/* rename, link, symlink, mkdir, unlink and a failed open, by requests. */
static int uring_names(void)
{
	struct ring ring;
	struct io_uring_sqe sqe;
	int done;

	if (!set_up(&ring, 0))
		return 0;
	sqe = on_name(IORING_OP_RENAMEAT, name);
	sqe.len = AT_FDCWD;
	sqe.off = (uintptr_t) "uring-renamed";
	done = request(&ring, sqe) == 0;
	sqe = on_name(IORING_OP_LINKAT, "uring-renamed");
	sqe.len = AT_FDCWD;
	sqe.off = (uintptr_t) "uring-linked";
	done += request(&ring, sqe) == 0;
	sqe = on_name(IORING_OP_SYMLINKAT, "some target");
	sqe.off = (uintptr_t) "uring-symlinked";
	done += request(&ring, sqe) == 0;
	sqe = on_name(IORING_OP_MKDIRAT, "uring-folder");
	sqe.len = 0755;
	done += request(&ring, sqe) == 0;
	done += request(&ring, on_name(IORING_OP_UNLINKAT, "uring-linked")) == 0;
	done += request(&ring, on_name(IORING_OP_OPENAT, "uring-missing")) < 0;
	return done == 6;
}

/* A connection to a port of this machine, asked for by request; the name is the port's number. */
static int uring_connect(void)
{
	struct ring ring;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(name)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct io_uring_sqe sqe = {.opcode = IORING_OP_CONNECT, .addr = (uintptr_t)&to, .off = sizeof(to)};

	sqe.fd = socket(AF_INET, SOCK_STREAM, 0);
	return set_up(&ring, 0) && request(&ring, sqe) == 0;
}

/* Three datagrams in one call, to a port of this machine and back out of it; the name is the port's number. */
static int messages(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(name)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct iovec part = {.iov_base = low, .iov_len = 1000};
	struct mmsghdr three[3] = {{{.msg_iov = &part, .msg_iovlen = 1}}, {{.msg_iov = &part, .msg_iovlen = 1}},
				   {{.msg_iov = &part, .msg_iovlen = 1}}};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) || sendmmsg(fd, three, 3, 0) != 3)
		return 0;
	return recvmmsg(fd, three, 2, MSG_WAITFORONE, NULL) == 1;
}

static void *read_in_thread(void *result)
{
	*(int *)result = plain();
	return NULL;
}

static int by_thread(void)
{
	pthread_t thread;
	int result = 0;

	pthread_create(&thread, NULL, read_in_thread, &result);
	pthread_join(thread, NULL);
	return result;
}

static volatile int reading_fd = -1;

static void *swap(void *unused)
{
	int null = open("/dev/null", O_RDONLY);

	while (reading_fd < 0)
		;
	usleep(5000);
	dup2(null, reading_fd);
	return unused;
}

/* While one thread reads much, another one puts an innocent file at its descriptor. */
static int by_swap(void)
{
	pthread_t thread;
	size_t size = 512l << 20;
	char *much = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(name, O_RDONLY);
	long got;

	pthread_create(&thread, NULL, swap, NULL);
	reading_fd = fd;
	got = read(fd, much, size);
	pthread_join(thread, NULL);
	return got == (long)size && read(fd, much, 1) == 0; /* the end of /dev/null: it was swapped */
}

/* Opens and closes the file as often as arguments[3] says, then says so and waits for a line. */
static int flood(const char *times)
{
	char line;

	for (long left = atol(times); left; left--)
		close(open(name, O_RDONLY));
	return write(1, "\n", 1) == 1 && read(0, &line, 1) >= 0;
}

int main(int count, char **arguments)
{
	const char *how = arguments[1];

	name = arguments[2];
	low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (count < 3)
		return 2;
	if (!strcmp(how, "plain"))
		return !plain();
	if (!strcmp(how, "thread"))
		return !by_thread();
	if (!strcmp(how, "swap"))
		return !by_swap();
	if (!strcmp(how, "int80"))
		return !by_int80();
	if (!strcmp(how, "high-bits"))
		return !by_high_bits();
	if (!strcmp(how, "uring"))
		return !by_uring(0);
	if (!strcmp(how, "uring-sqpoll"))
		return !by_uring(IORING_SETUP_SQPOLL);
	if (!strcmp(how, "uring-slot"))
		return !by_uring_slot(0);
	if (!strcmp(how, "uring-slot-silence"))
		return !by_uring_slot(IOSQE_CQE_SKIP_SUCCESS);
	if (!strcmp(how, "uring-silence"))
		return !by_uring_silence();
	if (!strcmp(how, "uring-names"))
		return !uring_names();
	if (!strcmp(how, "messages"))
		return !messages();
	if (!strcmp(how, "uring-connect"))
		return !uring_connect();
	if (!strcmp(how, "flood") && count == 4)
		return !flood(arguments[3]);
	return 2;
}
