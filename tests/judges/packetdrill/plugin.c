/*
 * packetdrill's way to QuRe: a shared object that it takes its sockets, its network and its clock from (--so_filename).
 * It is a station on the emulator's switch, in virtual time (docs/protocols/switch.md): packets go over that switch as
 * frames, and socket calls as datagrams to the agent in the guest (agent.s). While packetdrill sleeps or waits for a
 * packet, virtual time passes; while it computes, none does.
 *
 * packetdrill.h is the judge's, and found when this is built; nothing of it is here.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/un.h>

#include "packetdrill.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { FRAME = 'F', ADVANCE = 'A', TIME = 'T' };
enum { ETHER = 14, MTU = 1500, AGENT_PORT = 9999, OUR_PORT = 9998, MOST_FDS = 64, MOST_PACKETS = 1024, MOST_CALLS = 16 };
enum { OPEN, BIND, LISTEN, ACCEPT, CONNECT, SEND, RECEIVE, SHUTDOWN, CLOSE, OPTION, STATUS, ABORT, SEND_FROM, RECEIVE_INTO,
       STAMP, WAIT };
enum { OPTION_NODELAY = 1, OPTION_KEEP_ALIVE, OPTION_SEND_LIMIT, OPTION_RECEIVE_LIMIT, OPTION_REUSE, OPTION_MSS, OPTION_CORK,
       OPTION_WIDEST, OPTION_QUICK, OPTION_MARK, OPTION_TIMEOUT, OPTION_MORE, OPTION_UNSENT_LIMIT, OPTION_STAMPS };
enum { CLOSE_WAIT = 5 };
enum { FOREVER = -1 };

/* Seconds of virtual time after which a packet that is waited for does not come any more. */
enum { PATIENCE_S = 20 };

/* How long a call may take to return when what it waits for has come. */
enum { FINISH_NS = 600000 };

/* How long packetdrill does nothing by the host's clock before it counts as waiting: it does so for a second. */
enum { STALL_NS = 300000000 };

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 0x77 };
static const uint8_t agent_address[4] = { 10, 0, 2, 98 };
static uint8_t node_mac[6], node_address[4];

/* What Google's defaults.sh sets: buffers, of which the largest chooses the window scale. Its scripts also have Linux's
   order of options in a SYN, which says nothing (RFC 9293, 3.1). */
static int as_linux;

/* Nothing that the guest's TCP sends arrives any more. */
static int is_stuck;
static const struct { uint32_t option, value; } linux_defaults[] = {
  { OPTION_RECEIVE_LIMIT, 540000 }, { OPTION_SEND_LIMIT, 256 << 10 }, { OPTION_WIDEST, 15 << 20 },
  { OPTION_QUICK, 16 },
};
static int server;
static uint64_t now_ns;
static pthread_t main_thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Packets of the stack under test that packetdrill has not seen yet. */
static struct { uint64_t time_ns; size_t bytes; uint8_t data[1600]; } packets[MOST_PACKETS];
static unsigned packets_in, packets_out;

/* Calls that wait for the agent's answer. */
static struct call { uint32_t id; int done, seen; uint32_t reply[17]; } calls[MOST_CALLS];
static uint32_t last_id;

/* A descriptor's handle in the guest, and what fcntl and options told of it. */
static struct { int used; uint32_t handle; int flags, listening, more, stamps, options[64]; struct stamp { uint32_t kind, number, time, now; } left; }
  fds[MOST_FDS];

static void give_up(const char *what) {
  fprintf(stderr, "plugin: %s\n", what);
  _exit(1);
}

static void write_all(const void *bytes, size_t count) {
  const char *at = bytes;
  while (count) {
    ssize_t done = write(server, at, count);
    if (done <= 0) give_up("the switch went away");
    at += done;
    count -= done;
  }
}

static void read_all(void *bytes, size_t count) {
  char *at = bytes;
  while (count) {
    ssize_t done = read(server, at, count);
    if (done <= 0) give_up("the switch went away");
    at += done;
    count -= done;
  }
}

static void message(uint8_t kind, uint64_t time_ns, const void *payload, uint32_t bytes) {
  uint8_t head[16] = { 0 };
  memcpy(head, &bytes, 4);
  head[4] = kind;
  memcpy(head + 8, &time_ns, 8);
  write_all(head, sizeof head);
  if (bytes) write_all(payload, bytes);
}

static uint16_t checksum(const uint8_t *bytes, size_t count) {
  uint32_t sum = 0;
  for (size_t at = 0; at + 1 < count; at += 2) sum += bytes[at] << 8 | bytes[at + 1];
  if (count & 1) sum += bytes[count - 1] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static void send_frame(const uint8_t *to, uint16_t type, const void *payload, size_t bytes) {
  uint8_t frame[ETHER + 65536] = { 0 };
  memcpy(frame, to, 6);
  memcpy(frame + 6, our_mac, 6);
  frame[12] = type >> 8;
  frame[13] = type;
  memcpy(frame + ETHER, payload, bytes);
  message(FRAME, 0, frame, ETHER + bytes < 60 ? 60 : ETHER + bytes);
}

static void answer_arp(const uint8_t *asked) {
  uint8_t reply[28];
  if (asked[7] != 1 || memcmp(asked + 24, node_address, 4) == 0) return;
  if (memcmp(asked + 24, node_address, 3) != 0) return;
  if (asked[27] < 77) return; /* the emulator's own stations */
  memcpy(reply, asked, 28);
  reply[7] = 2;
  memcpy(reply + 8, our_mac, 6);
  memcpy(reply + 14, asked + 24, 4);
  memcpy(reply + 18, asked + 8, 6);
  memcpy(reply + 24, asked + 14, 4);
  send_frame(asked + 8, 0x0806, reply, sizeof reply);
}

/* Puts the options of a SYN in Linux's order: what they say, and how long they are, stays. */
static void order_options(uint8_t *packet, size_t length) {
  uint8_t *tcp = packet + (packet[0] & 15) * 4, options[40], *at = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4;
  const uint8_t *found[256] = { 0 };
  if (!(tcp[13] & 2) || end > packet + length) return;
  size_t bytes = end - at;
  memcpy(options, at, bytes);
  for (size_t place = 0; place < bytes && options[place];) {
    if (options[place] == 1) {
      place++;
      continue;
    }
    if (place + 1 >= bytes || options[place + 1] < 2 || place + options[place + 1] > bytes) return;
    found[options[place]] = options + place;
    place += options[place + 1];
  }
  enum { NOP = 1, MSS, SCALE, SACK_OK, STAMP = 8 };
  static const uint8_t nop[] = { NOP };
  const uint8_t *pad = found[SACK_OK] && found[STAMP] ? NULL : nop;
  if (!found[SACK_OK] && !found[STAMP]) pad = NULL;
  const uint8_t *order[] = { found[MSS], pad, pad, found[SACK_OK], found[STAMP], found[SCALE] ? nop : NULL, found[SCALE] };
  for (size_t next = 0; next < ARRAY_LENGTH(order); next++)
    if (order[next]) {
      size_t size = order[next][0] == NOP ? 1 : order[next][1];
      if (at + size > end) give_up("options that do not fit in another order");
      memcpy(at, order[next], size);
      at += size;
    }
  if (at != end) give_up("options that have another length in another order");
  uint8_t pseudo[12] = { 0 }, whole[1600];
  memcpy(pseudo, packet + 12, 8);
  pseudo[9] = 6;
  size_t segment = packet + length - tcp;
  pseudo[10] = segment >> 8;
  pseudo[11] = segment;
  tcp[16] = tcp[17] = 0;
  memcpy(whole, pseudo, sizeof pseudo);
  memcpy(whole + sizeof pseudo, tcp, segment);
  uint16_t sum = checksum(whole, sizeof pseudo + segment);
  tcp[16] = sum >> 8;
  tcp[17] = sum;
}

/* A frame came off the switch. */
static void take_frame(uint64_t time_ns, const uint8_t *frame, size_t bytes) {
  if (bytes < ETHER + 20) return;
  const uint8_t *packet = frame + ETHER;
  if (frame[12] == 8 && frame[13] == 6) answer_arp(packet);
  if (frame[12] != 8 || frame[13] != 0 || memcmp(frame, our_mac, 6) != 0) return;
  size_t length = packet[2] << 8 | packet[3];
  if (length > bytes - ETHER) return;
  if (packet[9] == 17 && memcmp(packet + 16, agent_address, 4) == 0) {
    uint32_t id;
    memcpy(&id, packet + 28, 4);
    for (size_t at = 0; at < MOST_CALLS; at++)
      if (calls[at].id == id && !calls[at].done) {
        memcpy(calls[at].reply, packet + 28, sizeof calls[at].reply);
        calls[at].done = 1;
      }
    return;
  }
  if (is_stuck || (packet[9] != 6 && packet[9] != 1)) return;
  unsigned next = packets_in % MOST_PACKETS;
  if (packets_in - packets_out == MOST_PACKETS) give_up("too many packets wait");
  packets[next].time_ns = time_ns;
  packets[next].bytes = length;
  memcpy(packets[next].data, packet, length);
  if (as_linux && packet[9] == 6) order_options(packets[next].data, length);
  packets_in++;
}

/* Lets virtual time pass, until a frame comes or so much is over. */
static void advance(uint64_t most_ns) {
  message(ADVANCE, most_ns, NULL, 0);
  for (;;) {
    uint8_t head[16], frame[65536];
    uint32_t bytes;
    uint64_t time_ns;
    read_all(head, sizeof head);
    memcpy(&bytes, head, 4);
    memcpy(&time_ns, head + 8, 8);
    if (bytes > sizeof frame) give_up("a frame that is none");
    if (bytes) read_all(frame, bytes);
    now_ns = time_ns;
    if (head[4] == TIME) break;
    take_frame(time_ns, frame, bytes);
  }
  /* Who waits in another thread goes on before more time passes. */
  pthread_cond_broadcast(&changed);
  for (size_t at = 0; at < MOST_CALLS; at++)
    while (calls[at].done && !calls[at].seen) pthread_cond_wait(&changed, &lock);
}

/* Waits in another thread than packetdrill's first for a call to end. When that one waits for this call, as it does before
   it begins another that may block, nobody lets time pass: then a little does. The lock is held. */
static void await_reply(struct call *slot) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += STALL_NS;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  while (!slot->done && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT) continue;
  slot->seen = 1;
  for (uint64_t end = now_ns + FINISH_NS; !slot->done && now_ns < end;) advance(end - now_ns);
  slot->seen = slot->done;
  while (!slot->done) pthread_cond_wait(&changed, &lock);
}

/* Executes a call in the guest. The lock is held. */
static uint32_t *call(uint32_t routine, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  static __thread uint32_t reply[17];
  struct call *slot = NULL;
  for (size_t at = 0; at < MOST_CALLS && !slot; at++)
    if (!calls[at].id) slot = &calls[at];
  if (!slot) give_up("too many calls at once");
  int is_main = pthread_equal(pthread_self(), main_thread);
  *slot = (struct call){ .id = ++last_id, .seen = is_main };
  uint8_t packet[20 + 8 + 24] = { 0x45, 0, 0, sizeof packet, 0, 0, 0, 0, 64, 17 };
  memcpy(packet + 12, agent_address, 4);
  memcpy(packet + 16, node_address, 4);
  uint16_t sum = checksum(packet, 20);
  packet[10] = sum >> 8;
  packet[11] = sum;
  packet[20] = OUR_PORT >> 8;
  packet[21] = OUR_PORT & 255;
  packet[22] = AGENT_PORT >> 8;
  packet[23] = AGENT_PORT & 255;
  packet[25] = 8 + 24;
  uint32_t request[6] = { slot->id, routine, a, b, c, d };
  memcpy(packet + 28, request, sizeof request);
  send_frame(node_mac, 0x0800, packet, sizeof packet);
  if (is_main) {
    uint64_t end = now_ns + 5000000000ull;
    while (!slot->done) {
      if (now_ns >= end) give_up("a call that should return at once blocks");
      advance(end - now_ns);
    }
  } else
    await_reply(slot);
  memcpy(reply, slot->reply, sizeof reply);
  slot->seen = 1;
  slot->id = 0;
  slot->done = 0;
  pthread_cond_broadcast(&changed);
  return reply;
}

/* errno for each ERROR_* of errors.inc. */
static int errno_of(uint32_t error, int blocking) {
  static const struct { uint32_t error; int number; } table[] = {
    { 1, ENOMEM }, { 4, EINVAL }, { 19, ENFILE }, { 25, ENETUNREACH }, { 26, EHOSTUNREACH }, { 28, EADDRINUSE }, { 29, EBADF },
    { 37, ECONNREFUSED }, { 38, ECONNRESET }, { 39, ENOTCONN }, { 40, EISCONN }, { 41, EINPROGRESS }, { 42, EPIPE },
    { 33, EFAULT }, { 2, EAGAIN },
  };
  if (error == 5) return blocking ? ETIMEDOUT : EAGAIN;
  for (size_t at = 0; at < ARRAY_LENGTH(table); at++)
    if (table[at].error == error) return table[at].number;
  return EIO;
}

static int result(const uint32_t *reply, int blocking) {
  int value = reply[2];
  pthread_mutex_unlock(&lock);
  if (!reply[1]) return value;
  errno = errno_of(reply[2], blocking);
  return -1;
}

/* Finds a descriptor and takes the lock, or sets errno. */
static int enter(int fd) {
  if (fd < 0 || fd >= MOST_FDS || !fds[fd].used) {
    errno = EBADF;
    return 0;
  }
  pthread_mutex_lock(&lock);
  return 1;
}

static int timeout_of(int fd, int flags) { return (fds[fd].flags & O_NONBLOCK) || (flags & MSG_DONTWAIT) ? 0 : FOREVER; }

static int new_fd(uint32_t handle) {
  int fd = open("/dev/null", O_RDWR); /* a number that is ours: in the end packetdrill closes it itself */
  if (fd < 0 || fd >= MOST_FDS) give_up("too many descriptors");
  memset(&fds[fd], 0, sizeof fds[fd]);
  fds[fd].used = 1;
  fds[fd].handle = handle;
  fds[fd].flags = O_RDWR;
  return fd;
}

static void qure_free(void *data) { close(server); }

static int qure_socket(void *data, int domain, int type, int protocol) {
  if (domain != AF_INET || (type & 0xff) != SOCK_STREAM) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int handle = result(call(OPEN, 0, 0, 0, 0), 1);
  if (handle == -1) return -1;
  int fd = new_fd(handle);
  if (type & SOCK_NONBLOCK) fds[fd].flags |= O_NONBLOCK;
  for (size_t at = 0; as_linux && at < ARRAY_LENGTH(linux_defaults); at++) {
    pthread_mutex_lock(&lock);
    result(call(OPTION, handle, linux_defaults[at].option, linux_defaults[at].value, 0), 1);
  }
  return fd;
}

static int qure_bind(void *data, int fd, const struct sockaddr *address, socklen_t length) {
  const struct sockaddr_in *in = (const struct sockaddr_in *)address;
  if (!enter(fd)) return -1;
  int done = result(call(BIND, fds[fd].handle, in->sin_addr.s_addr, ntohs(in->sin_port), 0), 1);
  return done == -1 ? -1 : 0;
}

static int qure_listen(void *data, int fd, int backlog) {
  if (!enter(fd)) return -1;
  int done = result(call(LISTEN, fds[fd].handle, backlog, 0, 0), 1);
  return done == -1 ? -1 : 0;
}

static void put_address(struct sockaddr *address, socklen_t *length, uint32_t ip, uint32_t port) {
  struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = ip };
  if (!address || !length) return;
  memcpy(address, &in, *length < sizeof in ? *length : sizeof in);
  *length = sizeof in;
}

static int qure_accept(void *data, int fd, struct sockaddr *address, socklen_t *length) {
  if (!enter(fd)) return -1;
  uint32_t *reply = call(ACCEPT, fds[fd].handle, timeout_of(fd, 0), 0, 0);
  int handle = result(reply, 0);
  if (handle == -1) return -1;
  put_address(address, length, reply[3], reply[4]);
  return new_fd(handle);
}

static int qure_connect(void *data, int fd, const struct sockaddr *address, socklen_t length) {
  const struct sockaddr_in *in = (const struct sockaddr_in *)address;
  if (!enter(fd)) return -1;
  int done = result(call(CONNECT, fds[fd].handle, in->sin_addr.s_addr, ntohs(in->sin_port), timeout_of(fd, 0)), 1);
  return done == -1 ? -1 : 0;
}

/* What lies in the buffers is nobody's matter; where there is none, the guest is asked what it says of that address. */
static ssize_t receive(int fd, const void *buffer, size_t bytes, int flags) {
  if (!enter(fd)) return -1;
  int timeout = timeout_of(fd, flags);
  if (bytes > 1 << 20) bytes = 1 << 20;
  if (!buffer && bytes) return result(call(RECEIVE_INTO, fds[fd].handle, timeout, 0, bytes), timeout);
  return result(call(RECEIVE, fds[fd].handle, timeout, flags & MSG_PEEK ? 1 : 0, bytes), timeout);
}

static ssize_t deliver(int fd, const void *buffer, size_t bytes, int flags) {
  if (!enter(fd)) return -1;
  int timeout = timeout_of(fd, flags);
  if (bytes > 1 << 20) bytes = 1 << 20;
  if (!buffer && bytes) return result(call(SEND_FROM, fds[fd].handle, timeout, 0, bytes), timeout);
  int more = (flags & MSG_MORE) != 0;
  if (more != fds[fd].more) call(OPTION, fds[fd].handle, OPTION_MORE, more, 0);
  fds[fd].more = more;
  uint32_t *reply = call(SEND, fds[fd].handle, timeout, 0, bytes);
  if (flags & MSG_EOR && !reply[1] && reply[2] == bytes) {
    call(OPTION, fds[fd].handle, OPTION_MARK, 1, 0);
    reply[1] = 0;
    reply[2] = bytes;
  }
  return result(reply, timeout);
}

static size_t length_of(const struct iovec *iov, int count) {
  size_t bytes = 0;
  for (int at = 0; at < count; at++) bytes += iov[at].iov_len;
  return bytes;
}

static ssize_t qure_read(void *data, int fd, void *buffer, size_t count) { return receive(fd, buffer, count, 0); }
static ssize_t qure_readv(void *data, int fd, const struct iovec *iov, int n) { return receive(fd, iov, length_of(iov, n), 0); }
static ssize_t qure_recv(void *data, int fd, void *buffer, size_t count, int flags) { return receive(fd, buffer, count, flags); }
static ssize_t qure_recvfrom(void *data, int fd, void *buffer, size_t count, int flags, struct sockaddr *address,
                             socklen_t *length) {
  return receive(fd, buffer, count, flags);
}
/* A time that the guest noted, as Linux's queue of errors tells it: that a piece left counts there as two events, of
   which the first is that it was given to the interface's queue, which the guest does not have. */
static ssize_t receive_stamp(int fd, struct msghdr *msg) {
  static const uint32_t wanted[] = { SOF_TIMESTAMPING_TX_SCHED, SOF_TIMESTAMPING_TX_SOFTWARE, SOF_TIMESTAMPING_TX_ACK };
  struct stamp stamp;
  uint32_t event;
  do {
    if (!enter(fd)) return -1;
    stamp = fds[fd].left;
    fds[fd].left.kind = 0;
    event = SCM_TSTAMP_SND;
    if (!stamp.kind) {
      uint32_t *reply = call(STAMP, fds[fd].handle, 0, 0, 0);
      if (reply[1]) return result(reply, 0);
      memcpy(&stamp, reply + 5, sizeof stamp);
      event = stamp.kind == 1 ? SCM_TSTAMP_SCHED : SCM_TSTAMP_ACK;
      if (stamp.kind == 1) fds[fd].left = stamp;
    }
    pthread_mutex_unlock(&lock);
  } while (!(fds[fd].stamps & wanted[event == SCM_TSTAMP_SCHED ? 0 : event == SCM_TSTAMP_SND ? 1 : 2]));
  struct scm_timestamping times = { 0 };
  uint64_t at_ns = now_ns - (stamp.now - stamp.time) * 1000000ull;
  times.ts[0].tv_sec = at_ns / 1000000000;
  times.ts[0].tv_nsec = at_ns % 1000000000;
  struct { struct sock_extended_err error; struct sockaddr_in offender; } told = {
    .error = { .ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_info = event, .ee_data = stamp.number - 1 },
  };
  if (msg->msg_controllen < CMSG_SPACE(sizeof times) + CMSG_SPACE(sizeof told)) give_up("no room for a time");
  memset(msg->msg_control, 0, msg->msg_controllen);
  struct cmsghdr *part = CMSG_FIRSTHDR(msg);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_TIMESTAMPING;
  part->cmsg_len = CMSG_LEN(sizeof times);
  memcpy(CMSG_DATA(part), &times, sizeof times);
  part = CMSG_NXTHDR(msg, part);
  part->cmsg_level = SOL_IP;
  part->cmsg_type = IP_RECVERR;
  part->cmsg_len = CMSG_LEN(sizeof told);
  memcpy(CMSG_DATA(part), &told, sizeof told);
  msg->msg_controllen = CMSG_SPACE(sizeof times) + CMSG_SPACE(sizeof told);
  msg->msg_flags = MSG_ERRQUEUE | MSG_TRUNC; /* the bytes themselves are not given back */
  return 0;
}

static ssize_t qure_recvmsg(void *data, int fd, struct msghdr *msg, int flags) {
  if (flags & MSG_ERRQUEUE) return receive_stamp(fd, msg);
  ssize_t done = receive(fd, msg, length_of(msg->msg_iov, msg->msg_iovlen), flags);
  struct cmsghdr *told = CMSG_FIRSTHDR(msg);
  int wanted = done >= 0 && fds[fd].options[TCP_INQ & 63] && told && msg->msg_controllen >= CMSG_SPACE(sizeof(int));
  msg->msg_controllen = wanted ? CMSG_SPACE(sizeof(int)) : 0;
  if (!wanted || !enter(fd)) return done;
  /* TCP_INQ: what waits to be read, where an end counts as a byte. */
  uint32_t *reply = call(STATUS, fds[fd].handle, 0, 0, 0);
  int waits = reply[5 + 6];
  if (!waits && reply[5] == CLOSE_WAIT) waits = 1;
  result(reply, 1);
  told->cmsg_level = IPPROTO_TCP;
  told->cmsg_type = TCP_CM_INQ;
  told->cmsg_len = CMSG_LEN(sizeof waits);
  memcpy(CMSG_DATA(told), &waits, sizeof waits);
  return done;
}
static ssize_t qure_write(void *data, int fd, const void *buffer, size_t count) { return deliver(fd, buffer, count, 0); }
static ssize_t qure_writev(void *data, int fd, const struct iovec *iov, int n) { return deliver(fd, iov, length_of(iov, n), 0); }
static ssize_t qure_send(void *data, int fd, const void *buffer, size_t count, int flags) { return deliver(fd, buffer, count, flags); }
static ssize_t qure_sendto(void *data, int fd, const void *buffer, size_t count, int flags, const struct sockaddr *address,
                           socklen_t length) {
  return deliver(fd, buffer, count, flags);
}
static ssize_t qure_sendmsg(void *data, int fd, const struct msghdr *msg, int flags) {
  return deliver(fd, msg, length_of(msg->msg_iov, msg->msg_iovlen), flags);
}

/* The judge calls these two itself and not through its interface: they are found here first (LD_PRELOAD). The guest has no
   sendfile; what it is to send is read, and written. */
ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
  static uint8_t content[1 << 20];
  if (count > sizeof content) count = sizeof content;
  ssize_t bytes = pread(in, content, count, *offset);
  if (bytes <= 0) return bytes;
  ssize_t sent = deliver(out, content, bytes, 0);
  if (sent > 0) *offset += sent;
  return sent;
}

ssize_t sendfile64(int out, int in, off_t *offset, size_t count) { return sendfile(out, in, offset, count); }

/* A queue of no packets: from then on the wire carries nothing of the guest's. Other commands are the shell's. */
int system(const char *command) {
  if (command && strstr(command, "tc qdisc")) {
    is_stuck = 1;
    return 0;
  }
  return ((int (*)(const char *))dlsym(RTLD_NEXT, "system"))(command);
}

static int qure_fcntl(void *data, int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  int argument = va_arg(rest, int);
  va_end(rest);
  if (!enter(fd)) return -1;
  int done = 0;
  if (command == F_GETFL) done = fds[fd].flags;
  else if (command == F_SETFL) fds[fd].flags = O_RDWR | (argument & O_NONBLOCK);
  pthread_mutex_unlock(&lock);
  return done;
}

static int qure_ioctl(void *data, int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  int *argument = va_arg(rest, int *);
  va_end(rest);
  if (!enter(fd)) return -1;
  uint32_t *reply = call(STATUS, fds[fd].handle, 0, 0, 0);
  *argument = request == FIONREAD ? reply[5 + 6] : reply[5 + 7];
  return result(reply, 1) == -1 ? -1 : 0;
}

static int qure_close(void *data, int fd) {
  if (!enter(fd)) return -1;
  fds[fd].used = 0;
  close(fd);
  return result(call(CLOSE, fds[fd].handle, 0, 0, 0), 1) == -1 ? -1 : 0;
}

static int qure_shutdown(void *data, int fd, int how) {
  if (!enter(fd)) return -1;
  return result(call(SHUTDOWN, fds[fd].handle, how + 1, 0, 0), 1) == -1 ? -1 : 0;
}

/* States of TCP as Linux numbers them, by ours. */
static const uint8_t linux_states[] = { 7, 10, 2, 3, 1, 8, 4, 5, 11, 9, 6 };

static int qure_getsockopt(void *data, int fd, int level, int option, void *value, socklen_t *length) {
  if (!enter(fd)) return -1;
  uint32_t *reply = call(STATUS, fds[fd].handle, 0, 0, 0);
  if (level == SOL_SOCKET && option == SO_ERROR) {
    *(int *)value = reply[5 + 1] ? errno_of(reply[5 + 1], 1) : 0;
    *length = 4;
  } else if (level == SOL_SOCKET && (option == SO_RCVBUF || option == SO_SNDBUF)) {
    *(int *)value = reply[5 + (option == SO_RCVBUF ? 11 : 10)] * (as_linux ? 2 : 1); /* socket(7): twice what was set */
    *length = 4;
  } else if (level == IPPROTO_TCP && option == TCP_MAXSEG) {
    *(int *)value = reply[5 + 9];
    *length = 4;
  } else if (level == IPPROTO_TCP && option == TCP_INFO) {
    struct tcp_info info = { .tcpi_state = linux_states[reply[5]] };
    if (*length > sizeof info) *length = sizeof info;
    memcpy(value, &info, *length);
  } else {
    *(int *)value = fds[fd].options[option & 63];
    *length = 4;
  }
  return result(reply, 1) == -1 ? -1 : 0;
}

static int qure_setsockopt(void *data, int fd, int level, int option, const void *value, socklen_t length) {
  static const struct { int level, option; uint32_t ours; } table[] = {
    { SOL_SOCKET, SO_REUSEADDR, OPTION_REUSE },      { SOL_SOCKET, SO_KEEPALIVE, OPTION_KEEP_ALIVE },
    { SOL_SOCKET, SO_SNDBUF, OPTION_SEND_LIMIT },    { SOL_SOCKET, SO_RCVBUF, OPTION_RECEIVE_LIMIT },
    { IPPROTO_TCP, TCP_NODELAY, OPTION_NODELAY },    { IPPROTO_TCP, TCP_MAXSEG, OPTION_MSS },
    { IPPROTO_TCP, TCP_CORK, OPTION_CORK },          { IPPROTO_TCP, TCP_USER_TIMEOUT, OPTION_TIMEOUT },
    { SOL_SOCKET, SO_TIMESTAMPING, OPTION_STAMPS },  { IPPROTO_TCP, TCP_NOTSENT_LOWAT, OPTION_UNSENT_LIMIT },
  };
  if (!enter(fd)) return -1;
  int number = length >= 4 ? *(const int *)value : 0;
  fds[fd].options[option & 63] = number;
  if (level == SOL_SOCKET && option == SO_TIMESTAMPING) fds[fd].stamps = number;
  for (size_t at = 0; at < ARRAY_LENGTH(table); at++)
    if (table[at].level == level && table[at].option == option)
      return result(call(OPTION, fds[fd].handle, table[at].ours, number, 0), 1) == -1 ? -1 : 0;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int qure_poll(void *data, struct pollfd *entries, nfds_t count, int timeout) {
  enum { READABLE = 1, WRITABLE = 2, FAILED = 4, ENDED = 8 };
  if (count != 1) {
    errno = ENOSYS; /* no script needs it */
    return -1;
  }
  if (!enter(entries->fd)) return -1;
  uint32_t wanted = (entries->events & POLLIN ? READABLE : 0) | (entries->events & POLLOUT ? WRITABLE : 0);
  uint32_t *reply = call(WAIT, fds[entries->fd].handle, timeout, wanted, 0);
  uint32_t got = reply[1] ? 0 : reply[3];
  pthread_mutex_unlock(&lock);
  entries->revents = (got & READABLE ? POLLIN : 0) | (got & WRITABLE ? POLLOUT : 0) | (got & FAILED ? POLLERR : 0) |
                     (got & ENDED ? POLLHUP : 0);
  return got != 0;
}

/* Lets calls of other threads return that what just came or went has ended: packetdrill waits for them by the host's clock. */
static void finish_calls(void) {
  uint64_t end = now_ns + FINISH_NS;
  for (size_t at = 0; at < MOST_CALLS; at++)
    while (calls[at].id && !calls[at].done && now_ns < end) advance(end - now_ns);
}

/* Sends an IPv4 packet; one that is larger than the link takes goes in fragments (RFC 791, 3.2). */
static void send_packet(const uint8_t *packet, size_t bytes) {
  static uint16_t identification;
  if (bytes <= MTU) {
    send_frame(node_mac, 0x0800, packet, bytes);
    return;
  }
  size_t header = (packet[0] & 15) * 4, most = (MTU - header) & ~7;
  identification++;
  for (size_t at = 0; at < bytes - header; at += most) {
    uint8_t fragment[MTU];
    size_t left = bytes - header - at, length = left < most ? left : most;
    unsigned place = at / 8 | (left > most ? 0x2000 : 0);
    memcpy(fragment, packet, header);
    memcpy(fragment + header, packet + header + at, length);
    fragment[2] = (header + length) >> 8;
    fragment[3] = header + length;
    fragment[4] = identification >> 8;
    fragment[5] = identification;
    fragment[6] = place >> 8;
    fragment[7] = place;
    fragment[10] = fragment[11] = 0;
    uint16_t sum = checksum(fragment, header);
    fragment[10] = sum >> 8;
    fragment[11] = sum;
    send_frame(node_mac, 0x0800, fragment, header + length);
  }
}

static int qure_netdev_send(void *data, const void *packet, size_t bytes) {
  pthread_mutex_lock(&lock);
  send_packet(packet, bytes);
  advance(1000); /* it is under way */
  finish_calls();
  pthread_mutex_unlock(&lock);
  return 0;
}

static int qure_netdev_receive(void *data, void *buffer, size_t *count, long long *time_us) {
  pthread_mutex_lock(&lock);
  uint64_t end = now_ns + PATIENCE_S * 1000000000ull;
  while (packets_in == packets_out) {
    if (now_ns >= end) give_up("no packet came");
    advance(end - now_ns);
  }
  unsigned next = packets_out++ % MOST_PACKETS;
  size_t bytes = packets[next].bytes < *count ? packets[next].bytes : *count;
  memcpy(buffer, packets[next].data, bytes);
  *count = bytes;
  *time_us = packets[next].time_ns / 1000;
  finish_calls();
  pthread_mutex_unlock(&lock);
  return 0;
}

static int qure_usleep(void *data, useconds_t us) {
  pthread_mutex_lock(&lock);
  uint64_t end = now_ns + us * 1000ull;
  while (now_ns < end) advance(end - now_ns);
  pthread_mutex_unlock(&lock);
  return 0;
}

static int qure_gettimeofday(void *data, struct timeval *tv, struct timezone *tz) {
  /* packetdrill asks again and again when little time is left. */
  pthread_mutex_lock(&lock);
  advance(2000);
  pthread_mutex_unlock(&lock);
  tv->tv_sec = now_ns / 1000000000;
  tv->tv_usec = now_ns / 1000 % 1000000;
  return 0;
}

/* `flags`: the path of the switch's socket, the node's MAC address and its IPv4 address, and for Google's scripts `linux`; with
   commas between. */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface) {
  char path[108];
  unsigned mac[6], ip[4];
  if (!flags || sscanf(flags, "%107[^,],%x:%x:%x:%x:%x:%x,%u.%u.%u.%u", path, &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                       &mac[5], &ip[0], &ip[1], &ip[2], &ip[3]) != 11)
    give_up("--so_flags=SOCKET,MAC,ADDRESS[,linux]");
  as_linux = strstr(flags, ",linux") != NULL;
  for (int at = 0; at < 6; at++) node_mac[at] = mac[at];
  for (int at = 0; at < 4; at++) node_address[at] = ip[at];
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strcpy(address.sun_path, path);
  server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(server, (struct sockaddr *)&address, sizeof address)) give_up("the switch is not there");
  main_thread = pthread_self();
  pthread_mutex_lock(&lock);
  advance(1000000);
  pthread_mutex_unlock(&lock);
  *interface = (struct packetdrill_interface){
    .free = qure_free, .socket = qure_socket, .bind = qure_bind, .listen = qure_listen, .accept = qure_accept,
    .connect = qure_connect, .read = qure_read, .readv = qure_readv, .recv = qure_recv, .recvfrom = qure_recvfrom,
    .recvmsg = qure_recvmsg, .write = qure_write, .writev = qure_writev, .send = qure_send, .sendto = qure_sendto,
    .sendmsg = qure_sendmsg, .fcntl = qure_fcntl, .ioctl = qure_ioctl, .close = qure_close, .shutdown = qure_shutdown,
    .getsockopt = qure_getsockopt, .setsockopt = qure_setsockopt, .poll = qure_poll, .netdev_send = qure_netdev_send,
    .netdev_receive = qure_netdev_receive, .usleep = qure_usleep, .gettimeofday = qure_gettimeofday,
  };
}
