# DHCP of the firmware's network client: an address, and what to boot from where, from one server or from a server and a
# PXE proxy beside it. Sources: RFC 2131, RFC 2132; PXE specification 2.1, 2.2.

.include "firmware.inc"
.include "bootp.inc"
.include "network.inc"

.intel_syntax noprefix
.code16

PORT_CLIENT             = CLIENT_PORT << 8
PORT_SERVER             = SERVER_PORT << 8
TRIES                   = 4
BROADCAST_FLAG          = 0x0080        # in network order: answers go to all
BOOTP_FLAGS             = 10
BOOTP_FILE_BYTES        = 128

.text

# Asks until somebody lends an address and says what to boot.
# Out: NET_ADDRESS, NET_MASK, NET_ROUTER, NET_REPLY. CF and SI sentence when nobody does.
# Clobbers: all but segments.
.global dhcp_ask
dhcp_ask:
    mov     word ptr [NET_PORT], PORT_CLIENT
    mov     di, NET_PEER_MAC
    mov     cx, 6
    mov     al, 0xFF
    rep stosb
    mov     eax, [NET_MAC + 2]
    mov     [DHCP_XID], eax
    mov     bp, TRIES
.Ldhcp_ask_discover:
    mov     al, DISCOVER
    call    dhcp_send
    mov     cx, bp                      # 1, 2, 4 and 8 s
    neg     cx
    add     cx, TRIES
    mov     ax, TICKS_SECOND
    shl     ax, cl
    call    deadline_set
.Ldhcp_ask_offer:
    call    dhcp_hear
    jc      .Ldhcp_ask_late
    cmp     word ptr [DHCP_KIND], OFFER
    jne     .Ldhcp_ask_offer
    cmp     dword ptr [DHCP_OFFERED], 0
    je      .Ldhcp_ask_offer
    cmp     word ptr [DHCP_FILE], 0
    je      .Ldhcp_ask_offer            # perhaps a proxy says it
    jmp     .Ldhcp_ask_request
.Ldhcp_ask_late:
    dec     bp
    jnz     .Ldhcp_ask_discover
    mov     si, offset text_no_file
    cmp     dword ptr [DHCP_OFFERED], 0
    jne     .Ldhcp_ask_failed
    mov     si, offset text_no_address
.Ldhcp_ask_failed:
    stc
    ret
.Ldhcp_ask_request:
    mov     bp, TRIES
.Ldhcp_ask_again:
    mov     al, REQUEST
    call    dhcp_send
    mov     ax, TICKS_SECOND
    call    deadline_set
.Ldhcp_ask_answer:
    call    dhcp_hear
    jc      .Ldhcp_ask_silent
    cmp     word ptr [DHCP_KIND], ACK
    je      .Ldhcp_ask_lent
    cmp     word ptr [DHCP_KIND], NAK
    jne     .Ldhcp_ask_answer
    mov     si, offset text_no_address
    jmp     .Ldhcp_ask_failed
.Ldhcp_ask_silent:
    dec     bp
    jnz     .Ldhcp_ask_again
    mov     si, offset text_no_address
    jmp     .Ldhcp_ask_failed
.Ldhcp_ask_lent:
    mov     eax, [DHCP_OFFERED]
    mov     [NET_ADDRESS], eax
    clc
    ret

# Sends a message to all.
# In: AL kind.
# Clobbers: all but segments and BP.
dhcp_send:
    push    ax
    mov     di, NET_SENT + UDP_DATA
    mov     cx, BOOTP_SHORTEST / 2 + 20
    xor     ax, ax
    rep stosw
    mov     si, NET_SENT + UDP_DATA
    mov     dword ptr [si + BOOTP_OPERATION], 0x00060101
    mov     eax, [DHCP_XID]
    mov     [si + BOOTP_XID], eax
    mov     word ptr [si + BOOTP_FLAGS], BROADCAST_FLAG
    mov     eax, [NET_MAC]
    mov     [si + BOOTP_HARDWARE], eax
    mov     ax, [NET_MAC + 4]
    mov     [si + BOOTP_HARDWARE + 4], ax
    mov     dword ptr [si + BOOTP_COOKIE], COOKIE
    lea     di, [si + BOOTP_OPTIONS]
    mov     ax, OPTION_TYPE | (1 << 8)
    stosw
    pop     ax
    stosb
    cmp     al, REQUEST
    jne     1f
    mov     ax, OPTION_REQUESTED | (4 << 8)
    stosw
    mov     eax, [DHCP_OFFERED]
    stosd
    mov     ax, OPTION_SERVER | (4 << 8)
    stosw
    mov     eax, [DHCP_SERVER]
    stosd
1:  mov     si, offset options_sent
    mov     cx, options_sent_end - options_sent
    rep movsb es:[di], cs:[si]
    mov     cx, di
    sub     cx, NET_SENT + UDP_DATA
    or      edx, -1
    mov     bx, PORT_SERVER
    push    bp
    call    datagram_send
    pop     bp
    ret

# Waits for an answer, and takes what it says.
# Out: DHCP_KIND, and when it says so DHCP_OFFERED, DHCP_FILE with NET_REPLY; CF when none came.
# Clobbers: all but segments and BP.
dhcp_hear:
    push    bp
    call    datagram_wait
    pop     bp
    jc      .Ldhcp_hear_done
    cmp     cx, BOOTP_OPTIONS
    jb      dhcp_hear
    cmp     byte ptr [si + BOOTP_OPERATION], BOOT_REPLY
    jne     dhcp_hear
    mov     eax, [si + BOOTP_XID]
    cmp     eax, [DHCP_XID]
    jne     dhcp_hear
    cmp     dword ptr [si + BOOTP_COOKIE], COOKIE
    jne     dhcp_hear
    mov     al, OPTION_TYPE
    call    option_find
    jc      dhcp_hear
    movzx   ax, byte ptr [di]
    mov     [DHCP_KIND], ax
    cmp     ax, OFFER
    jne     .Ldhcp_hear_file
    cmp     dword ptr [DHCP_OFFERED], 0 # the first one is taken
    jne     .Ldhcp_hear_file
    mov     eax, [si + BOOTP_YOURS]
    test    eax, eax
    jz      .Ldhcp_hear_file
    mov     [DHCP_OFFERED], eax
    mov     bx, offset options_kept
.Ldhcp_hear_option:
    mov     al, cs:[bx]
    call    option_find
    jc      1f
    cmp     dx, 4
    jb      1f
    mov     eax, [di]
    mov     di, cs:[bx + 1]
    mov     [di], eax
1:  add     bx, 3
    cmp     bx, offset options_kept_end
    jb      .Ldhcp_hear_option
.Ldhcp_hear_file:
    cmp     word ptr [DHCP_FILE], 0
    jne     .Ldhcp_hear_good
    cmp     dword ptr [si + BOOTP_NEXT], 0
    je      .Ldhcp_hear_good
    mov     al, OPTION_BOOT_FILE        # without the field of BOOTP the option says it
    call    option_find
    jc      3f
    cmp     byte ptr [si + BOOTP_FILE], 0
    jne     3f
    cmp     dx, BOOTP_FILE_BYTES
    jae     3f
    push    cx
    push    si
    xchg    si, di
    add     di, BOOTP_FILE
    mov     cx, dx
    rep movsb
    mov     byte ptr [di], 0
    pop     si
    pop     cx
3:  cmp     byte ptr [si + BOOTP_FILE], 0
    je      .Ldhcp_hear_good
    mov     di, NET_REPLY
    cmp     cx, NET_REPLY_BYTES
    jbe     2f
    mov     cx, NET_REPLY_BYTES
2:  rep movsb
    inc     word ptr [DHCP_FILE]
.Ldhcp_hear_good:
    clc
.Ldhcp_hear_done:
    ret

# Finds an option of a message.
# In: AL option, SI message, CX its bytes.
# Out: DI its value, DX bytes; CF when it is not there.
# Clobbers: AX.
option_find:
    push    cx
    push    si
    add     cx, si                      # CX: end
    add     si, BOOTP_OPTIONS
.Loption_find_next:
    cmp     si, cx
    jae     .Loption_find_none
    mov     ah, [si]
    inc     si
    test    ah, ah
    jz      .Loption_find_next
    cmp     ah, OPTION_END
    je      .Loption_find_none
    cmp     si, cx
    jae     .Loption_find_none
    movzx   dx, byte ptr [si]
    inc     si
    mov     di, si
    add     si, dx
    cmp     si, cx
    ja      .Loption_find_none
    cmp     ah, al
    jne     .Loption_find_next
    clc
    jmp     .Loption_find_done
.Loption_find_none:
    stc
.Loption_find_done:
    pop     si
    pop     cx
    ret

.data
options_sent:
    .byte   OPTION_CLASS, 32
    .ascii  "PXEClient:Arch:00000:UNDI:002001"
    .byte   OPTION_ARCHITECTURE, 2, 0, 0
    .byte   94, 3, 1, 2, 1              # network interface: UNDI 2.1 (RFC 4578, 2.2)
    .byte   55, 7, OPTION_MASK, OPTION_ROUTER, OPTION_VENDOR, OPTION_SERVER, OPTION_CLASS
    .byte   OPTION_BOOT_SERVER, OPTION_BOOT_FILE
    .byte   57, 2, NET_REPLY_BYTES >> 8, 0  # longest message
    .byte   OPTION_END
options_sent_end:
# Options of four bytes that are kept of an offer, and where.
.macro KEPT option, place
    .byte   \option
    .word   \place
.endm
options_kept:
    KEPT    OPTION_MASK, NET_MASK
    KEPT    OPTION_ROUTER, NET_ROUTER
    KEPT    OPTION_SERVER, DHCP_SERVER
options_kept_end:
text_no_address:        .asciz "Network: no DHCP server lends an address\n"
text_no_file:           .asciz "Network: no DHCP server says what to boot\n"
