/* System calls for programs in C. Made from asm/system-calls.json by scripts/system-calls.mjs.
   A negative result is a negated error code (asm/include/errors.inc). Addresses are passed as long. */
#ifndef QURE_H
#define QURE_H

static inline long qure_call(long number, long a, long b, long c, long d, long e)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return result;
}

/* Ends the process with all its threads. Returns does not return.
   `status`: what `wait` gives, 0 to 255; 0 is success. */
static inline long qure_exit(long status)
{
    return qure_call(0, status, 0, 0, 0, 0);
}

/* Reads bytes: what is there, and no more than 4096 at once. At the console, a line. Returns bytes that were read, 0
   at the end. */
static inline long qure_read(long handle, long address, long bytes)
{
    return qure_call(1, handle, address, bytes, 0, 0);
}

/* Writes bytes, no more than 4096 at once. Returns bytes that were written. */
static inline long qure_write(long handle, long address, long bytes)
{
    return qure_call(2, handle, address, bytes, 0, 0);
}

/* Opens a file. Returns handle.
   `flags`: 1 read, 2 write, 4 create, 8 it must be new, 16 give up what it has, 32 write at the end. */
static inline long qure_open(long path, long flags)
{
    return qure_call(3, path, flags, 0, 0, 0);
}

/* Closes a handle. Returns 0. */
static inline long qure_close(long handle)
{
    return qure_call(4, handle, 0, 0, 0, 0);
}

/* Moves to another position. Returns new position.
   `offset`: signed.
   `from`: 0 beginning, 1 position, 2 end. */
static inline long qure_seek(long handle, long offset, long from)
{
    return qure_call(5, handle, offset, from, 0, 0);
}

/* Makes a file shorter or longer. Returns 0. */
static inline long qure_truncate(long handle, long bytes)
{
    return qure_call(6, handle, bytes, 0, 0, 0);
}

/* Returns when what was written to the file, or with -1 to all volumes, is on stable storage. Returns 0.
   `handle`: of a file, or -1. */
static inline long qure_sync(long handle)
{
    return qure_call(7, handle, 0, 0, 0, 0);
}

/* Describes a file or directory. Returns 0.
   `record`: address of 336 bytes: u32 kind (0 file, 1 directory, 2 object), u64 bytes, u32 seconds since 1970 of the
   last change, name with its NUL (256 bytes), class with its NUL (64 bytes). */
static inline long qure_stat(long path, long record)
{
    return qure_call(8, path, record, 0, 0, 0);
}

/* Removes a file. Returns 0. */
static inline long qure_unlink(long path)
{
    return qure_call(9, path, 0, 0, 0, 0);
}

/* Gives a file another name; replaces what has it. Returns 0. */
static inline long qure_rename(long path, long new_path)
{
    return qure_call(10, path, new_path, 0, 0, 0);
}

/* Makes a directory. Returns 0. */
static inline long qure_directory_make(long path)
{
    return qure_call(11, path, 0, 0, 0, 0);
}

/* Removes an empty directory. Returns 0. */
static inline long qure_directory_remove(long path)
{
    return qure_call(12, path, 0, 0, 0, 0);
}

/* Opens a directory. Returns handle. */
static inline long qure_directory_open(long path)
{
    return qure_call(13, path, 0, 0, 0, 0);
}

/* Describes the next entry. Returns 0; the error "not found" after the last.
   `record`: as in `stat`. */
static inline long qure_directory_read(long handle, long record)
{
    return qure_call(14, handle, record, 0, 0, 0);
}

/* Makes a pipe: the first handle reads what is written to the second. Returns 0.
   `handles`: address of two dwords. */
static inline long qure_pipe(long handles)
{
    return qure_call(15, handles, 0, 0, 0, 0);
}

/* Has another handle mean the same; what that meant is closed. Returns the other handle.
   `other`: 0 to 31. */
static inline long qure_duplicate(long handle, long other)
{
    return qure_call(16, handle, other, 0, 0, 0);
}

/* Starts a program. Returns handle of a process, for `wait` and `kill`.
   `arguments`: address of the addresses of strings, ended by 0; the first is the program's name.
   `environment`: the same, or 0 for none.
   `handles`: address of three handles that the program has as input, output and errors, or 0 for our own; a handle
   that is not open gives none. */
static inline long qure_spawn(long path, long arguments, long environment, long handles)
{
    return qure_call(17, path, arguments, environment, handles, 0);
}

/* Waits until a process has ended, and gives its handle up. Returns exit status; 128 and the exception when it
   faulted, 137 when it was killed.
   `process`: from `spawn`. */
static inline long qure_wait(long process, long milliseconds)
{
    return qure_call(18, process, milliseconds, 0, 0, 0);
}

/* Ends a process. Returns 0.
   `process`: from `spawn`. */
static inline long qure_kill(long process)
{
    return qure_call(19, process, 0, 0, 0, 0);
}

/* Sleeps for at least this long. Returns 0. */
static inline long qure_sleep(long milliseconds)
{
    return qure_call(20, milliseconds, 0, 0, 0, 0);
}

/* Reads the time since the machine started. Returns milliseconds. */
static inline long qure_clock(void)
{
    return qure_call(21, 0, 0, 0, 0, 0);
}

/* Reads date and time. Returns seconds since 2000-01-01 00:00, without a sign. */
static inline long qure_time(void)
{
    return qure_call(22, 0, 0, 0, 0, 0);
}

/* Gives memory, all zero. Returns its address, a multiple of 4096. */
static inline long qure_memory_map(long bytes)
{
    return qure_call(23, bytes, 0, 0, 0, 0);
}

/* Gives memory of `memory_map` back. Returns 0. */
static inline long qure_memory_unmap(long address)
{
    return qure_call(24, address, 0, 0, 0, 0);
}

/* Starts a thread. It ends by `thread_exit`. Returns its number.
   `entry`: where it begins; EAX is the argument there. */
static inline long qure_thread_create(long entry, long stack, long argument)
{
    return qure_call(25, entry, stack, argument, 0, 0);
}

/* Ends the thread; with the last one the process ends, status 0. Returns does not return. */
static inline long qure_thread_exit(void)
{
    return qure_call(26, 0, 0, 0, 0, 0);
}

/* Names the running thread. Returns its number, as `ps` shows it. */
static inline long qure_thread_id(void)
{
    return qure_call(27, 0, 0, 0, 0, 0);
}

/* Lets others run. Returns 0. */
static inline long qure_yield(void)
{
    return qure_call(28, 0, 0, 0, 0, 0);
}

/* Sets the thread's priority, and that of threads that come. Returns 0.
   `value`: 0 to 6, which is what programs have at first. */
static inline long qure_priority(long value)
{
    return qure_call(29, value, 0, 0, 0, 0);
}

/* Waits for `value_wake`, if the dword still has this value. It may return for no reason: look again. Returns 0.
   `address`: of a dword. */
static inline long qure_value_wait(long address, long value, long milliseconds)
{
    return qure_call(30, address, value, milliseconds, 0, 0);
}

/* Wakes all threads of the process that are in `value_wait`. Returns 0. */
static inline long qure_value_wake(void)
{
    return qure_call(31, 0, 0, 0, 0, 0);
}

/* Makes a socket. `read`, `write`, `duplicate`, `spawn` and `close` take its handle like any other. Returns handle.
   `kind`: 1 connections (TCP), 2 datagrams (UDP). */
static inline long qure_socket(long kind)
{
    return qure_call(32, kind, 0, 0, 0, 0);
}

/* Gives a socket its own address and port. Returns 0.
   `address`: of this machine, 0 for any.
   `port`: 0 for any that is free. */
static inline long qure_bind(long handle, long address, long port)
{
    return qure_call(33, handle, address, port, 0, 0);
}

/* Has a socket take connections. Returns 0.
   `backlog`: how many connections may wait to be taken. */
static inline long qure_listen(long handle, long backlog)
{
    return qure_call(34, handle, backlog, 0, 0, 0);
}

/* Takes the connection that waits longest. Returns handle of the connection.
   `handle`: of a listening socket.
   `peer`: address of 8 bytes: u32 address as its bytes follow each other on the wire, u32 port; or 0. */
static inline long qure_accept(long handle, long peer, long milliseconds)
{
    return qure_call(35, handle, peer, milliseconds, 0, 0);
}

/* Connects. A socket for datagrams hears this peer only from then on. Returns 0; the error "in progress" (41) when
   it is not made in that time, which it may be later. */
static inline long qure_connect(long handle, long address, long port, long milliseconds)
{
    return qure_call(36, handle, address, port, milliseconds, 0);
}

/* Sends a datagram of at most 4096 bytes, or bytes of a connection, no more than 4096 at once. Returns bytes that
   were taken.
   `peer`: as in `accept`: to whom a datagram goes; or 0. */
static inline long qure_send(long handle, long address, long bytes, long peer, long milliseconds)
{
    return qure_call(37, handle, address, bytes, peer, milliseconds);
}

/* Takes a datagram, cut off where it does not fit, or the bytes of a connection that are there, no more than 4096 at
   once. Returns bytes, 0 when the other side of a connection sends no more.
   `peer`: as in `accept`, for the sender of a datagram; or 0. */
static inline long qure_receive(long handle, long address, long bytes, long peer, long milliseconds)
{
    return qure_call(38, handle, address, bytes, peer, milliseconds);
}

/* Ends one direction of a connection, or both. After the end of receiving, waiting bytes are given up, and reading
   does not wait. Later bytes are read, or given up when they fill half of the buffer. Returns 0.
   `directions`: 1 receive no more, 2 send no more, 3 both. */
static inline long qure_shutdown(long handle, long directions)
{
    return qure_call(39, handle, directions, 0, 0, 0);
}

/* Sets an option of connections (1 to 14) or of datagrams (16 to 18). Returns 0.
   `option`: 1 no delay; 2 keep-alive; 3 bytes that may wait to be sent; 4 to be read; 5 reuse of the port; 6 largest
   segment; 7 only full segments; 8 the most that 4 will become, for the window scale of a connection that is not
   made yet; 9 segments that are acknowledged without delay; 10 the bytes sent so far end a segment (at most 16
   such ends wait); 11 milliseconds without progress after which the connection ends; 12 bytes sent from now on
   wait for more, up to the time of a retransmission; 13 it can be written to only while fewer bytes than this are
   not sent yet; a write is taken up to this, or to half of the peer's widest window if that is more; 14
   `socket_time` gets the times at which bytes sent from now on leave and are acknowledged; 16 time to live; 17
   the only interface, counted from 1; 18 group to hear until the socket is closed, one for each.
   `value`: 0 switches off. */
static inline long qure_socket_option(long handle, long option, long value)
{
    return qure_call(40, handle, option, value, 0, 0);
}

/* Describes a socket; its error counts as told. A socket for datagrams that is bound to no address has the one to
   which the datagram taken last was sent. Returns 0.
   `record`: address of 48 bytes: u32 state (0 closed, 1 listening, 2 and 3 being made, 4 established, 5 and more
   ending), error, own address, own port, peer's address, its port, what waits to be read, bytes that are not
   acknowledged, congestion window, segment size, limits of both directions. */
static inline long qure_socket_status(long handle, long record)
{
    return qure_call(41, handle, record, 0, 0, 0);
}

/* Waits until one of several sockets and pipes can do what is wanted of it. Files always can; the console can be
   written to. The handle -1 is readable while `state_wanted` gives 1. Returns how many can, 0 when the time was
   up.
   `entries`: address of 12 bytes each: u32 handle, what is wanted of it (1 reading, 2 writing, 16 a time for
   `socket_time`), what it has got (also 4 error, 8 ended).
   `count`: at most 64. */
static inline long qure_poll(long entries, long count, long milliseconds)
{
    return qure_call(42, entries, count, milliseconds, 0, 0);
}

/* Describes an interface. Returns 0; the error "not found" after the last.
   `index`: from 0.
   `record`: address of 40 bytes: name (8), MAC address (6), 2 of nothing, u32 flags (1 up, 2 link), address, mask,
   router, name server, origin of the address (0 none, 1 fixed, 2 DHCP, 3 chosen). */
static inline long qure_interface(long index, long record)
{
    return qure_call(43, index, record, 0, 0, 0);
}

/* Finds the address of a name. It may take 11 s. Returns 0.
   `name`: text: a name, or an address in decimal.
   `address`: where its u32 goes. */
static inline long qure_resolve(long name, long address)
{
    return qure_call(44, name, address, 0, 0, 0);
}

/* Waits until `service replace` asks for this service's state. Any program may sleep by it. Returns 1 when it is
   asked for, 0 when the time was up. */
static inline long qure_state_wanted(long milliseconds)
{
    return qure_call(45, milliseconds, 0, 0, 0, 0);
}

/* Gives the state, and the handles from 3 on, to the program that is to take over, and waits. The process is ended
   when that one works. Returns 0 when the replacement has failed: go on; the error "not found" when nobody asks
   for it.
   `version`: of the state's form.
   `bytes`: how many, at most 65536. */
static inline long qure_state_give(long version, long address, long bytes)
{
    return qure_call(46, version, address, bytes, 0, 0);
}

/* Takes the state of the program that is to be replaced, and its handles from 3 on, under their numbers. To be
   called before anything is opened. Returns bytes; the error "not found" when there is nothing to take over:
   begin anew.
   `version`: address where the version of its form goes, a u32. */
static inline long qure_state_take(long address, long bytes, long version)
{
    return qure_call(47, address, bytes, version, 0, 0);
}

/* Reports that this program has taken over. If it lives for a second from then on, the old one is ended. Returns 0. */
static inline long qure_state_ready(void)
{
    return qure_call(48, 0, 0, 0, 0, 0);
}

/* Reads date and time to the millisecond. Returns 0.
   `record`: address of 8 bytes: u32 seconds since 2000-01-01 00:00, u32 milliseconds of them. */
static inline long qure_time_read(long record)
{
    return qure_call(49, record, 0, 0, 0, 0);
}

/* Sets the clock forward or back, until the machine is switched off. The time since the machine started stays what
   it is. Returns 0; the error "invalid" (4) when it would leave the years 2000 to 2105.
   `seconds`: signed.
   `milliseconds`: -999 to 999. */
static inline long qure_time_step(long seconds, long milliseconds)
{
    return qure_call(50, seconds, milliseconds, 0, 0, 0);
}

/* Gives bytes that nobody can foretell. Returns 0.
   `bytes`: at most 64. */
static inline long qure_random(long address, long bytes)
{
    return qure_call(51, address, bytes, 0, 0, 0);
}

/* Gives an error in words, as the shell does. Returns bytes of the text without the NUL.
   `error`: what a call gave, negated: 1 to 42.
   `address`: where the text goes, with a NUL.
   `bytes`: room there; 64 are enough. */
static inline long qure_error_text(long error, long address, long bytes)
{
    return qure_call(52, error, address, bytes, 0, 0);
}

/* Gives what a handle leads to. Returns 0 console, 1 file, 2 end of a pipe that is read, 3 that is written, 4
   directory, 5 socket for connections, 6 for datagrams. */
static inline long qure_handle_kind(long handle)
{
    return qure_call(53, handle, 0, 0, 0, 0);
}

/* Waits for a key at the console. From the first call on all keys are the process's; a Ctrl-C ends it only when it
   has not taken the one before. Returns key: ASCII, Ctrl with a letter 1 to 26, others as in
   `asm/include/keys.inc`, 285 for another size of the terminal; the error "timeout" (5); "not supported" (14) for
   a job or service, which get no keys. */
static inline long qure_key(long milliseconds)
{
    return qure_call(54, milliseconds, 0, 0, 0, 0);
}

/* Gives the size of the console's terminal. A program's output may have control sequences (docs/programs.md, "The
   console"). Returns 0; the error "not supported" (14) when a job or service asks, which get no keys.
   `record`: address of 8 bytes: u32 rows, u32 columns.
   `ask`: 0; 1 asks the terminal: the key 285 comes when it answers another size; 2 waits for the answer, up to 0.3
   s. */
static inline long qure_terminal(long record, long ask)
{
    return qure_call(55, record, ask, 0, 0, 0);
}

/* Describes the volume that something is on. Returns 0; the error "not supported" (14) where nobody counts what is
   free.
   `record`: address of 80 bytes: u32 blocks of 4096 bytes, u32 that are free, name (8), path at which it is mounted
   (64). */
static inline long qure_volume(long path, long record)
{
    return qure_call(56, path, record, 0, 0, 0);
}

/* Takes the oldest noted time of the connection's pieces. A piece is what one `send` took at once. 32 times are
   kept, of 16 pieces that are not acknowledged. Returns 0; the error "not found" when none waits.
   `handle`: one with option 14.
   `record`: address of 16 bytes: u32 what happened (1 a piece left for the first time, 2 it is acknowledged), u32
   bytes sent since the option was set up to the end of that piece, u32 when in `clock`'s milliseconds, u32 what
   that clock says now. */
static inline long qure_socket_time(long handle, long record)
{
    return qure_call(57, handle, record, 0, 0, 0);
}

/* Moves to another position, beyond 2 GiB too. Returns 0.
   `offset`: address of its 8 bytes, signed; the new position comes there.
   `from`: 0 beginning, 1 position, 2 end. */
static inline long qure_seek_far(long handle, long offset, long from)
{
    return qure_call(58, handle, offset, from, 0, 0);
}

/* Makes a file shorter or longer, beyond 4 GiB too. Returns 0.
   `bytes`: address of 8 bytes. */
static inline long qure_truncate_far(long handle, long bytes)
{
    return qure_call(59, handle, bytes, 0, 0, 0);
}

#endif
