# A TFTP client (RFC 1350) with options for larger blocks and the size of the file (RFC 2347 to 2349): gets a file from
# a server, or puts one there.

.include "program.inc"

DATAGRAMS       = 2                     # kind of socket
SERVER_PORT     = 69
BLOCK_USUAL     = 512
BLOCK_MINIMUM   = 8
BLOCK_WANTED    = 1428                  # fits a frame
HEAD_BYTES      = 4
PACKET_BYTES    = HEAD_BYTES + BLOCK_WANTED
NAME_BYTES      = 255                   # of a file, at most
AGAIN_MS        = 1000                  # the first time; each time twice as long
TRIES           = 5
FLAG_CHARACTER  = 32                    # from here to 126 a server's text is shown as it is

READ_REQUEST    = 1                     # kinds of packets, the second byte
WRITE_REQUEST   = 2
DATA            = 3
ACKNOWLEDGEMENT = 4
ERROR           = 5
OPTIONS         = 6
DISK_FULL       = 3                     # codes of errors
ILLEGAL         = 4
UNKNOWN_PEER    = 5
BAD_OPTION      = 8

OPTION_SIZE     = 16

DESCRIPTION "get|put SERVER FILE [NAME]", "get a file by TFTP, or put one there", GROUP_NETWORK

.text

# Takes `get` or `put`, the server, the file there or here, and the name that it is to have here or there.
.global _start
_start:
    mov     eax, [esp]
    sub     eax, 4
    cmp     eax, 1
    ja      misused
    mov     eax, [esp + 16]
    mov     [source], eax
    mov     edx, [esp + 20]
    test    edx, edx
    jnz     2f
    mov     edx, eax                    # the same without its folders
1:  mov     cl, [eax]
    inc     eax
    cmp     cl, '/'
    jne     3f
    mov     edx, eax
3:  test    cl, cl
    jnz     1b
2:  mov     [target], edx
    mov     esi, [esp + 8]
    mov     eax, [esp + 12]
    mov     [server], eax
    mov     ebx, READ_REQUEST
    cmp     dword ptr [esi], 0x00746567 # "get"
    je      4f
    mov     ebx, WRITE_REQUEST
    cmp     dword ptr [esi], 0x00747570 # "put"
    jne     misused
4:  mov     [kind], ebx
    call    address_of
    mov     [peer], eax
    mov     dword ptr [peer + 4], SERVER_PORT
    SYSTEM  socket, DATAGRAMS
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [socket], eax
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, 0
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    cmp     dword ptr [kind], READ_REQUEST
    je      get
    jmp     put_file

# Gets the file. What has come so far has another name, so that what was there before stays until all is here.
get:
    mov     eax, [source]
    xor     edx, edx
    call    request_write
    call    hear
    call    options_read
    jc      .Lget_packet                # a server that knows no options sends the first block at once
    xor     eax, eax
    call    acknowledge
.Lget_answer:
    call    hear
.Lget_packet:
    cmp     byte ptr [heard + 1], DATA
    je      .Lget_data
    cmp     byte ptr [heard + 1], OPTIONS
    jne     .Lget_other
    cmp     dword ptr [blocks], 0       # what said that they were taken has been lost
    jne     .Lget_other
    call    send_again
.Lget_other:
    call    hear_on
    jmp     .Lget_packet
.Lget_data:
    sub     eax, HEAD_BYTES
    mov     ebp, eax                    # EBP: bytes of the block
    mov     eax, [heard + 2]
    xchg    al, ah
    movzx   eax, ax
    movzx   ecx, word ptr [blocks]
    cmp     eax, ecx
    jne     1f
    call    send_again                  # the block before this: its acknowledgement was lost
    jmp     .Lget_other
1:  inc     cx
    cmp     eax, ecx
    jne     .Lget_other
    mov     esi, offset text_long
    mov     eax, ILLEGAL
    cmp     ebp, [block_bytes]
    ja      abandon
    cmp     dword ptr [file], 0
    jne     2f
    mov     eax, [target]
    call    part_open
    mov     edx, [target]
    jc      .Lget_failed
    mov     [file], eax
2:  inc     dword ptr [blocks]
    add     [bytes], ebp
    jc      .Lget_full
    mov     eax, [file]
    mov     edx, offset heard + HEAD_BYTES
    mov     ecx, ebp
    call    write_all
    mov     edx, [target]
    jc      .Lget_failed
    mov     eax, [blocks]
    call    acknowledge
    cmp     ebp, [block_bytes]
    je      .Lget_answer
    mov     eax, [size]
    cmp     eax, -1
    je      3f
    mov     esi, offset text_size
    cmp     eax, [bytes]
    mov     eax, ILLEGAL
    jne     abandon
3:  call    get_end
    jc      .Lget_failed
    jmp     done
.Lget_full:
    mov     esi, offset text_full
    mov     eax, DISK_FULL
    jmp     abandon
.Lget_failed:
    push    eax
    push    edx
    mov     eax, DISK_FULL
    mov     esi, offset text_full
    call    refuse
    call    forget
    pop     edx
    pop     eax
    jmp     fail

# Acknowledges the last block, and gives the file its name.
# Out: CF, EAX error and EDX name of the file when it cannot be written.
# Clobbers: EBX, ECX.
get_end:
    call    send_again
    mov     ebx, [file]
    SYSTEM  sync, ebx
    mov     edx, [target]
    test    eax, eax
    js      .Lget_end_not
    SYSTEM  close, ebx
    mov     eax, [target]
    call    part_place
    mov     edx, [target]
    test    eax, eax
    js      fail
    clc
    ret
.Lget_end_not:
    stc
    ret

# Puts the file.
put_file:
    mov     edx, [source]
    SYSTEM  stat, edx, "offset about"
    mov     edx, [source]
    test    eax, eax
    js      fail
    mov     ebx, [source]
    SYSTEM  open, ebx, FILE_READ
    mov     edx, [source]
    test    eax, eax
    js      fail
    mov     [file], eax
    mov     eax, [target]
    mov     edx, [about + STAT_BYTES]
    call    request_write
    call    hear
    call    options_read
    jnc     .Lput_file_block
.Lput_file_first:
    cmp     dword ptr [heard], ACKNOWLEDGEMENT << 8
    je      .Lput_file_block
    call    hear_on
    call    options_read
    jc      .Lput_file_first
.Lput_file_block:
    mov     ebx, [file]
    mov     edx, [block_bytes]
    SYSTEM  read, ebx, "offset sent + HEAD_BYTES", edx
    test    eax, eax
    js      .Lput_file_failed
    add     [bytes], eax
    mov     ebp, eax                    # EBP: bytes of the block
    add     eax, HEAD_BYTES
    mov     [sent_bytes], eax
    inc     dword ptr [blocks]
    mov     eax, [blocks]
    xchg    al, ah
    shl     eax, 16
    or      eax, DATA << 8
    mov     [sent], eax
    call    hear
.Lput_file_answer:
    mov     eax, [sent]                 # its number
    xor     eax, (DATA ^ ACKNOWLEDGEMENT) << 8
    cmp     eax, [heard]
    je      1f
    call    hear_on                     # an earlier block's is not answered: everything would go twice
    jmp     .Lput_file_answer
1:  cmp     ebp, [block_bytes]
    je      .Lput_file_block
    jmp     done
.Lput_file_failed:
    push    eax
    mov     eax, 0
    mov     esi, offset text_unread
    call    refuse
    pop     eax
    mov     edx, [source]
    jmp     fail

# Says how much came or went, and ends the program.
done:
    mov     eax, [bytes]
    call    put_number
    mov     eax, offset text_bytes
    call    put
    mov     eax, [blocks]
    call    put_number
    mov     eax, offset text_blocks
    call    put
    SYSTEM  exit, 0

# Appends a name with its NUL. One that is too long ends the program.
# In: ESI name, EDI where it goes, ECX most bytes.
# Out: EDI its NUL.
# Clobbers: EAX, ECX, ESI.
copy_name:
    lodsb
    stosb
    test    al, al
    jz      1f
    loop    copy_name
    mov     eax, 2
    mov     edx, offset text_name
    call    put_to
    SYSTEM  exit, 1
1:  dec     edi
    ret

# Writes the request: name, mode, and the options.
# In: EAX name, EDX bytes of the file; 0 asks for them.
request_write:
    push    edx
    mov     esi, eax
    mov     edi, offset sent
    xor     eax, eax
    stosb
    mov     al, [kind]
    stosb
    mov     ecx, NAME_BYTES
    call    copy_name
    inc     edi
    mov     esi, offset text_options
    mov     ecx, text_options_end - text_options
    rep     movsb
    pop     eax
    mov     ecx, 10
    push    0
1:  xor     edx, edx
    div     ecx
    add     edx, '0'
    push    edx
    test    eax, eax
    jnz     1b
2:  pop     eax
    stosb
    test    al, al
    jnz     2b
    sub     edi, offset sent
    mov     [sent_bytes], edi
    ret

# Makes an acknowledgement what is sent next.
# In: EAX block.
acknowledge:
    xchg    al, ah
    shl     eax, 16
    or      eax, ACKNOWLEDGEMENT << 8
    mov     [sent], eax
    mov     dword ptr [sent_bytes], HEAD_BYTES
    ret

# Sends what was made last.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
send_again:
    mov     ebx, [socket]
    mov     edx, [sent_bytes]
    SYSTEM  send, ebx, "offset sent", edx, "offset peer", 0
    ret

# Sends what was made last, again and again, until the server answers. When it does not, the program ends; also when it
# says that something is wrong.
# Out: EAX bytes that are in `heard`, four at least.
# Clobbers: EBX, ECX, EDX, ESI, EDI.
hear:
    mov     dword ptr [tries], TRIES
    mov     dword ptr [pause], AGAIN_MS
.Lhear_send:
    call    send_again
    SYSTEM  clock
    add     eax, [pause]
    mov     [deadline], eax

# Goes on to wait, as what came was not what is waited for.
# Out: as `hear`.
# Clobbers: EBX, ECX, EDX, ESI, EDI.
hear_on:
    SYSTEM  clock
    mov     edi, [deadline]
    sub     edi, eax
    test    edi, edi
    jle     .Lhear_late
    mov     ebx, [socket]
    SYSTEM  receive, ebx, "offset heard", PACKET_BYTES + 1, "offset from", edi
    cmp     eax, -ERROR_TIMEOUT
    je      .Lhear_late
    cmp     eax, HEAD_BYTES
    jl      hear_on                     # too short, or an error of ICMP, which anybody can send
    mov     edx, [from]
    cmp     edx, [peer]
    jne     hear_on
    cmp     byte ptr [heard], 0
    jne     hear_on
    mov     edx, [from + 4]
    cmp     dword ptr [known], 0
    jne     1f
    mov     [peer + 4], edx             # the server takes a port of its own for each transfer
    mov     dword ptr [known], 1
1:  cmp     edx, [peer + 4]
    jne     .Lhear_stranger
    cmp     byte ptr [heard + 1], ERROR
    je      .Lhear_error
    ret
.Lhear_stranger:
    cmp     byte ptr [heard + 1], ERROR # never answered by one
    je      hear_on
    mov     eax, UNKNOWN_PEER
    mov     esi, offset text_stranger
    mov     edx, offset from
    call    refuse_to
    jmp     hear_on
.Lhear_late:
    shl     dword ptr [pause], 1
    dec     dword ptr [tries]
    jnz     .Lhear_send
    mov     esi, offset text_silent
    jmp     give_up
.Lhear_error:
    lea     ecx, [eax - HEAD_BYTES]
    mov     esi, offset heard + HEAD_BYTES
    mov     edi, offset sent
.Lhear_letter:
    jecxz   .Lhear_said
    dec     ecx
    lodsb
    test    al, al
    jz      .Lhear_said
    cmp     al, FLAG_CHARACTER
    jb      3f
    cmp     al, 126
    jbe     .Lhear_plain
3:  mov     al, '?'                     # nobody else's control characters reach the screen
.Lhear_plain:
    stosb
    jmp     .Lhear_letter
.Lhear_said:
    mov     byte ptr [edi], 0
    mov     esi, offset sent

# Says why it does not go on, forgets what came, and ends the program.
# In: ESI text.
give_up:
    call    forget
    mov     eax, 2
    mov     edx, [server]
    call    put_to
    mov     eax, 2
    mov     edx, offset text_colon
    call    put_to
    mov     eax, 2
    mov     edx, esi
    call    put_to
    mov     eax, 2
    mov     edx, offset text_end
    call    put_to
    SYSTEM  exit, 1

# Tells the server that it is wrong, and gives up.
# In: EAX code, ESI text.
abandon:
    push    esi
    call    refuse
    pop     esi
    jmp     give_up

# Removes what came of a file that did not come whole.
# Clobbers: EAX, EBX.
forget:
    cmp     dword ptr [kind], READ_REQUEST
    jne     1f
    mov     ebx, [file]
    test    ebx, ebx
    jz      1f
    SYSTEM  close, ebx
    call    part_remove
1:  ret

# Sends an error to the server.
# In: EAX code, ESI text.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
refuse:
    mov     edx, offset peer

# Sends an error.
# In: EAX code, ESI text, EDX whom.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
refuse_to:
    shl     eax, 24
    or      eax, ERROR << 8
    mov     [error], eax
    mov     edi, offset error + HEAD_BYTES
1:  lodsb
    stosb
    test    al, al
    jnz     1b
    mov     esi, edx
    mov     edx, edi
    sub     edx, offset error
    mov     ebx, [socket]
    SYSTEM  send, ebx, "offset error", edx, esi, 0
    ret

# Reads the options that the server has taken. One that was not asked for, or has no sense, ends the program.
# In: EAX bytes in `heard`.
# Out: CF and EAX as it was when there are none.
# Clobbers: ESI, EDI and all others.
options_read:
    cmp     byte ptr [heard + 1], OPTIONS
    stc
    jne     .Loptions_read_done
    lea     ebx, [heard + eax]          # EBX: end
    cmp     byte ptr [ebx - 1], 0
    jne     .Loptions_read_bad
    mov     esi, offset heard + 2
.Loptions_read_next:
    cmp     esi, ebx
    jae     .Loptions_read_good
    mov     ecx, offset option_names    # ECX: what may be named, and the routine that takes the value
.Loptions_read_name:
    mov     edi, [ecx]
    test    edi, edi
    jz      .Loptions_read_bad
    push    esi
1:  lodsb
    test    al, al
    jz      2f
    or      al, 0x20
2:  scasb
    jne     3f
    test    al, al
    jnz     1b
    add     esp, 4
    cmp     esi, ebx
    jae     .Loptions_read_bad
    mov     eax, esi
    mov     edi, ecx
    call    number_of
    jc      .Loptions_read_bad
    cmp     eax, [edi + 4]
    jb      .Loptions_read_bad
    cmp     eax, [edi + 8]
    ja      .Loptions_read_bad
    mov     edi, [edi + 12]
    mov     [edi], eax
4:  lodsb
    test    al, al
    jnz     4b
    jmp     .Loptions_read_next
3:  pop     esi
    add     ecx, OPTION_SIZE
    jmp     .Loptions_read_name
.Loptions_read_good:
    clc
.Loptions_read_done:
    ret
.Loptions_read_bad:
    mov     eax, BAD_OPTION
    mov     esi, offset text_option
    jmp     abandon

.data
.balign 4
block_bytes:    .long BLOCK_USUAL
size:           .long -1                # that the server says the file has
# OPTION_SIZE each: name, least and largest value, where it goes.
option_names:
    .long   option_block, BLOCK_MINIMUM, BLOCK_WANTED, block_bytes
    .long   option_size, 0, -2, size
    .long   0

.section .rodata
text_socket:    .asciz "socket"
text_name:      .asciz "tftp: a name has at most 255 characters\n"
text_silent:    .asciz "no answer"
text_stranger:  .asciz "not your transfer"
text_long:      .asciz "a block is too long"
text_size:      .asciz "the file has not the size that was said"
text_full:      .asciz "no room"
text_unread:    .asciz "the file cannot be read"
text_option:    .asciz "an option was not asked for"
text_bytes:     .asciz " bytes in "
text_blocks:    .asciz " blocks\n"
text_colon:     .asciz ": "
text_end:       .asciz "\n"
option_block:   .asciz "blksize"
option_size:    .asciz "tsize"
text_options:
    .asciz  "octet"
    .asciz  "blksize"
    .asciz  "1428"
    .asciz  "tsize"
text_options_end:

.bss
.balign 4
kind:           .space 4                # READ_REQUEST or WRITE_REQUEST
server:         .space 4                # as it was named
source:         .space 4                # names
target:         .space 4
socket:         .space 4
file:           .space 4                # handle, 0: none yet
known:          .space 4                # the server's port is known
tries:          .space 4
pause:          .space 4
deadline:       .space 4
blocks:         .space 4
bytes:          .space 4
sent_bytes:     .space 4
peer:           .space 8
from:           .space 8
error:          .space 64
about:          .space STAT_SIZE
.balign 4
sent:           .space PACKET_BYTES
.balign 4
heard:          .space PACKET_BYTES + 4
