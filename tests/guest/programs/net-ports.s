# Tests of the ports that UDP's sockets get who ask for none, for net.s: that they do not count up, and how they end.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "net.inc"

PORT_FIRST              = 49152         # RFC 6335 section 6
PORT_LAST               = 65535
DRAWN                   = 64
OTHERS                  = PORT_LAST - PORT_FIRST    # all ports that are drawn, but one
OTHERS_PAGES            = (OTHERS * SOCKET_SIZE + 4095) / 4096
LEFT                    = 60000

.text

# Ports that udp_open chooses do not count up, so that nobody can tell the next one from the last.
.global test_drawn
test_drawn:
    xor     ebx, ebx                    # how many were drawn
    xor     ebp, ebp                    # how many of them come right after the one before
    xor     edi, edi                    # the one before
1:  xor     eax, eax
    call    udp_open
    jc      .Ltest_drawn_close
    push    eax
    inc     ebx
    call    udp_port
    cmp     eax, PORT_FIRST
    jb      .Ltest_drawn_close
    cmp     eax, PORT_LAST
    ja      .Ltest_drawn_close
    inc     edi
    cmp     eax, edi
    jne     2f
    inc     ebp
2:  mov     edi, eax
    cmp     ebx, DRAWN
    jb      1b
    xor     edi, edi                    # all is well
.Ltest_drawn_close:
    mov     esi, ebx
.Ltest_drawn_next:
    dec     esi
    js      .Ltest_drawn_done
    pop     eax
    call    udp_close
    jmp     .Ltest_drawn_next
.Ltest_drawn_done:
    cmp     ebx, DRAWN
    jne     test_failed_port
    test    edi, edi
    jnz     test_failed_port
    cmp     ebp, DRAWN / 8
    jae     test_failed_port
    clc
    ret

# The last port that is free is found, and when there is none that is an error at once. The sockets of the other ports
# lie in the kernel's list only: no handle names them.
.global test_exhausted
test_exhausted:
    mov     eax, OTHERS_PAGES
    call    page_alloc
    jc      test_failed_port
    mov     esi, eax
    mov     ecx, PORT_FIRST
    mov     edx, eax
1:  cmp     ecx, LEFT
    je      3f
    mov     [edx + SOCKET_PORT], ecx
    lea     eax, [edx + SOCKET_SIZE]
    mov     [edx + SOCKET_NEXT], eax
    mov     edx, eax
3:  inc     ecx
    cmp     ecx, PORT_LAST
    jbe     1b
    INTERRUPTS_OFF
    mov     eax, [udp_sockets]          # they go before the others, and go again by that
    mov     [edx - SOCKET_SIZE + SOCKET_NEXT], eax
    mov     [udp_sockets], esi
    INTERRUPTS_RESTORE
    lea     ebp, [edx - SOCKET_SIZE]    # the last of them
    xor     eax, eax
    call    udp_open
    mov     ebx, eax
    jc      .Ltest_exhausted_none
    call    udp_port
    cmp     eax, LEFT
    mov     edi, 1
    jne     .Ltest_exhausted_unlink
    xor     eax, eax
    call    udp_open
    jnc     .Ltest_exhausted_unlink
    cmp     eax, ERROR_PORT_IN_USE
    jne     .Ltest_exhausted_unlink
    xor     edi, edi                    # all is well
    jmp     .Ltest_exhausted_unlink
.Ltest_exhausted_none:
    xor     ebx, ebx
    mov     edi, 1
.Ltest_exhausted_unlink:
    INTERRUPTS_OFF
    mov     edx, offset udp_sockets
.Ltest_exhausted_find:
    mov     eax, [edx + SOCKET_NEXT]
    cmp     eax, esi
    je      .Ltest_exhausted_found
    mov     edx, eax
    jmp     .Ltest_exhausted_find
.Ltest_exhausted_found:
    mov     eax, [ebp + SOCKET_NEXT]
    mov     [edx + SOCKET_NEXT], eax
    INTERRUPTS_RESTORE
    mov     eax, ebx
    test    eax, eax
    jz      .Ltest_exhausted_free
    call    udp_close
.Ltest_exhausted_free:
    mov     eax, esi
    mov     edx, OTHERS_PAGES
    call    page_free
    test    edi, edi
    jnz     test_failed_port
    clc
    ret

test_failed_port:
    stc
    ret
