# Sends back what comes to a port, by TCP to several at once and by UDP (RFC 862). It waits for all its sockets with one
# call, and never in another: who does not read what comes back is not read from either. As a service it hands all that
# over to a newer program: no connection breaks.

.intel_syntax noprefix
.include "system-calls.inc"
.include "errors.inc"

CLIENTS         = 10
BACKLOG         = 8
PIECE_BYTES     = 4096
READABLE        = 1
WRITABLE        = 2
STATE_VERSION   = 1
STATE           = -1                        # handle that is readable when the state is wanted

# What is waited for.
ENTRY_HANDLE    = 0
ENTRY_WANTED    = 4
ENTRY_GOT       = 8
ENTRY_BYTES     = 12

# What of a client is on its way back: PIECE_BYTES at its place in `pieces`.
BACK_FROM       = 0
BACK_LEFT       = 4
BACK_BYTES      = 8

.text

# Takes the port.
.global _start
_start:
    mov     eax, [esp + 8]
    mov     edx, offset text_usage
    test    eax, eax
    jz      .Lusage
    call    port_of
    mov     ebp, eax                    # EBP: port, until both sockets have it
    SYSTEM  state_take, "offset state", "offset state_end - offset state", "offset version"
    cmp     eax, -ERROR_NOT_FOUND
    je      .Lbegin                     # nobody was there before
    mov     edx, offset text_version
    cmp     eax, offset state_end - offset state
    jne     .Lusage
    cmp     dword ptr [version], STATE_VERSION
    jne     .Lusage
    SYSTEM  state_ready
    jmp     .Lready
.Lbegin:
    mov     dword ptr [wanted + ENTRY_HANDLE], STATE
    mov     dword ptr [wanted + ENTRY_WANTED], READABLE
    mov     ebx, 1
    mov     edi, offset entries
    call    socket_at
    mov     ebx, [edi + ENTRY_HANDLE]
    SYSTEM  listen, ebx, BACKLOG
    mov     edx, offset text_listen
    test    eax, eax
    js      fail
    mov     ebx, 2
    mov     edi, offset entries + ENTRY_BYTES
    call    socket_at
    mov     dword ptr [count], 2
.Lready:
    mov     eax, offset text_ready
    call    put
.Lwait:
    mov     ecx, [count]
    inc     ecx
    SYSTEM  poll, "offset wanted", ecx, -1
    mov     edx, offset text_poll
    test    eax, eax
    js      fail
    test    dword ptr [wanted + ENTRY_GOT], READABLE
    jz      3f
    SYSTEM  state_give, STATE_VERSION, "offset state", "offset state_end - offset state"
    jmp     .Lwait                      # the new program has failed
3:  test    dword ptr [entries + ENTRY_GOT], READABLE
    jz      1f
    call    client_take
1:  test    dword ptr [entries + ENTRY_BYTES + ENTRY_GOT], READABLE
    jz      2f
    call    datagram_return
2:  mov     ebp, [count]                # EBP: from the last on, as those that end are filled up from there
.Lclient:
    dec     ebp
    cmp     ebp, 2
    jb      .Lwait
    imul    edi, ebp, ENTRY_BYTES
    add     edi, offset entries
    cmp     dword ptr [edi + ENTRY_GOT], 0
    je      .Lclient
    call    client_serve
    jmp     .Lclient
.Lusage:
    mov     eax, 2
    call    put_to
    SYSTEM  exit, 2

# Makes a socket that has the port.
# In: EBX kind, EBP port, EDI entry.
socket_at:
    SYSTEM  socket, ebx
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [edi + ENTRY_HANDLE], eax
    mov     dword ptr [edi + ENTRY_WANTED], READABLE
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, ebp
    mov     edx, offset text_bind
    test    eax, eax
    js      fail
    ret

# Takes a client. While there are as many as there may be, the next ones wait.
client_take:
    mov     ebx, [entries + ENTRY_HANDLE]
    SYSTEM  accept, ebx, 0, 0
    test    eax, eax
    js      1f
    mov     ecx, [count]
    inc     dword ptr [count]
    imul    edi, ecx, ENTRY_BYTES
    mov     [entries + edi + ENTRY_HANDLE], eax
    mov     dword ptr [entries + edi + ENTRY_WANTED], READABLE
    mov     dword ptr [entries + edi + ENTRY_GOT], 0
    cmp     ecx, CLIENTS + 1
    jb      1f
    mov     dword ptr [entries + ENTRY_WANTED], 0
1:  ret

# Sends a datagram back.
datagram_return:
    mov     ebx, [entries + ENTRY_BYTES + ENTRY_HANDLE]
    SYSTEM  receive, ebx, "offset datagram", PIECE_BYTES, "offset peer", 0
    test    eax, eax
    js      1f
    SYSTEM  send, ebx, "offset datagram", eax, "offset peer", 0
1:  ret

# Goes on with a client: sends what is on its way back, or receives.
# In: EBP its number in the entries, EDI entry.
client_serve:
    mov     esi, ebp
    shl     esi, 12
    add     esi, offset pieces - 2 * PIECE_BYTES
    mov     ebx, [edi + ENTRY_HANDLE]
    push    edi
    push    esi
    cmp     dword ptr [backs + ebp*BACK_BYTES + BACK_LEFT], 0
    jne     .Lclient_serve_send
    mov     ecx, esi
    SYSTEM  receive, ebx, ecx, PIECE_BYTES, 0, 0
    mov     dword ptr [backs + ebp*BACK_BYTES + BACK_FROM], 0
    mov     [backs + ebp*BACK_BYTES + BACK_LEFT], eax
    test    eax, eax
    jg      .Lclient_serve_send
    je      .Lclient_serve_end
    mov     dword ptr [backs + ebp*BACK_BYTES + BACK_LEFT], 0
    jmp     .Lclient_serve_failed
.Lclient_serve_send:
    mov     ecx, [esp]
    add     ecx, [backs + ebp*BACK_BYTES + BACK_FROM]
    mov     edx, [backs + ebp*BACK_BYTES + BACK_LEFT]
    SYSTEM  send, ebx, ecx, edx, 0, 0
    test    eax, eax
    js      .Lclient_serve_failed
    add     [backs + ebp*BACK_BYTES + BACK_FROM], eax
    sub     [backs + ebp*BACK_BYTES + BACK_LEFT], eax
.Lclient_serve_on:
    pop     esi
    pop     edi
    mov     dword ptr [edi + ENTRY_WANTED], READABLE
    cmp     dword ptr [backs + ebp*BACK_BYTES + BACK_LEFT], 0
    je      1f
    mov     dword ptr [edi + ENTRY_WANTED], WRITABLE
1:  ret
.Lclient_serve_failed:
    cmp     eax, -ERROR_TIMEOUT
    je      .Lclient_serve_on
.Lclient_serve_end:
    SYSTEM  close, ebx
    pop     edi                         # its piece: the last client takes its place
    dec     dword ptr [count]
    mov     dword ptr [entries + ENTRY_WANTED], READABLE
    mov     esi, [count]
    mov     eax, [backs + esi*BACK_BYTES + BACK_FROM]
    mov     edx, [backs + esi*BACK_BYTES + BACK_LEFT]
    mov     [backs + ebp*BACK_BYTES + BACK_FROM], eax
    mov     [backs + ebp*BACK_BYTES + BACK_LEFT], edx
    mov     dword ptr [backs + esi*BACK_BYTES + BACK_LEFT], 0
    imul    ebx, esi, ENTRY_BYTES
    shl     esi, 12
    add     esi, offset pieces - 2 * PIECE_BYTES
    mov     ecx, PIECE_BYTES / 4
    rep movsd
    pop     edi
    mov     eax, [entries + ebx + ENTRY_HANDLE]
    mov     [edi + ENTRY_HANDLE], eax
    mov     eax, [entries + ebx + ENTRY_WANTED]
    mov     [edi + ENTRY_WANTED], eax
    ret

.section .rodata
text_usage:     .asciz "usage: echo-server PORT\n"
text_version:   .asciz "echo-server: the state is of another form\n"
text_socket:    .asciz "socket"
text_bind:      .asciz "port"
text_listen:    .asciz "listen"
text_poll:      .asciz "poll"
text_ready:     .asciz "echo-server: ready\n"

.bss
.balign 4
version:        .space 4
peer:           .space 8
datagram:       .space PIECE_BYTES
state:                                      # from here on it is handed over
count:          .space 4
wanted:         .space ENTRY_BYTES          # the first of the entries: the wish for the state
entries:        .space (CLIENTS + 2) * ENTRY_BYTES  # the listener, the socket for datagrams, the clients
backs:          .space (CLIENTS + 2) * BACK_BYTES
pieces:         .space CLIENTS * PIECE_BYTES
state_end:
