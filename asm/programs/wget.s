# Fetches a page over HTTP (RFC 9110 and 9112), by a request of HTTP/1.0: its answer ends with the connection, and comes
# in no pieces.

.include "program.inc"

CONNECTIONS     = 1                     # kind of socket
CONNECT_MS      = 10000
ANSWER_MS       = 120000                # a server whose segments are lost five times over is silent for a minute
HTTP_PORT       = 80
HOST_BYTES      = 256
REQUEST_BYTES   = 2048
HEAD_BYTES      = 8192                  # of an answer, at most

DESCRIPTION "[-q] URL", "fetch a page over HTTP", GROUP_NETWORK
DETAIL "Fetches http://HOST[:PORT][/PATH] and writes what it is to output, byte by byte. -q only counts its bytes."
DETAIL "The status is 1 when the server says that it has no such page, or the connection ends before the page."

.text

# Takes -q and the URL.
.global _start
_start:
    mov     esi, [esp + 8]
    cmp     dword ptr [esp], 2
    jb      misused
    je      1f
    cmp     dword ptr [esp], 3
    ja      misused
    mov     eax, [esi]
    and     eax, 0xFFFFFF
    cmp     eax, '-' + ('q' << 8)
    jne     misused
    mov     dword ptr [is_quiet], 1
    mov     esi, [esp + 12]
1:  call    url_take
    mov     eax, offset host
    call    address_of
    mov     edi, eax
    SYSTEM  socket, CONNECTIONS
    mov     edx, offset host
    test    eax, eax
    js      fail
    mov     ebp, eax                    # EBP: socket
    mov     edx, [port]
    SYSTEM  connect, ebp, edi, edx, CONNECT_MS
    mov     edx, offset host
    test    eax, eax
    js      answer_failed
    call    request_send
    call    head_receive
    call    head_read
    call    body_receive
    mov     eax, [length]
    cmp     dword ptr [has_length], 0
    je      2f
    cmp     eax, [body_bytes]
    jne     3f
2:  call    body_counted
    SYSTEM  exit, 0
3:  call    body_counted
    mov     edx, offset text_cut
    jmp     complain_and_exit

# Takes a URL apart. When it is none the program ends.
# In: ESI URL.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
url_take:
    mov     dword ptr [port], HTTP_PORT
    mov     edx, esi
    mov     edi, offset text_scheme
.Lurl_scheme:
    mov     al, [edi]
    test    al, al
    jz      .Lurl_host
    mov     ah, [edx]
    or      ah, 0x20                    # in any case
    cmp     al, ah
    lea     edx, [edx + 1]
    lea     edi, [edi + 1]
    je      .Lurl_scheme
    mov     edx, esi                    # without http://
.Lurl_host:
    mov     [host_text], edx
    mov     esi, edx
    mov     edi, offset host
1:  mov     al, [esi]
    cmp     al, ':'
    je      .Lurl_port
    cmp     al, '/'
    je      .Lurl_path
    cmp     al, '?'
    je      .Lurl_path
    cmp     al, '#'
    je      .Lurl_path
    test    al, al
    jz      .Lurl_path
    mov     edx, offset text_long
    cmp     edi, offset host + HOST_BYTES - 1
    jae     complain_and_exit
    movsb
    jmp     1b
.Lurl_port:
    inc     esi
    mov     edx, offset text_scheme_other
    cmp     word ptr [esi], '/' + ('/' << 8)
    je      complain_and_exit
    mov     edx, offset text_port
    xor     eax, eax
2:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      3f
    imul    eax, eax, 10
    add     eax, ecx
    cmp     eax, 65535
    ja      complain_and_exit
    inc     esi
    jmp     2b
3:  test    eax, eax
    jz      complain_and_exit
    mov     [port], eax
    mov     al, [esi]
    cmp     al, '/'
    je      .Lurl_path
    cmp     al, '?'
    je      .Lurl_path
    cmp     al, '#'
    je      .Lurl_path
    test    al, al
    jnz     complain_and_exit
.Lurl_path:
    mov     edx, offset text_no_host
    cmp     byte ptr [host], 0
    je      complain_and_exit
    mov     [path_text], esi
    mov     edx, offset text_sign
.Lurl_sign:                             # what is behind # is for who shows the page
    lodsb
    cmp     al, '#'
    je      4f
    cmp     al, ' '
    ja      .Lurl_sign
    test    al, al
    jnz     complain_and_exit
4:  mov     [path_end], esi
    dec     dword ptr [path_end]
    ret

# Sends the request.
# In: EBP socket.
# Clobbers: all but EBP.
request_send:
    mov     edi, offset request
    mov     eax, offset text_get
    call    request_add
    mov     eax, [path_text]
    cmp     byte ptr [eax], '/'
    je      1f
    mov     eax, offset text_root
    call    request_add
1:  mov     eax, [path_text]
    mov     edx, [path_end]
    call    request_add_to
    mov     eax, offset text_version
    call    request_add
    mov     eax, [host_text]
    mov     edx, [path_text]
    call    request_add_to
    mov     eax, offset request_end
    call    request_add
    sub     edi, offset request
    SYSTEM  send, ebp, "offset request", edi, 0, ANSWER_MS
    mov     edx, offset host
    test    eax, eax
    js      answer_failed
    ret

# Adds text to the request.
# In: EAX text, EDI its end.
# Out: EDI its new end.
# Clobbers: EAX, EDX.
request_add:
    xor     edx, edx

# Adds text to the request, up to an address.
# In: EAX text, EDX where it ends, or 0 for its NUL; EDI the request's end.
# Out: EDI its new end.
# Clobbers: EAX.
request_add_to:
    push    esi
    mov     esi, eax
1:  cmp     esi, edx
    je      2f
    lodsb
    test    al, al
    jz      2f
    stosb
    cmp     edi, offset request + REQUEST_BYTES
    jb      1b
    mov     eax, -ERROR_TOO_LONG
    mov     edx, offset host
    jmp     fail
2:  pop     esi
    ret

# Receives the head of the answer, up to its empty line. When there is none the program ends.
# In: EBP socket.
# Out: ESI what follows it in the buffer, EDI where the buffer's content ends.
# Clobbers: EAX, EBX, ECX, EDX.
head_receive:
    mov     edi, offset head
    mov     esi, edi
    push    0                           # characters in the line
.Lhead_next:
    cmp     esi, edi
    jae     2f
    lodsb
    cmp     al, 13
    je      .Lhead_next
    cmp     al, 10
    je      1f
    inc     dword ptr [esp]
    jmp     .Lhead_next
1:  cmp     dword ptr [esp], 0
    mov     dword ptr [esp], 0
    jne     .Lhead_next
    pop     eax
    ret
2:  mov     eax, offset head + HEAD_BYTES
    sub     eax, edi
    jz      3f
    push    esi
    push    edi
    mov     ecx, edi
    mov     edx, eax
    SYSTEM  receive, ebp, ecx, edx, 0, ANSWER_MS
    pop     edi
    pop     esi
    mov     edx, offset host
    test    eax, eax
    js      answer_failed
    jz      3f
    add     edi, eax
    jmp     .Lhead_next
3:  mov     edx, offset text_no_http
    jmp     complain_and_exit

# Reads the head: how long the page is. When the server has none the program says why and ends.
# In: ESI end of the head.
# Clobbers: EAX, ECX, EDX.
head_read:
    mov     byte ptr [esi - 1], 0
    mov     edx, offset text_no_http
    cmp     dword ptr [head], 'H' + ('T' << 8) + ('T' << 16) + ('P' << 24)
    jne     complain_and_exit
    mov     edx, offset head
    cmp     byte ptr [head + 9], '2'
    jne     .Lhead_other
    push    esi
    mov     esi, edx
.Lhead_line:                            # on to the next line
    lodsb
    test    al, al
    jz      .Lhead_end
    cmp     al, 10
    jne     .Lhead_line
    mov     edx, offset text_length
1:  mov     al, [edx]
    test    al, al
    jz      2f
    mov     ah, [esi]
    or      ah, 0x20
    cmp     al, ah
    jne     .Lhead_line
    inc     esi
    inc     edx
    jmp     1b
2:  call    length_read
.Lhead_end:
    pop     esi
    ret
.Lhead_other:                           # its first line says why
    mov     eax, edx
3:  cmp     byte ptr [eax], ' '
    inc     eax
    jae     3b
    mov     byte ptr [eax - 1], 0
    jmp     complain_and_exit

# Reads the number of the page's bytes; one that is none, or beyond 4 GiB, says nothing.
# In: ESI text.
# Clobbers: EAX, ECX, EDX, ESI.
length_read:
    lodsb
    cmp     al, ' '
    je      length_read
    dec     esi
    xor     eax, eax
1:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      2f
    mov     edx, 10
    mul     edx
    jc      3f
    add     eax, ecx
    jc      3f
    inc     esi
    mov     [length], eax
    mov     dword ptr [has_length], 1
    jmp     1b
3:  mov     dword ptr [has_length], 0
2:  ret

# Writes what follows the head, until the connection ends.
# In: EBP socket, ESI what is in the buffer, EDI its end.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
body_receive:
    sub     edi, esi
    mov     eax, esi
    mov     edx, edi
    call    body_write
1:  SYSTEM  receive, ebp, "offset head", INPUT_BYTES, 0, ANSWER_MS
    mov     edx, offset host
    test    eax, eax
    js      answer_failed
    jz      2f
    mov     edx, eax
    mov     eax, offset head
    call    body_write
    jmp     1b
2:  ret

# Writes bytes of the page to output. When nobody takes them the program ends.
# In: EAX bytes, EDX how many.
# Clobbers: EAX, ECX, EDX.
body_write:
    add     [body_bytes], edx
    cmp     dword ptr [is_quiet], 0
    jne     1f
    mov     ecx, edx
    mov     edx, eax
    mov     eax, 1
    call    write_all
    mov     edx, offset text_output
    jc      fail
1:  ret

# Says on errors how many bytes the page had.
# Clobbers: EAX, ECX, EDX.
body_counted:
    cmp     dword ptr [is_quiet], 0
    jne     1f
    mov     eax, 2
    mov     edx, offset text_line
    call    text_add
1:  mov     eax, 2
    mov     edx, offset text_wget
    call    text_add
    mov     eax, 2
    mov     edx, [body_bytes]
    call    text_add_number
    mov     eax, 2
    mov     edx, offset text_bytes
    call    text_add
    mov     eax, 2
    jmp     text_end

# A connection that is not made in time is no other error than an answer that does not come.
# In: EAX negated error code, EDX what it was about.
answer_failed:
    cmp     eax, -ERROR_IN_PROGRESS
    jne     fail
    mov     eax, -ERROR_TIMEOUT
    jmp     fail

# Says on errors what is wrong, and ends the program.
# In: EDX text.
complain_and_exit:
    push    edx
    mov     eax, 2
    mov     edx, offset text_wget
    call    text_add
    pop     edx
    mov     eax, 2
    call    text_add
    mov     eax, 2
    call    text_end
    SYSTEM  exit, 1

.section .rodata
text_scheme:    .asciz "http://"
text_get:       .asciz "GET "
text_root:      .asciz "/"
text_version:   .asciz " HTTP/1.0\r\nHost: "
request_end:    .asciz "\r\nUser-Agent: QuRe\r\nConnection: close\r\n\r\n"
text_length:    .asciz "content-length:"
text_no_http:   .asciz "this is no answer of HTTP"
text_long:      .asciz "the name of the host is too long"
text_scheme_other: .asciz "only http:// is known here"
text_port:      .asciz "a port is a number from 1 to 65535"
text_no_host:   .asciz "the URL names no host"
text_sign:      .asciz "a URL has no blanks; %20 stands for one"
text_cut:       .asciz "the connection ended before the page did"
text_wget:      .asciz "wget: "
text_bytes:     .asciz " bytes"
text_line:      .asciz "\n"
text_output:    .asciz "output"

.bss
.balign 4
is_quiet:       .space 4                # 1: the page is only counted
port:           .space 4
host_text:      .space 4                # where the host stands in the URL,
path_text:      .space 4                # and what follows it,
path_end:       .space 4                # up to here
length:         .space 4                # of the page, when the server says it,
has_length:     .space 4                # which is 1 then
body_bytes:     .space 4                # of the page so far
host:           .space HOST_BYTES
request:        .space REQUEST_BYTES
head:           .space HEAD_BYTES       # of the answer; then pieces of the page
