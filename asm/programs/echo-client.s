# Asks an echo server by several connections at once and by a datagram: sends each another text, waits for all of them
# with one call, and says how many came back as they went.

.include "program.inc"

CONNECTIONS     = 8                     # at most
TEXT_BYTES      = 1000                  # sent by each
CONNECT_MS      = 5000
ANSWER_MS       = 5000
READABLE        = 1
ENTRY_BYTES     = 12                    # u32 handle, wanted, got

DESCRIPTION "ADDRESS|NAME PORT CONNECTIONS", "ask a server that sends back what it gets", GROUP_NETWORK
DETAIL "At most 8 connections at once."

.text

# Takes the server's address, its port, and how many connections.
.global _start
_start:
    cmp     dword ptr [esp], 4
    jne     misused
    mov     eax, [esp + 8]
    call    address_of
    mov     [address], eax
    mov     eax, [esp + 12]
    call    port_of
    mov     [port], eax
    mov     eax, [esp + 16]
    call    number_of
    jc      misused
    cmp     eax, CONNECTIONS
    ja      misused
    mov     [count], eax
    inc     dword ptr [count]           # and the socket for datagrams
    xor     ebp, ebp                    # EBP: number of the socket
.Lsend:
    call    send_one
    inc     ebp
    cmp     ebp, [count]
    jb      .Lsend
.Lwait:
    mov     ecx, [count]
    SYSTEM  poll, "offset entries", ecx, ANSWER_MS
    mov     edx, offset text_poll
    test    eax, eax
    js      fail
    jz      .Lend                       # nothing more comes
    xor     ebp, ebp
.Lreceive:
    call    receive_one
    inc     ebp
    cmp     ebp, [count]
    jb      .Lreceive
    mov     eax, [ended]
    cmp     eax, [count]
    jb      .Lwait
.Lend:
    xor     ebp, ebp
    xor     ebx, ebx                    # EBX: how many came back
.Lcompare:
    cmp     dword ptr [got + ebp*4], TEXT_BYTES
    jne     1f
    imul    esi, ebp, TEXT_BYTES
    lea     edi, [received + esi]
    add     esi, offset sent
    mov     ecx, TEXT_BYTES
    repe cmpsb
    jne     1f
    inc     ebx
1:  inc     ebp
    cmp     ebp, [count]
    jb      .Lcompare
    mov     eax, ebx
    call    put_number
    mov     eax, offset text_of
    call    put
    mov     eax, [count]
    call    put_number
    mov     eax, offset text_from
    call    put
    mov     eax, [address]
    call    put_address
    mov     eax, offset text_end
    call    put
    sub     ebx, [count]
    neg     ebx
    SYSTEM  exit, ebx

# Makes a socket, connects it and sends a text.
# In: EBP number of the socket.
# Clobbers: EAX, EBX, ECX, EDX, EDI.
send_one:
    imul    edi, ebp, ENTRY_BYTES
    mov     ebx, 2
    test    ebp, ebp
    jz      1f
    dec     ebx
1:  SYSTEM  socket, ebx
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [entries + edi], eax
    mov     dword ptr [entries + edi + 4], READABLE
    mov     ebx, eax
    mov     ecx, [address]
    mov     edx, [port]
    SYSTEM  connect, ebx, ecx, edx, CONNECT_MS
    mov     edx, offset text_connect
    test    eax, eax
    js      fail
    imul    edi, ebp, TEXT_BYTES
    add     edi, offset sent
    mov     ecx, TEXT_BYTES
    mov     eax, ebp
2:  add     al, 7
    stosb
    loop    2b
    lea     ecx, [edi - TEXT_BYTES]
    SYSTEM  send, ebx, ecx, TEXT_BYTES, 0, ANSWER_MS
    mov     edx, offset text_send
    cmp     eax, TEXT_BYTES
    jne     fail
    ret

# Takes what a socket has got; when all has come, or nothing more will, it is closed.
# In: EBP number of the socket.
# Clobbers: EAX, EBX, ECX, EDX, EDI.
receive_one:
    imul    edi, ebp, ENTRY_BYTES
    cmp     dword ptr [entries + edi + 8], 0
    je      .Lreceive_one_done
    mov     ebx, [entries + edi]
    mov     edi, [got + ebp*4]
    mov     edx, TEXT_BYTES
    sub     edx, edi
    imul    ecx, ebp, TEXT_BYTES
    lea     ecx, [received + ecx + edi]
    SYSTEM  receive, ebx, ecx, edx, 0, 0
    test    eax, eax
    jle     1f
    add     [got + ebp*4], eax
    cmp     dword ptr [got + ebp*4], TEXT_BYTES
    jb      .Lreceive_one_done
1:  imul    edi, ebp, ENTRY_BYTES
    mov     dword ptr [entries + edi + 4], 0
    SYSTEM  close, ebx
    mov     dword ptr [entries + edi], 0
    inc     dword ptr [ended]
.Lreceive_one_done:
    ret

.section .rodata
text_socket:    .asciz "socket"
text_connect:   .asciz "connect"
text_send:      .asciz "send"
text_poll:      .asciz "poll"
text_of:        .asciz " of "
text_from:      .asciz " came back from "
text_end:       .asciz "\n"

.bss
.balign 4
address:        .space 4
port:           .space 4
count:          .space 4
ended:          .space 4
got:            .space (CONNECTIONS + 1) * 4
entries:        .space (CONNECTIONS + 1) * ENTRY_BYTES
sent:           .space (CONNECTIONS + 1) * TEXT_BYTES
received:       .space (CONNECTIONS + 1) * TEXT_BYTES
