# A TFTP server (RFC 1350) for the files of one folder, read only: what a machine boots from, for example. Each transfer
# has a socket of its own, connected to its client, so that nobody else speaks for him.

.intel_syntax noprefix
.include "system-calls.inc"

TRANSFERS       = 6                     # each takes two of the sixteen handles
SERVER_PORT     = 69
DATAGRAMS       = 2                     # kind of socket
READABLE        = 1
FILE_READ       = 1                     # flag of `open`
BLOCK_BYTES     = 512
AGAIN_MS        = 1000
TRIES           = 5
NAME_BYTES      = 128                   # of a file, at most
FOLDER_BYTES    = 100
REQUEST_BYTES   = 512
ERROR_TIMEOUT   = -5
MODE_BYTES      = 6                     # of text_octet

READ_REQUEST    = 1                     # kinds of packets, the second byte
WRITE_REQUEST   = 2
DATA            = 3
ACKNOWLEDGEMENT = 4
ERROR           = 5
NOT_FOUND       = 1                     # codes of errors
ACCESS          = 2
UNDEFINED       = 0
HEAD_BYTES      = 4

# What is waited for.
ENTRY_HANDLE    = 0
ENTRY_WANTED    = 4
ENTRY_GOT       = 8
ENTRY_BYTES     = 12

# A transfer.
TRANSFER_FILE   = 0
TRANSFER_BLOCK  = 4                     # number of the block on its way, from 1
TRANSFER_LENGTH = 8                     # bytes of its packet
TRANSFER_DUE    = 12                    # milliseconds at which it is sent again
TRANSFER_TRIES  = 16
TRANSFER_PACKET = 20
TRANSFER_SIZE   = TRANSFER_PACKET + HEAD_BYTES + BLOCK_BYTES

.text

# Takes the folder.
.global _start
_start:
    mov     esi, [esp + 8]
    test    esi, esi
    jz      .Lusage
    mov     edi, offset path
    mov     ecx, FOLDER_BYTES
1:  lodsb
    test    al, al
    jz      2f
    stosb
    loop    1b
    jmp     .Lusage
2:  mov     byte ptr [edi], '/'
    inc     edi
    mov     [name_at], edi
    SYSTEM  socket, DATAGRAMS
    mov     edx, offset text_socket
    test    eax, eax
    js      fail
    mov     [entries + ENTRY_HANDLE], eax
    mov     dword ptr [entries + ENTRY_WANTED], READABLE
    mov     dword ptr [count], 1
    mov     ebx, eax
    SYSTEM  bind, ebx, 0, SERVER_PORT
    mov     edx, offset text_port
    test    eax, eax
    js      fail
    mov     eax, offset text_ready
    call    put
.Lwait:
    mov     ecx, [count]
    mov     edx, -1
    cmp     ecx, 1
    je      3f
    mov     edx, AGAIN_MS / 4
3:  SYSTEM  poll, "offset entries", ecx, edx
    mov     edx, offset text_poll
    test    eax, eax
    js      fail
    test    dword ptr [entries + ENTRY_GOT], READABLE
    jz      4f
    call    request_take
4:  mov     ebp, [count]                # EBP: from the last on, as the last takes the place of one that ends
.Ltransfer:
    dec     ebp
    jz      .Lwait
    call    transfer_serve
    jmp     .Ltransfer
.Lusage:
    mov     eax, 2
    mov     edx, offset text_usage
    call    put_to
    SYSTEM  exit, 2

# Takes a request, and begins its transfer or says why not.
request_take:
    mov     ebx, [entries + ENTRY_HANDLE]
    SYSTEM  receive, ebx, "offset request", REQUEST_BYTES, "offset peer", 0
    cmp     eax, HEAD_BYTES
    jl      .Lrequest_take_done
    lea     ebp, [request + eax]        # EBP: end
    cmp     byte ptr [request], 0
    jne     .Lrequest_take_done
    mov     edx, (ACCESS << 24) | (ERROR << 8)
    mov     esi, offset text_read_only
    cmp     byte ptr [request + 1], WRITE_REQUEST
    je      request_refuse
    cmp     byte ptr [request + 1], READ_REQUEST
    jne     .Lrequest_take_done
    mov     esi, offset request + 2
    mov     edi, [name_at]
    mov     ecx, NAME_BYTES
    mov     ah, '/'                     # what came before
.Lrequest_take_name:
    cmp     esi, ebp
    jae     .Lrequest_take_done
    lodsb
    cmp     al, '.'
    jne     .Lrequest_take_sign
    cmp     ah, '/'                     # neither hidden names nor ways up
    je      .Lrequest_take_denied
.Lrequest_take_sign:
    stosb
    test    al, al
    jz      .Lrequest_take_mode
    mov     ah, al
    loop    .Lrequest_take_name
.Lrequest_take_denied:
    mov     edx, (ACCESS << 24) | (ERROR << 8)
    mov     esi, offset text_denied
    jmp     request_refuse
.Lrequest_take_mode:
    mov     edi, offset text_octet
    mov     ecx, MODE_BYTES
.Lrequest_take_letter:
    cmp     esi, ebp
    jae     .Lrequest_take_done
    lodsb
    test    al, al
    jz      .Lrequest_take_same
    or      al, 0x20
.Lrequest_take_same:
    scasb
    jne     .Lrequest_take_text
    loop    .Lrequest_take_letter
    cmp     dword ptr [count], TRANSFERS + 1
    mov     edx, (UNDEFINED << 24) | (ERROR << 8)
    mov     esi, offset text_busy
    jae     request_refuse
    SYSTEM  open, "offset path", FILE_READ
    mov     edx, (NOT_FOUND << 24) | (ERROR << 8)
    mov     esi, offset text_not_found
    test    eax, eax
    js      request_refuse
    mov     ebp, [count]
    call    transfer_of
    mov     [edi + TRANSFER_FILE], eax
    mov     dword ptr [edi + TRANSFER_BLOCK], 0
    SYSTEM  socket, DATAGRAMS
    test    eax, eax
    js      .Lrequest_take_no_socket
    imul    esi, ebp, ENTRY_BYTES
    mov     [entries + esi + ENTRY_HANDLE], eax
    mov     dword ptr [entries + esi + ENTRY_WANTED], READABLE
    mov     dword ptr [entries + esi + ENTRY_GOT], 0
    inc     dword ptr [count]
    mov     ebx, eax
    mov     ecx, [peer]
    mov     edx, [peer + 4]
    SYSTEM  connect, ebx, ecx, edx, 0
    jmp     transfer_next
.Lrequest_take_no_socket:
    mov     ebx, [edi + TRANSFER_FILE]
    SYSTEM  close, ebx
.Lrequest_take_done:
    ret
.Lrequest_take_text:
    mov     edx, (UNDEFINED << 24) | (ERROR << 8)
    mov     esi, offset text_mode

# Refuses a request.
# In: EDX head of the packet, ESI text.
request_refuse:
    mov     [request], edx
    mov     edi, offset request + HEAD_BYTES
1:  lodsb
    stosb
    test    al, al
    jnz     1b
    mov     edx, edi
    sub     edx, offset request
    mov     ebx, [entries + ENTRY_HANDLE]
    SYSTEM  send, ebx, "offset request", edx, "offset peer", 0
    ret

# Finds the record of a transfer.
# In: EBP its number in the entries.
# Out: EDI.
transfer_of:
    imul    edi, ebp, TRANSFER_SIZE
    add     edi, offset transfers - TRANSFER_SIZE
    ret

# Goes on with a transfer: takes an acknowledgement, or sends the block again when its time has come.
# In: EBP its number in the entries.
transfer_serve:
    call    transfer_of
    imul    esi, ebp, ENTRY_BYTES
    mov     ebx, [entries + esi + ENTRY_HANDLE]
    cmp     dword ptr [entries + esi + ENTRY_GOT], 0
    jne     .Ltransfer_serve_hear
    SYSTEM  clock
    sub     eax, [edi + TRANSFER_DUE]
    js      .Ltransfer_serve_done
    inc     dword ptr [edi + TRANSFER_TRIES]
    cmp     dword ptr [edi + TRANSFER_TRIES], TRIES
    jb      transfer_send
    jmp     transfer_end
.Ltransfer_serve_hear:
    SYSTEM  receive, ebx, "offset request", REQUEST_BYTES, 0, 0
    call    transfer_of                 # EDI carried an argument
    test    eax, eax
    js      .Ltransfer_serve_failed
    cmp     eax, HEAD_BYTES
    jb      .Ltransfer_serve_done
    cmp     word ptr [request], ERROR << 8
    je      transfer_end
    cmp     word ptr [request], ACKNOWLEDGEMENT << 8
    jne     .Ltransfer_serve_done
    mov     ax, [request + 2]
    cmp     ax, [edi + TRANSFER_PACKET + 2]
    jne     .Ltransfer_serve_done       # of an earlier one: answering it would send everything twice from then on
    cmp     dword ptr [edi + TRANSFER_LENGTH], HEAD_BYTES + BLOCK_BYTES
    jb      transfer_end                # that was the last
    jmp     transfer_next
.Ltransfer_serve_failed:
    cmp     eax, ERROR_TIMEOUT          # nothing there after all
    jne     transfer_end
.Ltransfer_serve_done:
    ret

# Sends the next block of a transfer.
# In: EBP its number in the entries, EDI transfer.
transfer_next:
    inc     dword ptr [edi + TRANSFER_BLOCK]
    mov     dword ptr [edi + TRANSFER_TRIES], 0
    mov     ebx, [edi + TRANSFER_FILE]
    lea     ecx, [edi + TRANSFER_PACKET + HEAD_BYTES]
    SYSTEM  read, ebx, ecx, BLOCK_BYTES
    test    eax, eax
    js      transfer_end
    add     eax, HEAD_BYTES
    mov     [edi + TRANSFER_LENGTH], eax
    mov     eax, [edi + TRANSFER_BLOCK] # after 65535 they begin anew, as everywhere
    xchg    al, ah
    mov     word ptr [edi + TRANSFER_PACKET], DATA << 8
    mov     [edi + TRANSFER_PACKET + 2], ax

# Sends the block of a transfer that is on its way.
# In: EBP its number in the entries, EDI transfer.
transfer_send:
    SYSTEM  clock
    add     eax, AGAIN_MS
    mov     [edi + TRANSFER_DUE], eax
    imul    esi, ebp, ENTRY_BYTES
    mov     ebx, [entries + esi + ENTRY_HANDLE]
    lea     ecx, [edi + TRANSFER_PACKET]
    mov     edx, [edi + TRANSFER_LENGTH]
    push    edi
    SYSTEM  send, ebx, ecx, edx, 0, 0
    pop     edi
    ret

# Ends a transfer; the last one takes its place.
# In: EBP its number in the entries, EDI transfer.
transfer_end:
    imul    esi, ebp, ENTRY_BYTES
    mov     ebx, [entries + esi + ENTRY_HANDLE]
    SYSTEM  close, ebx
    mov     ebx, [edi + TRANSFER_FILE]
    SYSTEM  close, ebx
    dec     dword ptr [count]
    imul    ecx, [count], ENTRY_BYTES
    mov     eax, [entries + ecx + ENTRY_HANDLE]
    mov     [entries + esi + ENTRY_HANDLE], eax
    imul    esi, [count], TRANSFER_SIZE
    add     esi, offset transfers - TRANSFER_SIZE
    mov     ecx, TRANSFER_SIZE / 4
    rep movsd
    ret

.section .rodata
text_usage:     .asciz "usage: tftp-server FOLDER\n"
text_socket:    .asciz "socket"
text_port:      .asciz "port 69"
text_poll:      .asciz "poll"
text_ready:     .asciz "tftp-server: ready\n"
text_octet:     .asciz "octet"
text_read_only: .asciz "files are only read"
text_denied:    .asciz "not a name of a file here"
text_not_found: .asciz "no such file"
text_busy:      .asciz "busy, try later"
text_mode:      .asciz "octet only"

.bss
.balign 4
count:          .space 4                # of entries
name_at:        .space 4                # where the name goes in the path
entries:        .space (TRANSFERS + 1) * ENTRY_BYTES    # the socket for requests, those of the transfers
transfers:      .space TRANSFERS * TRANSFER_SIZE
peer:           .space 8
request:        .space REQUEST_BYTES
path:           .space FOLDER_BYTES + 1 + NAME_BYTES + 1
