# What `npm run bench -- network` runs on both ends, as a program that is the same for each system but for its system
# calls, which come from the file that the build names stream-system.inc: `stream WORK ADDRESS PORT CONNECTIONS COUNT`,
# numbers in decimal, the address as it lies in memory. It prints `<WORK>` and ends with status 0, or prints `failed`.
#
#   s  connects, and sends COUNT bytes on each connection      t  takes connections, and reads what comes on them
#   p  connects, and has COUNT bytes sent back one by one      e  takes a connection, and sends back what comes on it
#   k  COUNT requests of /k, all by one connection             c  COUNT requests of /k, each by one of its own

.intel_syntax noprefix
.include "stream-system.inc"

CONNECTIONS_MAXIMUM = 12                # a program of QuRe's has 16 handles
BUFFER_BYTES    = 65536
FILE_BYTES      = 1024

.text

.global _start
_start:
    mov     esi, [esp + 8]
    movzx   eax, byte ptr [esi]
    mov     [text_done + 1], al
    mov     ebx, [esp + 12]
    call    number
    mov     [address], eax
    mov     ebx, [esp + 16]
    call    number
    mov     [port], eax
    mov     ebx, [esp + 20]
    call    number
    cmp     eax, CONNECTIONS_MAXIMUM
    ja      fail
    mov     [connections], eax
    mov     ebx, [esp + 24]
    call    number
    mov     [count], eax
    movzx   eax, byte ptr [text_done + 1]
    mov     edx, offset works
1:  cmp     dword ptr [edx], 0
    je      fail
    cmp     [edx], eax
    je      2f
    add     edx, 8
    jmp     1b
2:  call    [edx + 4]
    mov     ecx, offset text_done
    mov     edx, text_done_end - text_done
    call    say
    DO_EXIT 0
fail:
    mov     ecx, offset text_failed
    mov     edx, text_failed_end - text_failed
    call    say
    DO_EXIT 1

# Prints.
# In: ECX text, EDX bytes.
say:
    DO_WRITE 1, ecx, edx
    ret

# Leaves when a call has failed.
# In: EAX its result.
check:
    test    eax, eax
    js      fail
    ret

# In: EBX digits, NUL terminated.
# Out: EAX the number.
number:
    xor     eax, eax
1:  movzx   ecx, byte ptr [ebx]
    jecxz   2f
    imul    eax, eax, 10
    lea     eax, [eax + ecx - '0']
    inc     ebx
    jmp     1b
2:  ret

# Makes a connection.
# Out: EBX handle.
connect:
    DO_SOCKET
    call    check
    mov     ebx, eax
    DO_CONNECT ebx, [address], [port]
    jmp     check

# Takes connections at the port.
# Out: EBX handle of the listening socket.
listen:
    DO_SOCKET
    call    check
    mov     ebx, eax
    DO_BIND ebx, [port]
    call    check
    DO_LISTEN ebx, CONNECTIONS_MAXIMUM
    call    check
    push    ebx
    mov     ecx, offset text_ready
    mov     edx, text_ready_end - text_ready
    call    say
    pop     ebx
    ret

# s: sends COUNT bytes on each of the connections, by turns, as far as each takes them; then waits for the other side's
# end.
send_all:
    mov     edi, offset entries
    mov     esi, offset left
    mov     ebp, [connections]
1:  call    connect
    POLL_SET edi, ebx, POLL_WRITE
    mov     eax, [count]
    mov     [esi], eax
    add     esi, 4
    add     edi, POLL_BYTES
    dec     ebp
    jnz     1b
    mov     eax, [connections]
    mov     [open], eax
send_all_next:
    DO_POLL "offset entries", [connections]
    call    check
    mov     edi, offset entries
    mov     esi, offset left
    mov     ebp, [connections]
2:  POLL_GOT edi
    jz      5f
    mov     ebx, [edi]
    mov     edx, [esi]
    test    edx, edx
    jz      4f
    cmp     edx, BUFFER_BYTES
    jbe     3f
    mov     edx, BUFFER_BYTES
3:  DO_SEND ebx, "offset buffer", edx
    call    check
    sub     [esi], eax
    jnz     5f
    DO_END  ebx
    POLL_SET edi, ebx, POLL_READ
    jmp     5f
4:  call    receive
    jnz     5f
    call    close_entry
5:  add     esi, 4
    add     edi, POLL_BYTES
    dec     ebp
    jnz     2b
    cmp     dword ptr [open], 0
    jne     send_all_next
    ret

# t: reads to their ends as many connections.
take_all:
    call    listen
    mov     edi, offset entries
    mov     ebp, [connections]
1:  DO_ACCEPT ebx
    call    check
    POLL_SET edi, eax, POLL_READ
    add     edi, POLL_BYTES
    dec     ebp
    jnz     1b
    mov     eax, [connections]
    mov     [open], eax
take_all_next:
    DO_POLL "offset entries", [connections]
    call    check
    mov     edi, offset entries
    mov     ebp, [connections]
2:  POLL_GOT edi
    jz      3f
    mov     ebx, [edi]
    call    receive
    jnz     3f
    call    close_entry
3:  add     edi, POLL_BYTES
    dec     ebp
    jnz     2b
    cmp     dword ptr [open], 0
    jne     take_all_next
    ret

# In: EDI entry of a connection that has ended, EBX its handle.
close_entry:
    DO_CLOSE ebx
    POLL_SET edi, -1, 0
    dec     dword ptr [open]
    ret

# In: EBX handle.
# Out: EAX bytes that came, ZF at the end.
receive:
    DO_RECEIVE ebx, "offset buffer", BUFFER_BYTES
    call    check
    test    eax, eax
    ret

# p: sends a byte, and waits until it comes back.
ping:
    call    connect
    DO_AT_ONCE ebx
    mov     ebp, [count]
1:  DO_SEND ebx, "offset buffer", 1
    call    check
    call    receive
    jz      fail
    dec     ebp
    jnz     1b
    DO_CLOSE ebx
    ret

# e: sends back what comes.
echo:
    call    listen
    DO_ACCEPT ebx
    call    check
    mov     ebx, eax
    DO_AT_ONCE ebx
1:  call    receive
    jz      2f
    mov     edx, eax
    DO_SEND ebx, "offset buffer", edx
    call    check
    jmp     1b
2:  DO_CLOSE ebx
    ret

# k: asks for the file by a connection that stays open.
ask_kept:
    call    connect
    DO_AT_ONCE ebx
1:  call    ask
    xor     ebp, ebp                    # EBP: bytes so far
    xor     esi, esi                    # ESI: bytes of the whole answer, 0 while it is not known
2:  call    ask_receive
    jz      fail
    test    esi, esi
    jnz     4f
    mov     ecx, offset buffer          # the empty line behind the header
3:  cmp     dword ptr [ecx], 0x0A0D0A0D
    je      5f
    inc     ecx
    lea     eax, [ebp + buffer - 4]
    cmp     ecx, eax
    jbe     3b
    jmp     2b
5:  lea     esi, [ecx + 4 + FILE_BYTES]
    sub     esi, offset buffer
4:  cmp     ebp, esi
    jb      2b
    dec     dword ptr [count]
    jnz     1b
    DO_CLOSE ebx
    ret

# c: asks for the file, each time by another connection.
ask_anew:
1:  call    connect
    call    ask
    xor     ebp, ebp
2:  call    ask_receive
    jnz     2b
    cmp     ebp, FILE_BYTES
    jb      fail
    DO_CLOSE ebx
    dec     dword ptr [count]
    jnz     1b
    ret

# Sends the request: one that says how the connection is to go on.
# In: EBX handle.
ask:
    cmp     byte ptr [text_done + 1], 'k'
    jne     1f
    DO_SEND ebx, "offset request_kept", "request_kept_end - request_kept"
    jmp     check
1:  DO_SEND ebx, "offset request_anew", "request_anew_end - request_anew"
    jmp     check

# In: EBX handle, EBP bytes of the answer so far.
# Out: EBP, and ZF at the end.
ask_receive:
    lea     ecx, [buffer + ebp]
    mov     edx, BUFFER_BYTES
    sub     edx, ebp
    DO_RECEIVE ebx, ecx, edx
    call    check
    add     ebp, eax
    test    eax, eax
    ret

.section .rodata
.balign 4
works:
    .long   's', send_all, 't', take_all, 'p', ping, 'e', echo, 'k', ask_kept, 'c', ask_anew, 0
text_ready:     .ascii "ready\n"
text_ready_end:
text_failed:    .ascii "failed\n"
text_failed_end:
request_kept:   .ascii "GET /k HTTP/1.1\r\nHost: bench\r\n\r\n"
request_kept_end:
request_anew:   .ascii "GET /k HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
request_anew_end:

.data
text_done:      .ascii "< >\n"
text_done_end:

.bss
.balign 4
address:        .space 4
port:           .space 4
connections:    .space 4
count:          .space 4
open:           .space 4
left:           .space 4 * CONNECTIONS_MAXIMUM
entries:        .space 12 * CONNECTIONS_MAXIMUM
.balign 4096
buffer:         .space BUFFER_BYTES
