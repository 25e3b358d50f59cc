# A TFTP server (RFC 1350) for the files of one folder, read only: what a machine boots from, for example. Each transfer
# has a socket of its own, connected to its client, so that nobody else speaks for him. It takes the options for larger
# blocks, the size of the file, and the time after which a block is sent again (RFC 2347 to 2349).

.include "program.inc"

TRANSFERS       = 6                     # each takes two handles
SERVER_PORT     = 69
DATAGRAMS       = 2                     # kind of socket
READABLE        = 1
BLOCK_USUAL     = 512
BLOCK_MINIMUM   = 8
BLOCK_MAXIMUM   = 1468                  # fills a frame
AGAIN_MS        = 1000
AGAIN_SECONDS_MAXIMUM = 8               # who is silent keeps one of the few transfers for five times as long
TRIES           = 5
NAME_BYTES      = 128                   # of a file, at most
FOLDER_BYTES    = 100
REQUEST_BYTES   = 512
MODE_BYTES      = 6                     # of text_octet

READ_REQUEST    = 1                     # kinds of packets, the second byte
WRITE_REQUEST   = 2
DATA            = 3
ACKNOWLEDGEMENT = 4
ERROR           = 5
OPTIONS         = 6
NOT_FOUND       = 1                     # codes of errors
ACCESS          = 2
UNDEFINED       = 0
HEAD_BYTES      = 4

# What `socket_status` says.
HEARD_ADDRESS   = 8                     # where the datagram taken last was sent
HEARD_BYTES     = 48

# An option that is known.
OPTION_NAME     = 0
OPTION_TAKE     = 4                     # routine: block_take and those after it
OPTION_SIZE     = 8

# What is waited for.
ENTRY_HANDLE    = 0
ENTRY_WANTED    = 4
ENTRY_GOT       = 8
ENTRY_BYTES     = 12

# A transfer.
TRANSFER_FILE   = 0
TRANSFER_BLOCK  = 4                     # number of the block on its way, from 1; 0: the options are
TRANSFER_LENGTH = 8                     # bytes of its packet
TRANSFER_DUE    = 12                    # milliseconds at which it is sent again
TRANSFER_TRIES  = 16
TRANSFER_BYTES  = 20                    # of a block
TRANSFER_AGAIN  = 24                    # milliseconds after which it is sent again
TRANSFER_PEER   = 28                    # address and port of the client, 0 once it was heard
TRANSFER_MARK   = 36                    # what its request sums up to
TRANSFER_PACKET = 40
TRANSFER_SIZE   = TRANSFER_PACKET + HEAD_BYTES + BLOCK_MAXIMUM

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
    mov     [options_at], esi
    mov     [options_end], ebp
    call    request_known
    je      .Lrequest_take_done
    cmp     dword ptr [count], TRANSFERS + 1
    mov     edx, (UNDEFINED << 24) | (ERROR << 8)
    mov     esi, offset text_busy
    jae     request_refuse
    SYSTEM  open, "offset path", FILE_READ
    mov     edx, (NOT_FOUND << 24) | (ERROR << 8)
    mov     esi, offset text_not_found
    test    eax, eax
    js      request_refuse
    call    transfer_begin
    SYSTEM  socket, DATAGRAMS
    test    eax, eax
    js      .Lrequest_take_no_socket
    call    transfer_watch
    push    eax
    mov     ebx, [entries + ENTRY_HANDLE]
    SYSTEM  socket_status, ebx, "offset heard"
    pop     ebx
    mov     ecx, [heard + HEARD_ADDRESS]    # the answer comes from where the request went, unless all got that
    SYSTEM  bind, ebx, ecx, 0
    mov     ecx, [peer]
    mov     edx, [peer + 4]
    SYSTEM  connect, ebx, ecx, edx, 0
    call    options_take
    jc      transfer_next
    jmp     transfer_send
.Lrequest_take_no_socket:
    mov     ebx, [edi + TRANSFER_FILE]
    SYSTEM  close, ebx
.Lrequest_take_done:
    ret
.Lrequest_take_text:
    mov     edx, (UNDEFINED << 24) | (ERROR << 8)
    mov     esi, offset text_mode
    jmp     request_refuse

# Begins a transfer.
# In: EAX file.
# Out: EBP its number, EDI transfer.
# Clobbers: EAX.
transfer_begin:
    mov     ebp, [count]
    call    transfer_of
    mov     [edi + TRANSFER_FILE], eax
    mov     eax, [request_mark]
    mov     [edi + TRANSFER_MARK], eax
    mov     eax, [peer]
    mov     [edi + TRANSFER_PEER], eax
    mov     eax, [peer + 4]
    mov     [edi + TRANSFER_PEER + 4], eax
    mov     dword ptr [edi + TRANSFER_BLOCK], 0
    mov     dword ptr [edi + TRANSFER_TRIES], 0
    mov     dword ptr [edi + TRANSFER_BYTES], BLOCK_USUAL
    mov     dword ptr [edi + TRANSFER_AGAIN], AGAIN_MS
    ret

# Has a transfer looked at when something comes for it.
# In: EBP its number, EAX socket.
# Clobbers: ESI.
transfer_watch:
    imul    esi, ebp, ENTRY_BYTES
    mov     [entries + esi + ENTRY_HANDLE], eax
    mov     dword ptr [entries + esi + ENTRY_WANTED], READABLE
    mov     dword ptr [entries + esi + ENTRY_GOT], 0
    inc     dword ptr [count]
    ret

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

# Looks whether the request came before, and nothing was heard of its client since: the network has doubled it, or the
# answer was lost, which goes again in its time.
# In: EBP end of the request.
# Out: request_mark; ZF when it did.
# Clobbers: EAX, ECX, EDX, ESI.
request_known:
    mov     esi, offset request
    mov     eax, 0x811C9DC5             # FNV-1a
1:  movzx   edx, byte ptr [esi]
    xor     eax, edx
    imul    eax, eax, 0x01000193
    inc     esi
    cmp     esi, ebp
    jb      1b
    mov     [request_mark], eax
    mov     ecx, [count]
    mov     esi, offset transfers - TRANSFER_SIZE
2:  add     esi, TRANSFER_SIZE
    sub     ecx, 1
    jz      3f
    cmp     [esi + TRANSFER_MARK], eax
    jne     2b
    mov     edx, [peer]
    cmp     [esi + TRANSFER_PEER], edx
    jne     2b
    mov     edx, [peer + 4]
    cmp     [esi + TRANSFER_PEER + 4], edx
    jne     2b
    ret
3:  test    esp, esp                    # ZF clear
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
    xchg    al, ah
    cmp     ax, [edi + TRANSFER_BLOCK]
    jne     .Ltransfer_serve_done       # of an earlier one: answering it would send everything twice from then on
    mov     dword ptr [edi + TRANSFER_PEER], 0
    cmp     dword ptr [edi + TRANSFER_BLOCK], 0
    je      transfer_next
    mov     eax, [edi + TRANSFER_LENGTH]
    sub     eax, HEAD_BYTES
    cmp     eax, [edi + TRANSFER_BYTES]
    jb      transfer_end                # that was the last
    jmp     transfer_next
.Ltransfer_serve_failed:
    cmp     eax, -ERROR_TIMEOUT         # nothing there after all
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
    mov     edx, [edi + TRANSFER_BYTES]
    SYSTEM  read, ebx, ecx, edx
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
    add     eax, [edi + TRANSFER_AGAIN]
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

# Takes those of the request's options that are known and have a sense, each once, and makes what says so the first
# packet of the transfer.
# In: EDI transfer.
# Out: CF when there are none.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
options_take:
    push    ebp
    mov     ebp, offset options_known
    lea     esi, [edi + TRANSFER_PACKET]
    mov     word ptr [esi], OPTIONS << 8
    add     esi, 2                      # ESI: end of the packet
.Loptions_take_next:
    call    option_find
    jc      .Loptions_take_skip
    call    number_of
    jc      .Loptions_take_skip
    push    esi
    call    [ebp + OPTION_TAKE]
    pop     esi
    jc      .Loptions_take_skip
    mov     edx, [ebp + OPTION_NAME]
    call    string_put
    sub     esp, 12                     # ten digits and a NUL
    lea     edx, [esp + 11]
    mov     byte ptr [edx], 0
    mov     ebx, 10
    mov     ecx, edx
1:  xor     edx, edx
    div     ebx
    add     dl, '0'
    dec     ecx
    mov     [ecx], dl
    test    eax, eax
    jnz     1b
    mov     edx, ecx
    call    string_put
    add     esp, 12
.Loptions_take_skip:
    add     ebp, OPTION_SIZE
    cmp     ebp, offset options_known_end
    jb      .Loptions_take_next
    sub     esi, edi
    sub     esi, TRANSFER_PACKET
    mov     [edi + TRANSFER_LENGTH], esi
    cmp     esi, 3                      # CF when there is no more than the kind of packet
    pop     ebp
    ret

# Finds an option in the request: names and values by turns, each with its NUL.
# In: EBP option.
# Out: EAX value; CF when it is not there.
# Clobbers: EBX, ECX, EDX.
option_find:
    push    esi
    mov     edx, [options_at]
.Loption_find_next:
    mov     esi, edx
    call    string_end
    jc      .Loption_find_done
    mov     ebx, edx
    call    string_end
    jc      .Loption_find_done
    mov     ecx, [ebp + OPTION_NAME]
.Loption_find_letter:
    lodsb
    test    al, al
    jz      1f
    or      al, 0x20
1:  cmp     al, [ecx]
    jne     .Loption_find_next
    inc     ecx
    test    al, al
    jnz     .Loption_find_letter
    mov     eax, ebx                    # CF is clear
.Loption_find_done:
    pop     esi
    ret

# Finds the end of a string in the request's options.
# In: EDX string.
# Out: EDX after its NUL; CF when it has none.
string_end:
    cmp     edx, [options_end]
    cmc
    jc      1f
    inc     edx
    cmp     byte ptr [edx - 1], 0
    jne     string_end
1:  ret

# Appends a string with its NUL.
# In: EDX string, ESI where it goes.
# Out: ESI after it.
# Clobbers: ECX, EDX.
string_put:
    mov     cl, [edx]
    mov     [esi], cl
    inc     edx
    inc     esi
    test    cl, cl
    jnz     string_put
    ret

# Take an option, each.
# In: EAX value that the client names, EDI transfer.
# Out: EAX value that it gets; CF when the option is passed over.
# Clobbers: EBX, ECX, EDX.
block_take:
    cmp     eax, BLOCK_MINIMUM
    jb      2f
    cmp     eax, BLOCK_MAXIMUM
    jb      1f
    mov     eax, BLOCK_MAXIMUM
1:  mov     [edi + TRANSFER_BYTES], eax
    clc
2:  ret
size_take:
    SYSTEM  stat, "offset path", "offset about"
    shl     eax, 1                      # CF when it failed
    jc      1f
    mov     eax, [about + STAT_BYTES]
    cmp     dword ptr [about + STAT_BYTES + 4], 1
    cmc                                 # CF when it has 4 GiB and more
1:  ret
again_take:
    lea     ecx, [eax - 1]
    cmp     ecx, AGAIN_SECONDS_MAXIMUM
    cmc
    jc      1f
    imul    ecx, eax, 1000
    mov     [edi + TRANSFER_AGAIN], ecx
1:  ret

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
option_block:   .asciz "blksize"
option_bytes:   .asciz "tsize"
option_again:   .asciz "timeout"
.balign 4
options_known:                          # OPTION_SIZE each
    .long   option_block, block_take
    .long   option_bytes, size_take
    .long   option_again, again_take
options_known_end:

.bss
.balign 4
count:          .space 4                # of entries
name_at:        .space 4                # where the name goes in the path
entries:        .space (TRANSFERS + 1) * ENTRY_BYTES    # the socket for requests, those of the transfers
transfers:      .space TRANSFERS * TRANSFER_SIZE
peer:           .space 8
heard:          .space HEARD_BYTES      # what the system says of the socket for requests
request_mark:   .space 4
options_at:     .space 4                # those of the request,
options_end:    .space 4                # and where it ends
about:          .space STAT_SIZE
request:        .space REQUEST_BYTES
path:           .space FOLDER_BYTES + 1 + NAME_BYTES + 1
