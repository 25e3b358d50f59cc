# TFTP of the firmware's network client (RFC 1350, with the option of RFC 2348): one file at a time, block by block. A
# block is acknowledged when the next one is wanted.

.include "firmware.inc"
.include "network.inc"

.intel_syntax noprefix
.code16

PORT_FIRST              = 0x0800        # own ports, one for each transfer
SERVER_PORT             = 69 << 8
TRIES                   = 5
BLOCK_USUAL             = 512
BLOCK_MINIMUM           = 8
BLOCK_MAXIMUM           = 1428
READ_REQUEST            = 0x0100        # kinds of packets, in network order
DATA                    = 0x0300
ACKNOWLEDGEMENT         = 0x0400
ERROR                   = 0x0500
OPTIONS                 = 0x0600
HEAD_BYTES              = 4

.text

# Opens a file.
# In: NET_NAME file, EDX server, AX bytes of a block that are wanted.
# Out: TFTP_BYTES; CF when it cannot be had.
# Clobbers: all but segments.
.global tftp_open
tftp_open:
    mov     [TFTP_SERVER], edx
    cmp     ax, BLOCK_MINIMUM
    jae     1f
    mov     ax, BLOCK_USUAL
1:  cmp     ax, BLOCK_MAXIMUM
    jbe     2f
    mov     ax, BLOCK_MAXIMUM
2:  mov     [TFTP_BYTES], ax
    call    peer_find
    jc      .Ltftp_open_done
    mov     word ptr [TFTP_PORT], SERVER_PORT
    mov     word ptr [TFTP_STATE], TFTP_ASKING
    mov     word ptr [TFTP_BLOCK], 0
    mov     word ptr [TFTP_DATA], 0
    mov     ax, [NET_DATAGRAM]          # another port than that of the transfer before
    or      ax, PORT_FIRST
    mov     [NET_PORT], ax
    call    tftp_ask
    jc      .Ltftp_open_done
    mov     word ptr [TFTP_STATE], TFTP_READING
    cmp     word ptr [si], OPTIONS
    jne     .Ltftp_open_block
    add     si, 2 + 8                   # `blksize`: nothing else was asked for
    xor     ax, ax
.Ltftp_open_digit:
    movzx   dx, byte ptr [si]
    inc     si
    sub     dx, '0'
    cmp     dx, 10
    jae     .Ltftp_open_size
    imul    ax, ax, 10
    add     ax, dx
    jmp     .Ltftp_open_digit
.Ltftp_open_size:
    cmp     ax, BLOCK_MINIMUM
    jb      .Ltftp_open_done            # CF
    cmp     [TFTP_BYTES], ax
    jb      .Ltftp_open_done            # CF: more than was asked for
    mov     [TFTP_BYTES], ax
    clc
    ret
.Ltftp_open_block:                      # a server that knows no options
    mov     word ptr [TFTP_BYTES], BLOCK_USUAL
    mov     [TFTP_DATA], si
    mov     [TFTP_DATA_BYTES], cx
    clc
.Ltftp_open_done:
    ret

# Reads the next block.
# Out: SI its bytes, CX how many, 0 after the last; CF when it cannot be had.
# Clobbers: all but segments.
.global tftp_read
tftp_read:
    xor     cx, cx
    cmp     word ptr [TFTP_STATE], TFTP_ENDED
    je      .Ltftp_read_done            # CF is clear
    cmp     word ptr [TFTP_STATE], TFTP_READING
    stc
    jne     .Ltftp_read_done
    mov     si, [TFTP_DATA]
    mov     cx, [TFTP_DATA_BYTES]
    mov     word ptr [TFTP_DATA], 0
    test    si, si
    jnz     .Ltftp_read_block
    call    tftp_ask
    jc      .Ltftp_read_done
.Ltftp_read_block:
    inc     word ptr [TFTP_BLOCK]
    sub     cx, HEAD_BYTES
    add     si, HEAD_BYTES
    cmp     cx, [TFTP_BYTES]
    jae     .Ltftp_read_done            # CF is clear
    mov     word ptr [TFTP_STATE], TFTP_ENDED
    push    cx
    push    si
    call    tftp_send                   # nobody will ask for a next one
    pop     si
    pop     cx
    clc
.Ltftp_read_done:
    ret

# Ends the transfer.
# Clobbers: all but segments.
.global tftp_close
tftp_close:
    mov     ax, TFTP_CLOSED
    xchg    ax, [TFTP_STATE]
    cmp     ax, TFTP_READING
    jne     1f
    mov     dword ptr [NET_SENT + UDP_DATA], ERROR
    mov     byte ptr [NET_SENT + UDP_DATA + HEAD_BYTES], 0
    mov     cx, HEAD_BYTES + 1
    jmp     tftp_send_bytes
1:  ret

# Sends what is to be said now until the server answers it.
# Out: SI packet, CX its bytes, from HEAD_BYTES up to those of a block; CF when it refuses or is silent.
# Clobbers: all but segments.
tftp_ask:
    mov     word ptr [NET_TRIES], TRIES
.Ltftp_ask_send:
    call    tftp_send
    mov     ax, TICKS_SECOND
    call    deadline_set
.Ltftp_ask_wait:
    call    datagram_wait
    jc      .Ltftp_ask_late
    mov     eax, [NET_FROM]
    cmp     eax, [TFTP_SERVER]
    jne     .Ltftp_ask_wait
    cmp     cx, HEAD_BYTES
    jb      .Ltftp_ask_wait
    mov     ax, [NET_FROM_PORT]
    cmp     word ptr [TFTP_PORT], SERVER_PORT
    je      1f                          # the server takes a port of its own for each transfer
    cmp     ax, [TFTP_PORT]
    jne     .Ltftp_ask_wait
1:  cmp     word ptr [si], ERROR
    stc
    je      .Ltftp_ask_done
    cmp     word ptr [si], OPTIONS
    je      .Ltftp_ask_options
    cmp     word ptr [si], DATA
    jne     .Ltftp_ask_wait
    mov     dx, [TFTP_BLOCK]
    inc     dx
    xchg    dl, dh
    cmp     dx, [si + 2]
    jne     .Ltftp_ask_wait
    mov     dx, [TFTP_BYTES]
    add     dx, HEAD_BYTES
    cmp     dx, cx
    jb      .Ltftp_ask_wait             # longer than agreed
    mov     [TFTP_PORT], ax
    clc
    ret
.Ltftp_ask_options:
    cmp     word ptr [TFTP_STATE], TFTP_ASKING
    jne     .Ltftp_ask_wait
    mov     [TFTP_PORT], ax
    clc
    ret
.Ltftp_ask_late:
    dec     word ptr [NET_TRIES]
    jnz     .Ltftp_ask_send
    stc
.Ltftp_ask_done:
    ret

# Sends what is to be said now: the request, or the acknowledgement of the last block.
# Clobbers: all but segments.
tftp_send:
    mov     di, NET_SENT + UDP_DATA
    cmp     word ptr [TFTP_STATE], TFTP_ASKING
    je      .Ltftp_send_request
    mov     ax, ACKNOWLEDGEMENT
    stosw
    mov     ax, [TFTP_BLOCK]
    xchg    al, ah
    stosw
    mov     cx, HEAD_BYTES

# Sends a packet.
# In: CX its bytes, at NET_SENT + UDP_DATA.
# Clobbers: all but segments.
tftp_send_bytes:
    mov     edx, [TFTP_SERVER]
    mov     bx, [TFTP_PORT]
    movzx   ecx, cx
    jmp     datagram_send
.Ltftp_send_request:
    mov     ax, READ_REQUEST
    stosw
    mov     si, NET_NAME
1:  lodsb
    stosb
    test    al, al
    jnz     1b
    mov     si, offset request_options
    mov     cx, request_options_end - request_options
    rep movsb es:[di], cs:[si]
    movzx   eax, word ptr [TFTP_BYTES]
    call    decimal_put
    xor     al, al
    stosb
    mov     cx, di
    sub     cx, NET_SENT + UDP_DATA
    jmp     tftp_send_bytes

# Writes a decimal number.
# In: EAX number, DI where it goes.
# Out: DI after it.
# Clobbers: EAX, EDX.
decimal_put:
    xor     edx, edx
    push    ebx
    mov     ebx, 10
    div     ebx
    pop     ebx
    push    dx
    test    eax, eax
    jz      1f
    call    decimal_put
1:  pop     ax
    add     al, '0'
    stosb
    ret

.data
request_options:
    .asciz  "octet"
    .asciz  "blksize"
request_options_end:
