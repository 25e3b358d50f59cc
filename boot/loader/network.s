# The network as a source of the kernel image: the PXE stack that loaded this loader is asked for the file `kernel` that
# lies beside the loader's own, by TFTP. Source: Preboot Execution Environment Specification 2.1 (Intel), 3 and 4.

.include "loader.inc"

.intel_syntax noprefix
.code16

# PXENV+, to which ES:BX pointed when the boot sector was entered, and !PXE, of versions from 2.1 on.
ENVIRONMENT_VERSION     = 0x06          # u16
ENVIRONMENT_ENTRY       = 0x0A          # segment and offset
ENVIRONMENT_PXE         = 0x28          # segment and offset of !PXE
VERSION_PXE             = 0x0201
PXE_SIGNATURE           = 0x45585021    # "!PXE"
PXE_ENTRY               = 0x10

UNDI_SHUTDOWN           = 0x05          # functions
STOP_UNDI               = 0x15
TFTP_OPEN               = 0x20
TFTP_CLOSE              = 0x21
TFTP_READ               = 0x22
UNLOAD_STACK            = 0x70
GET_CACHED_INFO         = 0x71

# What they are called with; each begins with a status.
STATUS                  = 0             # u16
OPEN_SERVER             = 2             # u32 address
OPEN_FILE               = 10            # name, NUL terminated
OPEN_FILE_BYTES         = 128
OPEN_PORT               = 138           # u16 in network order
OPEN_PACKET             = 140           # u16 bytes of a block, the server may want fewer
OPEN_SIZE               = 142
READ_BYTES              = 4             # u16
READ_BUFFER             = 6             # offset and segment
CACHED_KIND             = 2             # u16
CACHED_BYTES            = 4             # u16
CACHED_BUFFER           = 6             # offset and segment
CACHED_LIMIT            = 10            # u16
CALL_BYTES              = OPEN_SIZE     # the longest

CACHED_REPLY            = 3             # what named the file, whoever sent it
REPLY_BYTES             = 1500
REPLY_SERVER            = 20            # fields of BOOTP (RFC 951)
REPLY_FILE              = 108
REPLY_FILE_BYTES        = 128
KERNEL_NAME_BYTES       = 7
TFTP_PORT               = 69 << 8
PACKET_BYTES            = 1024          # some sectors of 512 bytes
SECTOR_BYTES            = 512

.text

# Opens the file.
# Out: what the boot info says of the boot drive, [kernel_sectors]. Ends the boot if it cannot be read.
# Clobbers: all but segments.
.global network_open
network_open:
    mov     di, BOOT_INFO_ADDRESS       # the record in the boot sector is that of a disk
    xor     eax, eax
    mov     byte ptr [di + bi_drive], NO_DRIVE
    mov     byte ptr [di + bi_media], BOOT_MEDIA_NETWORK
    mov     [di + bi_sector_bytes], ax
    mov     [di + bi_image_lba], eax
    mov     [di + bi_image_sectors], eax
    dec     eax
    mov     [di + bi_partition], eax
    mov     [kernel_sectors], eax       # the header says how long it is

    les     bx, [network_environment]
    mov     eax, es:[bx + ENVIRONMENT_ENTRY]
    cmp     word ptr es:[bx + ENVIRONMENT_VERSION], VERSION_PXE
    jb      .Lnetwork_open_entry
    les     bx, es:[bx + ENVIRONMENT_PXE]
    cmp     dword ptr es:[bx], PXE_SIGNATURE
    jne     .Lnetwork_open_entry
    mov     eax, es:[bx + PXE_ENTRY]
.Lnetwork_open_entry:
    mov     [entry], eax
    xor     ax, ax
    mov     es, ax

    call    parameters_clear
    mov     word ptr [di + CACHED_KIND], CACHED_REPLY
    mov     word ptr [di + CACHED_BYTES], REPLY_BYTES
    mov     word ptr [di + CACHED_BUFFER + 2], BOUNCE_SEGMENT
    mov     word ptr [di + CACHED_LIMIT], REPLY_BYTES
    mov     bx, GET_CACHED_INFO
    call    pxe_call
    mov     si, offset text_no_reply
    jc      fail
    push    BOUNCE_SEGMENT
    pop     fs
    mov     eax, fs:[REPLY_SERVER]
    mov     [server], eax
    mov     di, offset octets
    mov     cx, 4
.Lnetwork_open_octet:
    stosb
    add     di, 3
    shr     eax, 8
    loop    .Lnetwork_open_octet

    call    parameters_clear
    mov     eax, [server]
    mov     [di + OPEN_SERVER], eax
    mov     word ptr [di + OPEN_PORT], TFTP_PORT
    mov     word ptr [di + OPEN_PACKET], PACKET_BYTES
    add     di, OPEN_FILE
    mov     bx, di                      # BX: after the last folder
    mov     si, REPLY_FILE
    mov     cx, REPLY_FILE_BYTES - KERNEL_NAME_BYTES
.Lnetwork_open_letter:
    mov     al, fs:[si]
    inc     si
    test    al, al
    jz      .Lnetwork_open_folder
    stosb
    cmp     al, '/'
    jne     1f
    mov     bx, di
1:  loop    .Lnetwork_open_letter
.Lnetwork_open_folder:
    mov     di, bx
    mov     si, offset kernel_name
    mov     cx, KERNEL_NAME_BYTES
    rep movsb
    mov     di, offset parameters
    mov     bx, TFTP_OPEN
    call    pxe_call
    mov     si, offset text_open
    jc      fail
    mov     ax, [di + OPEN_PACKET]
    mov     [packet_bytes], ax
    ret

# Reads sectors of the kernel image to the bounce buffer. They are read in their order; those that begin where the last
# ones began are still there, and more follow them.
# In: EAX first sector, ECX number, 1 to CHUNK_SECTORS.
# Out: ESI linear address of the data. Ends the boot with a sentence if they cannot be read.
# Clobbers: EAX, EBX, ECX, EDX, EDI.
.global network_read
network_read:
    shl     cx, 9
    cmp     eax, [buffer_first]
    je      .Lnetwork_read_enough
    mov     [buffer_first], eax
    mov     word ptr [buffer_bytes], 0
.Lnetwork_read_enough:
    cmp     [buffer_bytes], cx
    jae     .Lnetwork_read_done
    push    cx
    call    parameters_clear
    mov     ax, [packet_bytes]
    mov     [di + READ_BYTES], ax
    mov     ax, [buffer_bytes]
    shr     ax, 4
    add     ax, BOUNCE_SEGMENT
    mov     [di + READ_BUFFER + 2], ax
    mov     bx, TFTP_READ
    call    pxe_call
    pop     cx
    mov     si, offset text_read
    jc      fail
    mov     ax, [di + READ_BYTES]
    add     [buffer_bytes], ax
    mov     si, offset text_end
    test    ax, ax                      # an image has whole sectors, so has each of its packets
    jz      fail
    test    ax, SECTOR_BYTES - 1
    jz      .Lnetwork_read_enough
    jmp     fail
.Lnetwork_read_done:
    mov     esi, BOUNCE
    ret

# Ends the transfer and has the PXE stack leave the card alone, whose packets would else go on to reach memory.
# Clobbers: AX, BX, CX, DI.
.global network_close
network_close:
    mov     si, offset closing
1:  call    parameters_clear
    lodsw
    mov     bx, ax
    call    pxe_call                    # what one does not know it need not do
    cmp     si, offset closing_end
    jb      1b
    ret

# Makes a new record for a call.
# Out: DI record.
# Clobbers: AX, CX.
parameters_clear:
    mov     di, offset parameters
    mov     cx, CALL_BYTES / 2
    xor     ax, ax
    rep stosw
    mov     di, offset parameters
    ret

# Calls the PXE stack, as !PXE wants it (all on the stack) and as PXENV+ wants it (in registers) at once.
# In: BX function, DI its record.
# Out: CF when it has failed, and [status].
# Clobbers: AX.
pxe_call:
    pushad
    push    ds
    push    es
    push    fs
    push    gs
    push    ds
    push    di
    push    bx
    lcall   [entry]
    add     sp, 6
    pop     gs
    pop     fs
    pop     es
    pop     ds
    mov     [result], ax
    popad
    sti
    cld
    mov     ax, [di + STATUS]
    mov     [status], ax
    or      ax, [result]
    cmp     ax, 1
    cmc
    ret

.data
.balign 4
.global network_environment
network_environment: .long 0            # segment and offset of PXENV+
entry:          .long 0
server:         .long 0
octets:         .long 0, 0, 0, 0        # of its address
buffer_first:   .long -1                # sector at which the buffer begins,
buffer_bytes:   .word 0                 # and what is in it
packet_bytes:   .word 0
status:         .word 0
result:         .word 0
closing:        .word TFTP_CLOSE, UNDI_SHUTDOWN, UNLOAD_STACK, STOP_UNDI
closing_end:
kernel_name:    .asciz "kernel"
.global text_at_server
text_at_server:
    .ascii  "from "
    DECIMAL octets
    .ascii  "."
    DECIMAL octets + 4
    .ascii  "."
    DECIMAL octets + 8
    .ascii  "."
    DECIMAL octets + 12
    .asciz  " by TFTP"
text_no_reply:
    .ascii  "the PXE stack does not say where it booted from, status "
    HEX8    status + 1
    HEX8    status
    .asciz  "h"
text_open:
    .ascii  "kernel image "
    TEXT    source + SOURCE_TEXT
    .ascii  ": the file "
    TEXT    file_address
    .ascii  " cannot be opened, PXE status "
    HEX8    status + 1
    HEX8    status
    .asciz  "h"
text_read:
    .ascii  "kernel image "
    TEXT    source + SOURCE_TEXT
    .ascii  ": sector "
    DECIMAL buffer_first
    .ascii  " and those after it cannot be read, PXE status "
    HEX8    status + 1
    HEX8    status
    .asciz  "h"
text_end:
    .ascii  "kernel image "
    TEXT    source + SOURCE_TEXT
    .asciz  ": the file ends within it"
file_address:   .word parameters + OPEN_FILE

.bss
.balign 4
parameters:     .space CALL_BYTES
