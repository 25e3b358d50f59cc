# Booting from the network without an expansion ROM: the firmware's own PXE stack. It gets an address, loads the file
# that DHCP names to 0000:7C00, and starts it; what it starts may go on to read files by TFTP. Source: Preboot Execution
# Environment Specification 2.1 (Intel), 3 and 4; of the API there is what the loader of a system asks for:
# GET_CACHED_INFO, TFTP_OPEN, TFTP_READ, TFTP_CLOSE, UNDI_SHUTDOWN, UNLOAD_STACK and STOP_UNDI. It has one file open at
# a time, and takes 23 KiB of base memory, from 9A000 up, until UNLOAD_STACK.

.include "firmware.inc"
.include "bootp.inc"
.include "network.inc"

.intel_syntax noprefix
.code16

FILE_END                = 0x80000       # the file ends below
BLOCK_WANTED            = 1024

# PXENV+ and !PXE.
ENVIRONMENT_BYTES       = 0x2C
ENVIRONMENT_CHECKSUM    = 9
ENVIRONMENT_POINTER     = 0x28
PXE_BYTES               = 0x58
PXE_CHECKSUM            = 5
PXE_ENTRY               = 0x10
PXE_CALLOUT             = 0x18

# Records of calls; each begins with a status.
OPEN_SERVER             = 2
OPEN_FILE               = 10
OPEN_FILE_BYTES         = 128
OPEN_PACKET             = 140
READ_NUMBER             = 2
READ_BYTES              = 4
READ_BUFFER             = 6
CACHED_KIND             = 2
CACHED_BYTES            = 4
CACHED_BUFFER           = 6
CACHED_LIMIT            = 10
CACHED_ACK              = 2
CACHED_REPLY            = 3
STATUS_SUCCESS          = 0
STATUS_FAILURE          = 1
STATUS_UNSUPPORTED      = 2
STATUS_TFTP_OPEN        = 0x3B          # the file is not found
STATUS_TFTP_READ        = 0x35          # the server does not answer
CALL_BYTES              = 4             # entry of the table of calls

.text

# Boots from the network; returns, with a sentence, when it cannot.
# Clobbers: all; DS = 0.
.global network_boot
network_boot:
    mov     ax, NET_SEGMENT
    mov     ds, ax
    mov     es, ax
    xor     di, di
    mov     cx, NET_RECEIVED / 2
    xor     ax, ax
    rep stosw
    call    card_open
    mov     si, offset text_no_card
    jc      .Lnetwork_boot_failed
    mov     ax, NET_KIB
    call    base_memory_set
    call    dhcp_ask
    jc      .Lnetwork_boot_close
    mov     si, NET_REPLY + BOOTP_FILE
    mov     di, NET_NAME
    mov     cx, OPEN_FILE_BYTES / 2
    rep movsw
    mov     byte ptr [di - 1], 0
    mov     edx, [NET_REPLY + BOOTP_NEXT]
    mov     ax, BLOCK_WANTED
    call    tftp_open
    mov     si, offset text_no_file
    jc      .Lnetwork_boot_close
    mov     edi, BOOT_ADDRESS           # EDI: linear address where the next block goes
.Lnetwork_boot_block:
    push    edi
    call    tftp_read
    pop     edi
    mov     ax, offset text_no_file
    jc      .Lnetwork_boot_refused
    jcxz    network_start
    movzx   ecx, cx
    add     ecx, edi
    cmp     ecx, FILE_END
    mov     ax, offset text_too_long
    ja      .Lnetwork_boot_refused
    sub     ecx, edi
    mov     eax, edi
    shr     eax, 4
    push    edi
    and     di, 15
    mov     es, ax
    push    cx
    rep movsb
    pop     cx
    pop     edi
    movzx   ecx, cx
    add     edi, ecx
    mov     ax, NET_SEGMENT
    mov     es, ax
    jmp     .Lnetwork_boot_block
.Lnetwork_boot_refused:
    push    ax
    call    tftp_close
    pop     si
.Lnetwork_boot_close:
    push    si
    call    card_reset
    mov     ax, 640 - EBDA_KIB
    call    base_memory_set
    pop     si
.Lnetwork_boot_failed:
    call    say
    xor     ax, ax
    mov     ds, ax
    ret

# Enters what was loaded. Does not return.
network_start:
    mov     si, offset environment
    mov     di, NET_ENVIRONMENT
    mov     cx, ENVIRONMENT_BYTES
    rep movsb es:[di], cs:[si]
    mov     di, NET_ENVIRONMENT
    mov     cx, ENVIRONMENT_BYTES
    call    checksum
    mov     [NET_ENVIRONMENT + ENVIRONMENT_CHECKSUM], al
    mov     si, offset pxe
    mov     di, NET_PXE
    mov     cx, pxe_end - pxe
    rep movsb es:[di], cs:[si]
    mov     di, NET_PXE
    mov     cx, PXE_BYTES
    call    checksum
    mov     [NET_PXE + PXE_CHECKSUM], al
    call    say_flush
    xor     ax, ax
    mov     ds, ax
    mov     bx, NET_ENVIRONMENT
    push    NET_SEGMENT
    push    NET_PXE
    push    cs                          # where it comes back to: the search for something to boot begins again
    push    offset .Lnetwork_start_back
    ljmp    0, BOOT_ADDRESS
.Lnetwork_start_back:
    int     0x19

# Says how much memory there is below the network client's.
# In: AX KiB.
# Clobbers: nothing.
base_memory_set:
    push    es
    push    BDA_SEGMENT
    pop     es
    mov     es:[BDA_MEMORY_KIB], ax
    pop     es
    ret

# Entry of PXENV+: BX function, ES:DI record.
environment_entry:
    push    es
    push    di
    push    bx
    push    cs
    call    pxe_entry
    add     sp, 6
    retf

# Entry of !PXE: function, offset and segment of the record on the stack. All registers but AX are kept.
# Out: AX 0, or 1 and the status in the record.
pxe_entry:
    push    bp
    mov     bp, sp
    pushad
    push    ds
    push    es
    cld
    sti
    mov     ax, NET_SEGMENT
    mov     ds, ax
    mov     eax, [bp + 8]
    mov     [PXE_CALL], eax
    mov     ax, [bp + 6]
    push    bp
    mov     si, offset calls
1:  cmp     si, offset calls_end
    jae     2f
    cmp     cs:[si], ax
    lea     si, [si + CALL_BYTES]
    jne     1b
    mov     ax, ds
    mov     es, ax
    call    cs:[si + 2 - CALL_BYTES]
    jmp     3f
2:  mov     ax, STATUS_UNSUPPORTED
3:  pop     bp
    les     di, [PXE_CALL]
    mov     es:[di], ax
    cmp     ax, 1
    sbb     ax, ax
    inc     ax
    mov     [bp - 4], ax                # AX of those saved
    pop     es
    pop     ds
    popad
    pop     bp
    retf

# GET_CACHED_INFO.
# In: as all calls have it, PXE_CALL record, DS = ES = NET_SEGMENT.
# Out: AX status.
# Clobbers: all but DS, SS, SP.
call_cached:
    les     bx, [PXE_CALL]
    mov     ax, es:[bx + CACHED_KIND]
    sub     ax, CACHED_ACK
    cmp     ax, CACHED_REPLY - CACHED_ACK
    ja      call_unsupported
    mov     cx, es:[bx + CACHED_BYTES]
    jcxz    1f
    cmp     cx, NET_REPLY_BYTES
    jbe     2f
    mov     cx, NET_REPLY_BYTES
    mov     es:[bx + CACHED_BYTES], cx
2:  les     di, es:[bx + CACHED_BUFFER]
    mov     si, NET_REPLY
    rep movsb
    xor     ax, ax
    ret
1:  mov     word ptr es:[bx + CACHED_BYTES], NET_REPLY_BYTES
    mov     word ptr es:[bx + CACHED_LIMIT], NET_REPLY_BYTES
    mov     word ptr es:[bx + CACHED_BUFFER], NET_REPLY
    mov     word ptr es:[bx + CACHED_BUFFER + 2], NET_SEGMENT
call_nothing:
    xor     ax, ax
    ret

# A call that there is not.
# Out: AX status, as of all calls.
call_unsupported:
    mov     ax, STATUS_UNSUPPORTED
    ret

# TFTP_OPEN.
# Out: AX status, as of all calls.
call_open:
    push    ds
    lds     si, [PXE_CALL]
    mov     edx, [si + OPEN_SERVER]
    mov     ax, [si + OPEN_PACKET]
    add     si, OPEN_FILE
    mov     di, NET_NAME
    mov     cx, OPEN_FILE_BYTES
    rep movsb
    pop     ds
    mov     byte ptr [di - 1], 0
    call    tftp_open
    mov     ax, STATUS_TFTP_OPEN
    jc      1f
    mov     ax, [TFTP_BYTES]
    les     di, [PXE_CALL]
    mov     es:[di + OPEN_PACKET], ax
    xor     ax, ax
1:  ret

# TFTP_READ.
# Out: AX status, as of all calls.
call_read:
    call    tftp_read
    mov     ax, STATUS_TFTP_READ
    jc      1f
    les     bx, [PXE_CALL]
    mov     ax, [TFTP_BLOCK]
    mov     es:[bx + READ_NUMBER], ax
    mov     es:[bx + READ_BYTES], cx
    les     di, es:[bx + READ_BUFFER]
    rep movsb
    xor     ax, ax
1:  ret

# TFTP_CLOSE.
# Out: AX status, as of all calls.
call_close:
    call    tftp_close
    xor     ax, ax
    ret

# UNDI_SHUTDOWN.
# Out: AX status, as of all calls.
call_shutdown:
    call    card_reset
    xor     ax, ax
    ret

# UNLOAD_STACK.
# Out: AX status, as of all calls.
call_unload:
    mov     ax, 640 - EBDA_KIB
    call    base_memory_set
    xor     ax, ax
    ret

.data
# Functions and their routines.
calls:
    .word   0x05, call_shutdown         # UNDI_SHUTDOWN
    .word   0x15, call_nothing          # STOP_UNDI
    .word   0x20, call_open             # TFTP_OPEN
    .word   0x21, call_close            # TFTP_CLOSE
    .word   0x22, call_read             # TFTP_READ
    .word   0x70, call_unload           # UNLOAD_STACK
    .word   0x71, call_cached           # GET_CACHED_INFO
calls_end:
environment:
    .ascii  "PXENV+"
    .word   0x0201
    .byte   ENVIRONMENT_BYTES, 0        # checksum to come
    .word   environment_entry, ROM_SEGMENT
    .space  ENVIRONMENT_POINTER - 0x0E  # nothing for protected mode, nor segments to be released
    .word   NET_PXE, NET_SEGMENT
pxe:
    .ascii  "!PXE"
    .byte   PXE_BYTES, 0, 0, 0          # checksum to come
    .space  PXE_ENTRY - 8
    .word   pxe_entry, ROM_SEGMENT
    .long   0                           # nothing for protected mode
    .long   -1                          # no callout
pxe_end:
text_no_card:           .asciz "Network: there is no card with a ROM, nor one that the firmware knows\n"
text_no_file:           .asciz "Network: the server does not give the file\n"
text_too_long:          .asciz "Network: the file does not fit into base memory\n"
