# What programs read and write: the console, files, directories, the two ends of a pipe, sockets. A stream is in the
# tables of one or several processes, counted by its users; the last one closes what stands behind it.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "file.inc"
.include "process.inc"
.include "console.inc"
.include "keys.inc"

PIPE_READERS        = 0                     # streams of each end
PIPE_WRITERS        = 4
PIPE_HEAD           = 8                     # where the oldest byte lies in the ring
PIPE_COUNT          = 12                    # bytes in it
PIPE_FILLED         = 16                    # event: bytes came, or the last writer went
PIPE_DRAINED        = 20                    # event: bytes went, or the last reader
PIPE_RING           = 24
PIPE_BYTES          = 4096                  # a power of two
PIPE_SIZE           = PIPE_RING + PIPE_BYTES

ON_HOOK redirect_streams, stream_write, stream_release

.text

# Makes a stream.
# In: EAX STREAM_*, EDX object.
# Out: EAX stream with one user; CF and EAX error without memory.
.global stream_make
stream_make:
    push    eax
    push    edx
    mov     eax, STREAM_SIZE
    call    malloc
    pop     edx
    pop     ecx
    jc      1f
    CHECK   ecx, be, STREAM_DATAGRAM, "stream_make: there is no such kind"
    mov     [eax + STREAM_KIND], ecx
    mov     dword ptr [eax + STREAM_REFS], 1
    mov     [eax + STREAM_OBJECT], edx
    clc
1:  ret

# Gives a stream up for one of its users. May sleep.
# In: EAX stream.
.global stream_release
stream_release:
    CHECK   "dword ptr [eax+STREAM_REFS]", ne, 0, "stream_release: nobody has the stream"
    dec     dword ptr [eax + STREAM_REFS]
    jnz     1f
    push    [eax + STREAM_OBJECT]
    push    [eax + STREAM_KIND]
    push    [eax + STREAM_PATH]
    call    mfree
    pop     eax
    test    eax, eax
    jz      2f
    call    mfree
2:
    pop     ecx
    pop     eax
    jmp     [stream_closers + ecx*4]
stream_close_console:                       # it is never closed
1:  ret

# The pipe's end that is read goes away.
# In: EAX pipe.
pipe_close_in:
    INTERRUPTS_OFF                      # the other end may go at the same time: only one of the two frees the pipe
    CHECK   "dword ptr [eax+PIPE_READERS]", ne, 0, "pipe_close_in: nobody reads the pipe"
    dec     dword ptr [eax + PIPE_READERS]
    jmp     1f

# The pipe's end that is written goes away.
# In: EAX pipe.
pipe_close_out:
    INTERRUPTS_OFF
    CHECK   "dword ptr [eax+PIPE_WRITERS]", ne, 0, "pipe_close_out: nobody writes the pipe"
    dec     dword ptr [eax + PIPE_WRITERS]
1:  push    eax
    add     eax, PIPE_FILLED
    call    event_broadcast
    mov     eax, [esp]
    add     eax, PIPE_DRAINED
    call    event_broadcast
    call    watch_changed
    pop     eax
    mov     ecx, [eax + PIPE_READERS]
    or      ecx, [eax + PIPE_WRITERS]
    INTERRUPTS_RESTORE
    jecxz   2f
    ret
2:  jmp     mfree

# Makes a pipe.
# Out: EAX stream that is read, EDX stream that is written; CF and EAX error without memory.
.global pipe_make
pipe_make:
    push    ebx
    push    esi
    mov     eax, PIPE_SIZE
    call    malloc
    jc      3f
    mov     ebx, eax
    mov     dword ptr [ebx + PIPE_READERS], 1
    mov     dword ptr [ebx + PIPE_WRITERS], 1
    mov     eax, STREAM_PIPE_IN
    mov     edx, ebx
    call    stream_make
    jc      1f
    mov     esi, eax
    mov     eax, STREAM_PIPE_OUT
    mov     edx, ebx
    call    stream_make
    jc      2f
    mov     edx, eax
    mov     eax, esi
    jmp     3f
2:  mov     eax, esi
    call    mfree
1:  mov     eax, ebx
    call    mfree
    mov     eax, ERROR_NO_MEMORY
    stc
3:  pop     esi
    pop     ebx
    ret

# Reads. May sleep.
# In: EAX stream, EDI buffer, ECX bytes, at most a page.
# Out: EAX bytes, 0 at the end; CF and EAX error.
.global stream_read
stream_read:
    mov     edx, [eax + STREAM_KIND]
    mov     eax, [eax + STREAM_OBJECT]
    jmp     [stream_readers + edx*4]

# Writes. May sleep.
# In: EAX stream, ESI bytes, ECX how many, at most a page.
# Out: EAX bytes that were taken; CF and EAX error.
.global stream_write
stream_write:
    mov     edx, [eax + STREAM_KIND]
    mov     eax, [eax + STREAM_OBJECT]
    jmp     [stream_writers + edx*4]

stream_refuse:
    mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret

# Reads a line at the console; the program is not ended meanwhile. Ctrl-D before anything else is the end.
console_read:
    push    ebx
    push    esi
    mov     ebx, ecx
    call    console_own
    add     eax, CONSOLE_READ           # held, so a kill waits for the end of the line
    call    mutex_lock
    mov     eax, edi
    mov     edx, ebx
    call    line_read
    pushfd
    push    ecx
    mov     esi, eax
    call    console_own
    add     eax, CONSOLE_READ
    call    mutex_unlock
    pop     ecx
    popfd
    jc      .Lconsole_read_given_up
    mov     eax, esi
    cmp     eax, ebx
    jae     .Lconsole_read_done
    mov     byte ptr [edi + eax], 10
    add     eax, 1                      # clears CF
    jmp     .Lconsole_read_done
.Lconsole_read_given_up:
    xor     eax, eax
    cmp     ecx, KEY_CTRL_D
    je      .Lconsole_read_done         # CF is clear
    mov     eax, ERROR_ABORTED
    stc
.Lconsole_read_done:
    pop     esi
    pop     ebx
    ret

# Copies bytes, by dwords as far as that goes: interrupts are off.
# In: ESI source, EDI destination, EDX bytes.
# Out: ESI and EDI behind them.
# Clobbers: ECX only.
pipe_copy:
    mov     ecx, edx
    shr     ecx, 2
    rep movsd
    mov     ecx, edx
    and     ecx, 3
    rep movsb
    ret

# Reads from a pipe: waits until there is something, or nobody left to write.
pipe_read:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, ecx
    INTERRUPTS_OFF
.Lpipe_read_look:
    mov     ecx, [ebx + PIPE_COUNT]
    test    ecx, ecx
    jnz     .Lpipe_read_some
    cmp     dword ptr [ebx + PIPE_WRITERS], 0
    je      .Lpipe_read_done
    lea     eax, [ebx + PIPE_FILLED]
    or      edx, -1
    call    event_wait
    jmp     .Lpipe_read_look
.Lpipe_read_some:
    CHECK   ecx, be, PIPE_BYTES, "pipe_read: more bytes than the pipe holds"
    cmp     ecx, ebp
    jbe     .Lpipe_read_least
    mov     ecx, ebp
.Lpipe_read_least:
    mov     ebp, ecx
    mov     esi, [ebx + PIPE_HEAD]
.Lpipe_read_piece:
    mov     edx, PIPE_BYTES             # up to the ring's end, then from its beginning on
    sub     edx, esi
    cmp     edx, ecx
    jbe     .Lpipe_read_copy
    mov     edx, ecx
.Lpipe_read_copy:
    sub     ecx, edx
    push    ecx
    push    esi
    lea     esi, [ebx + PIPE_RING + esi]
    call    pipe_copy
    pop     esi
    pop     ecx
    add     esi, edx
    and     esi, PIPE_BYTES - 1
    test    ecx, ecx
    jnz     .Lpipe_read_piece
    mov     [ebx + PIPE_HEAD], esi
    sub     [ebx + PIPE_COUNT], ebp
    lea     eax, [ebx + PIPE_DRAINED]
    call    event_broadcast
    call    watch_changed
    mov     ecx, ebp
.Lpipe_read_done:
    INTERRUPTS_RESTORE
    mov     eax, ecx
    clc
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Writes to a pipe: waits until there is room; fails when nobody is left to read.
pipe_write:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, ecx
    INTERRUPTS_OFF
.Lpipe_write_look:
    cmp     dword ptr [ebx + PIPE_READERS], 0
    je      .Lpipe_write_broken
    mov     ecx, PIPE_BYTES
    sub     ecx, [ebx + PIPE_COUNT]
    jnz     .Lpipe_write_some
    lea     eax, [ebx + PIPE_DRAINED]
    or      edx, -1
    call    event_wait
    jmp     .Lpipe_write_look
.Lpipe_write_some:
    cmp     ecx, ebp
    jbe     .Lpipe_write_least
    mov     ecx, ebp
.Lpipe_write_least:
    mov     ebp, ecx
    mov     edi, [ebx + PIPE_HEAD]
    add     edi, [ebx + PIPE_COUNT]
.Lpipe_write_piece:
    and     edi, PIPE_BYTES - 1
    mov     edx, PIPE_BYTES
    sub     edx, edi
    cmp     edx, ecx
    jbe     .Lpipe_write_copy
    mov     edx, ecx
.Lpipe_write_copy:
    sub     ecx, edx
    push    ecx
    push    edi
    lea     edi, [ebx + PIPE_RING + edi]
    call    pipe_copy
    pop     edi
    pop     ecx
    add     edi, edx
    test    ecx, ecx
    jnz     .Lpipe_write_piece
    add     [ebx + PIPE_COUNT], ebp
    CHECK   "dword ptr [ebx+PIPE_COUNT]", be, PIPE_BYTES, "pipe_write: more bytes than the pipe holds"
    lea     eax, [ebx + PIPE_FILLED]
    call    event_broadcast
    call    watch_changed
    INTERRUPTS_RESTORE
    mov     eax, ebp
    clc
    jmp     .Lpipe_write_done
.Lpipe_write_broken:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_BROKEN_PIPE
    stc
.Lpipe_write_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# What an end of a pipe can do now. Interrupts are off.
# In: EAX stream of the end.
# Out: EAX POLL_*.
# Clobbers: EDX.
.global pipe_look
pipe_look:
    mov     edx, [eax + STREAM_OBJECT]
    cmp     dword ptr [eax + STREAM_KIND], STREAM_PIPE_IN
    mov     eax, POLL_READABLE
    jne     2f
    cmp     dword ptr [edx + PIPE_WRITERS], 0
    je      1f
    cmp     dword ptr [edx + PIPE_COUNT], 0
    jne     3f
    jmp     4f
2:  mov     eax, POLL_WRITABLE
    cmp     dword ptr [edx + PIPE_READERS], 0
    je      1f
    cmp     dword ptr [edx + PIPE_COUNT], PIPE_BYTES
    jb      3f
4:  xor     eax, eax
    ret
1:  or      eax, POLL_HANGUP
3:  ret

# Whether somebody has the other end of a pipe, and what is in it.
# In: EAX stream of the end that one has, EDI room, ECX its bytes.
# Out: CF when somebody has, or there is no room; else ECX bytes that are in it, which are copied.
# Clobbers: EAX, EDX.
.global pipe_left
pipe_left:
    push    esi
    push    edi
    mov     edx, [eax + STREAM_OBJECT]
    mov     eax, [edx + PIPE_READERS]
    cmp     dword ptr [edx + PIPE_WRITERS], 0
    je      1f
    test    eax, eax
    stc
    jnz     3f
1:  cmp     ecx, [edx + PIPE_COUNT]
    jb      3f
    mov     esi, [edx + PIPE_HEAD]
    xor     ecx, ecx
2:  cmp     ecx, [edx + PIPE_COUNT]
    jae     3f                          # CF is clear
    and     esi, PIPE_BYTES - 1
    mov     al, [edx + PIPE_RING + esi]
    stosb
    inc     esi
    inc     ecx
    jmp     2b
3:  pop     edi
    pop     esi
    ret

# Reads from a stream socket.
socket_read:
    push    esi
    push    edi
    mov     esi, edi
    mov     edi, ecx
    or      edx, -1
    xor     ecx, ecx
    call    stream_receive
    pop     edi
    pop     esi
    ret

# Writes to a stream socket.
socket_write:
    push    edi
    mov     edi, ecx
    or      edx, -1
    call    stream_send
    pop     edi
    ret

# Reads a datagram.
datagram_read:
    push    esi
    push    edi
    mov     esi, edi
    mov     edi, ecx
    or      edx, -1
    call    udp_receive
    pop     edi
    pop     esi
    ret

# Writes a datagram to whom the socket is connected to.
datagram_write:
    push    edi
    mov     edi, ecx
    push    eax
    call    udp_remote
    jc      1f
    mov     eax, [esp]
    call    udp_send
    jc      1f
    mov     eax, edi
1:  pop     edx
    pop     edi
    ret

# Opens a file as a stream, which remembers its path. May sleep.
# In: ESI path, ECX FILE_*.
# Out: EAX stream; CF and EAX error.
.global file_stream
file_stream:
    push    ebx
    push    edi
    mov     ebx, ecx
    call    file_open_shared
    jc      .Lfile_stream_done
    mov     edi, eax
    mov     edx, eax
    mov     eax, STREAM_FILE
    call    stream_make
    jc      .Lfile_stream_close
    mov     edi, eax
    mov     [edi + STREAM_FLAGS], ebx
    mov     eax, esi
    call    path_complete
    mov     ebx, eax
    call    string_length
    inc     eax
    push    eax
    call    malloc_filled
    pop     ecx
    jc      1f                          # it works without
    mov     [edi + STREAM_PATH], eax
    mov     edx, ebx
    call    string_copy
1:  mov     eax, edi
    clc
    jmp     .Lfile_stream_done
.Lfile_stream_close:
    push    eax
    mov     eax, edi
    call    file_close
    pop     eax
    stc
.Lfile_stream_done:
    pop     edi
    pop     ebx
    ret

# Opens a file whose handle belongs to no task, because processes hand it on. May sleep.
# In: ESI path, ECX FILE_*.
# Out: EAX handle; CF and EAX error.
.global file_open_shared
file_open_shared:
    mov     edx, offset file_open
    jmp     1f

# Opens a directory in the same way. May sleep.
# In: ESI path.
# Out: EAX handle; CF and EAX error.
.global directory_open_shared
directory_open_shared:
    mov     edx, offset directory_open
1:  push    ebx
    mov     ebx, edx
    call    owned_by_system
    pop     ebx
    ret

# Calls a routine that opens a handle, which then belongs to no task. The running task is not ended meanwhile, so the
# routine must not wait for what may never come. May sleep.
# In: EBX routine; EAX, EDX, ECX, ESI, EDI as it takes them.
# Out: as it gives them.
.global owned_by_system
owned_by_system:
    push    eax
    push    edx
    mov     edx, [task_current]
    mov     eax, offset owner_system
    xchg    eax, [edx + TASK_OWNER]
    inc     dword ptr [edx + TASK_HOLDS]
    xchg    eax, [esp + 4]              # the owner stays there
    pop     edx
    call    ebx
    push    edx
    push    eax
    pushfd
    mov     edx, [task_current]
    mov     eax, [esp + 12]
    mov     [edx + TASK_OWNER], eax
    dec     dword ptr [edx + TASK_HOLDS]
    popfd
    pop     eax
    pop     edx
    lea     esp, [esp + 4]
    ret

.section .rodata
.balign 4
stream_readers:                             # in the order of STREAM_CONSOLE, ...
    .long   console_read, file_read, pipe_read, stream_refuse, stream_refuse, socket_read, datagram_read
stream_writers:
    .long   console_write, file_write, stream_refuse, pipe_write, stream_refuse, socket_write, datagram_write
stream_closers:
    .long   stream_close_console, file_close, pipe_close_in, pipe_close_out, directory_close, stream_close, udp_close

.data
.balign 4
.global console_stream
console_stream:     .long STREAM_CONSOLE, 1, 0, 0, 0
