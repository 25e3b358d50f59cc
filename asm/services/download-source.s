# One source of a kernel: a web server that is asked for the signature, or for the kernel from some byte on. Requests
# are of HTTP/1.0, so an answer comes in no pieces and ends with its connection; all that a source says is hostile. What
# it said, or what was wrong with it, is kept in its entry.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "http.inc"
.include "signature.inc"
.include "download.inc"

CONNECT_MS              = 5000
SILENT_MS               = 10000         # without a byte
STEP_MS                 = 500           # how often Ctrl-C is looked for
CHUNK_MS                = 20000         # for a head, or 64 KiB: a source may be slow, but not hold a turn for ever

# Asks a linked cluster how long a kernel or its signature is: EAX its address, ECX 0 signature, 1 kernel, EDX first
# byte that is wanted, ESI revision -> EAX status, ECX bytes; CF and EAX error. Clobbers EDX.
HOOK link_ask, hook_none
# And reads on: ESI memory, EAX its size -> EAX bytes, 0 at the end; CF and EAX error. Clobbers ECX, EDX.
HOOK link_read, hook_none

STRING field_content_length, "content-length:"
STRING field_content_range, "content-range:"
STRING field_transfer, "transfer-encoding:"
STRING word_range, "bytes "
STRING word_http, "HTTP/1."
STRING said_silent, "was silent for 10 s"
STRING said_slow, "was too slow"
STRING said_short, "ended its answer too early"
STRING said_status, "answered with status"
STRING said_head, "gave no answer of HTTP"
STRING said_length, "has a kernel of another length, in bytes:"
STRING said_range, "sent another part than it was asked for"
STRING said_chunk, "sent what was not signed, in the 64 KiB from byte"
STRING said_unsigned, "has no signature (.sig) beside this kernel; `kernel install --unsigned` asks for none"
STRING said_long, "has a signature that is too long"

.pushsection .rodata
nothing_more:           .byte 0
.popsection

.text

# Notes what came of a source.
# In: EDI source, EAX text, ECX number or -1.
# Out: CF set.
# Clobbers: nothing.
.global source_says
source_says:
    mov     [edi + SOURCE_SAID], eax
    mov     [edi + SOURCE_NUMBER], ecx
    stc
    ret

# Notes an error of the network.
# In: EDI source, EAX error.
# Out: CF set.
# Clobbers: EAX, ECX.
source_failed:
    call    error_text
    or      ecx, -1
    jmp     source_says

# Asks a source for the signature. May sleep.
# In: EBX fetch with FETCH_SIGNATURE, EDI source.
# Out: EAX bytes; CF when it did not come, and the source says why.
# Clobbers: ECX, EDX, ESI.
.global source_signature
source_signature:
    LOAD_STRING eax, ".sig"
    xor     edx, edx
    call    source_ask
    jc      .Lsource_signature_done
    cmp     dword ptr [ebx + FETCH_STATUS], 404
    mov     eax, offset said_unsigned
    je      .Lsource_signature_bad
    cmp     dword ptr [ebx + FETCH_STATUS], 200
    jne     source_refused
    mov     eax, [ebx + FETCH_LENGTH]
    inc     eax                         # -1: not known
    cmp     eax, SIGNATURE_BYTES_MAX + 1
    ja      .Lsource_signature_long
    mov     esi, [ebx + FETCH_SIGNATURE]
    call    source_clock
.Lsource_signature_next:
    mov     eax, [ebx + FETCH_SIGNATURE]
    add     eax, SIGNATURE_BYTES_MAX + 1
    sub     eax, esi                    # EAX: bytes that there is room for
    jz      .Lsource_signature_long
    call    source_receive
    jc      .Lsource_signature_end
    add     esi, eax
    test    eax, eax
    jnz     .Lsource_signature_next
    mov     eax, esi
    sub     eax, [ebx + FETCH_SIGNATURE]
    cmp     [ebx + FETCH_LENGTH], eax
    je      .Lsource_signature_end      # CF is clear
    cmp     dword ptr [ebx + FETCH_LENGTH], -1
    je      .Lsource_signature_end
    mov     eax, offset said_short
    jmp     .Lsource_signature_bad
.Lsource_signature_long:
    mov     eax, offset said_long
.Lsource_signature_bad:
    or      ecx, -1
    call    source_says
.Lsource_signature_end:
    jmp     source_close
.Lsource_signature_done:
    ret

# The source answered with another status than was hoped for. Jumped to instead of going on; closes the connection.
# In: EBX fetch, EDI source.
# Out: CF set.
# Clobbers: EAX, ECX, EDX.
source_refused:
    mov     eax, offset said_status
    mov     ecx, [ebx + FETCH_STATUS]
    call    source_says

# Closes the connection to a source, in good order when it gave all.
# In: EBX fetch; CF when it did not.
# Clobbers: nothing, and no flag.
source_close:
    pushfd
    pushad
    sbb     edx, edx
    xor     eax, eax
    xchg    eax, [ebx + FETCH_SOCKET]
    test    eax, eax
    jz      2f
    test    edx, edx
    jz      1f
    call    stream_abort                # nothing that it still sends is wanted
    jmp     2f
1:  call    stream_close
2:  popad
    popfd
    ret

# Asks a source for the kernel from FETCH_HAVE on, and takes chunk after chunk that is right. May sleep.
# In: EBX fetch, its bytes known; EDI source.
# Out: CF when not all came, and the source says why.
# Clobbers: EAX, ECX, EDX, ESI.
.global source_kernel
source_kernel:
    mov     eax, offset nothing_more
    mov     edx, [ebx + FETCH_HAVE]
    call    source_ask
    jc      .Lsource_kernel_done
    call    source_begins
    jc      .Lsource_kernel_end
.Lsource_kernel_chunk:
    mov     ecx, [ebx + FETCH_BYTES]
    sub     ecx, [ebx + FETCH_HAVE]     # CF is clear at the end
    jz      .Lsource_kernel_end
    cmp     ecx, CHUNK_BYTES
    jbe     1f
    mov     ecx, CHUNK_BYTES
1:  mov     esi, [ebx + FETCH_IMAGE]
    add     esi, [ebx + FETCH_HAVE]
    push    ecx
    call    source_fill
    pop     ecx
    jc      .Lsource_kernel_end
    call    source_proves
    jc      .Lsource_kernel_lie
    add     [ebx + FETCH_HAVE], ecx
    add     [edi + SOURCE_BYTES], ecx
    jmp     .Lsource_kernel_chunk
.Lsource_kernel_lie:
    mov     dword ptr [edi + SOURCE_LIED], 1
    mov     eax, offset said_chunk
    mov     ecx, [ebx + FETCH_HAVE]
    call    source_says
.Lsource_kernel_end:
    jmp     source_close
.Lsource_kernel_done:
    ret

# Whether the chunk that came is what was signed.
# In: EBX fetch, the chunk in FETCH_IMAGE after FETCH_HAVE.
# Out: CF when it is not.
# Clobbers: EAX, EDX.
source_proves:
    test    dword ptr [ebx + FETCH_FLAGS], FETCH_UNSIGNED
    jnz     1f                          # CF is clear: the checksum is looked at when all is there
    push    ecx
    mov     edx, [ebx + FETCH_HAVE]
    mov     ecx, [ebx + FETCH_IMAGE]
    add     ecx, edx
    shr     edx, CHUNK_SHIFT
    mov     eax, [ebx + FETCH_SIGNATURE]
    call    signature_chunk
    pop     ecx
1:  ret

# Looks whether an answer is the kernel from FETCH_HAVE on. A server that knows no ranges sends all of it, and what is
# there already is passed over. May sleep.
# In: EBX fetch, EDI source.
# Out: CF when it is not, and the source says why.
# Clobbers: EAX, ECX, EDX, ESI.
source_begins:
    cmp     dword ptr [ebx + FETCH_STATUS], 200
    je      .Lsource_begins_all
    cmp     dword ptr [ebx + FETCH_STATUS], 206
    jne     source_refused
    call    source_part
    jc      .Lsource_begins_part
    mov     ecx, [ebx + FETCH_BYTES]
    sub     ecx, [ebx + FETCH_HAVE]
    call    source_long
    jc      .Lsource_begins_done
    jmp     source_clock
.Lsource_begins_all:
    cmp     dword ptr [ebx + FETCH_BYTES], 0
    jne     3f
    mov     eax, [ebx + FETCH_LENGTH]   # without a signature nobody else says it
    call    fetch_room
    jc      .Lsource_begins_done
3:  mov     ecx, [ebx + FETCH_BYTES]
    call    source_long
    jc      .Lsource_begins_done
    push    dword ptr [ebx + FETCH_HAVE]
.Lsource_begins_skip:
    mov     ecx, [esp]
    jecxz   .Lsource_begins_skipped
    cmp     ecx, CHUNK_BYTES
    jbe     1f
    mov     ecx, CHUNK_BYTES
1:  mov     eax, [ebx + FETCH_BYTES]    # into the room of the next chunk, as far as there is any
    sub     eax, [ebx + FETCH_HAVE]
    cmp     ecx, eax
    jbe     2f
    mov     ecx, eax
2:  sub     [esp], ecx
    mov     esi, [ebx + FETCH_IMAGE]
    add     esi, [ebx + FETCH_HAVE]
    call    source_fill
    jnc     .Lsource_begins_skip
    pop     ecx                         # CF stays
    ret
.Lsource_begins_skipped:
    pop     ecx
    jmp     source_clock
.Lsource_begins_part:
    mov     eax, offset said_range
    or      ecx, -1
    call    source_says
.Lsource_begins_done:
    ret

# Compares the length of an answer with what it should be.
# In: EBX fetch, EDI source, ECX bytes that should come.
# Out: CF when there are others, and the source says so.
# Clobbers: EAX, ECX, EDX.
source_long:
    mov     eax, [ebx + FETCH_LENGTH]
    cmp     eax, -1
    je      1f
    cmp     eax, ecx
    je      1f
    mov     ecx, eax
    mov     eax, offset said_length
    jmp     source_says
1:  clc
    ret

# Looks where a part begins: `bytes FIRST-LAST/ALL`.
# In: EBX fetch, its head in FETCH_HEAD.
# Out: CF when it is not FETCH_HAVE.
# Clobbers: EAX, EDX, ESI.
source_part:
    push    ecx
    push    edi
    lea     eax, [ebx + FETCH_HEAD]
    mov     edx, offset field_content_range
    call    http_field
    jc      1f
    mov     edx, offset word_range
    call    http_word
    stc
    jne     1f
    mov     eax, edi
    call    parse_number
    jc      1f
    cmp     eax, [ebx + FETCH_HAVE]
    je      1f                          # CF is clear
    stc
1:  pop     edi
    pop     ecx
    ret

# Fills memory with what a source sends, all of it. May sleep.
# In: EBX fetch, EDI source, ESI memory, ECX bytes, at least 1.
# Out: CF when they did not come, and the source says why.
# Clobbers: EAX, ECX, EDX, ESI.
source_fill:
    push    ebp
    mov     ebp, ecx
    call    source_clock
1:  mov     eax, ebp
    call    source_receive
    jc      3f
    test    eax, eax
    jz      2f
    add     esi, eax
    sub     ebp, eax
    jnz     1b
    clc
    jmp     3f
2:  mov     eax, offset said_short
    or      ecx, -1
    call    source_says
3:  pop     ebp
    ret

# The time begins in which a chunk or a head has to come.
# In: EBX fetch.
# Out: CF clear.
# Clobbers: EAX, ECX, EDX.
source_clock:
    call    clock_ms
    mov     [ebx + FETCH_SINCE], eax
    clc
    ret

# Receives what a source sends. May sleep.
# In: EBX fetch, EDI source, ESI memory, EAX its size.
# Out: EAX bytes, 0 at the end; CF when none came, and the source says why.
# Clobbers: ECX, EDX.
source_receive:
    push    ebp
    push    edi
    mov     edi, eax
    xor     ebp, ebp                    # EBP: ms that were waited
.Lsource_receive_again:
    mov     eax, [esp]
    cmp     byte ptr [eax + SOURCE_ADDRESS], 0
    je      .Lsource_receive_linked
    mov     eax, [ebx + FETCH_SOCKET]
    mov     edx, STEP_MS
    xor     ecx, ecx
    call    stream_receive
    jc      .Lsource_receive_none
.Lsource_receive_came:
    push    eax
    call    clock_ms
    sub     eax, [ebx + FETCH_SINCE]
    cmp     eax, CHUNK_MS
    pop     eax
    mov     ecx, offset said_slow
    jae     .Lsource_receive_bad
    clc
    jmp     .Lsource_receive_done
.Lsource_receive_linked:
    mov     eax, edi
    call    [link_read]
    jnc     .Lsource_receive_came
    jmp     .Lsource_receive_failed
.Lsource_receive_none:
    cmp     eax, ERROR_TIMEOUT
    jne     .Lsource_receive_failed
    call    fetch_broken
    jc      .Lsource_receive_done
    mov     ecx, offset said_silent
    add     ebp, STEP_MS
    cmp     ebp, SILENT_MS
    jb      .Lsource_receive_again
    jmp     .Lsource_receive_bad
.Lsource_receive_bad:
    mov     edi, [esp]
    mov     eax, ecx
    or      ecx, -1
    call    source_says
    jmp     .Lsource_receive_done
.Lsource_receive_failed:
    mov     edi, [esp]
    call    source_failed
.Lsource_receive_done:
    pop     edi
    pop     ebp
    ret

# Connects to a source, sends a request and reads the head of its answer. May sleep.
# In: EBX fetch, EDI source, EAX what follows the path, EDX first byte that is wanted.
# Out: FETCH_STATUS, FETCH_LENGTH, FETCH_HEAD, FETCH_SOCKET; CF when there is no answer, and the source says why, and
# the connection is closed.
# Clobbers: EAX, ECX, EDX, ESI.
source_ask:
    push    ebp
    mov     ebp, eax
    cmp     byte ptr [edi + SOURCE_ADDRESS], 0
    je      .Lsource_ask_linked
    push    edx
    call    source_connect
    pop     edx
    jc      .Lsource_ask_failed
    call    source_request
    jc      .Lsource_ask_failed
    call    source_head
    jc      .Lsource_ask_close
    call    source_fields
    jc      .Lsource_ask_close
    pop     ebp
    ret
.Lsource_ask_linked:
    xor     ecx, ecx
    cmp     byte ptr [ebp], 1           # what follows the path: nothing for the kernel
    adc     ecx, ecx
    mov     esi, [ebx + FETCH_REVISION]
    push    edx
    mov     eax, [edi + SOURCE_ADDRESS]
    call    [link_ask]
    pop     edx
    jc      .Lsource_ask_failed
    mov     [ebx + FETCH_STATUS], eax
    sub     ecx, edx
    mov     [ebx + FETCH_LENGTH], ecx
    test    edx, edx
    jz      1f
    cmp     eax, 200
    jne     1f
    mov     dword ptr [ebx + FETCH_STATUS], 206
    lea     ecx, [ebx + FETCH_HEAD]
    SNPRINTF ecx, FETCH_HEAD_BYTES, "\nContent-Range: bytes %u-\n\n", edx
1:  pop     ebp
    clc
    ret
.Lsource_ask_failed:
    call    source_failed
.Lsource_ask_close:
    call    source_close                # CF stays
    pop     ebp
    ret

# Connects to a source. May sleep.
# In: EBX fetch, EDI source.
# Out: FETCH_SOCKET; CF and EAX error.
# Clobbers: ECX, EDX.
source_connect:
    call    stream_open
    jc      1f
    mov     [ebx + FETCH_SOCKET], eax
    mov     edx, [edi + SOURCE_ADDRESS]
    mov     ecx, [ebx + FETCH_PORT]
    push    edi
    mov     edi, CONNECT_MS
    call    stream_connect
    pop     edi
    jnc     1f
    cmp     eax, ERROR_IN_PROGRESS
    stc
    jne     1f
    mov     eax, ERROR_TIMEOUT
1:  ret

# Sends a request. May sleep.
# In: EBX fetch, EBP what follows the path, EDX first byte that is wanted.
# Out: CF and EAX error.
# Clobbers: ECX, EDX, ESI.
source_request:
    push    edi
    lea     esi, [ebx + FETCH_HEAD]
    lea     eax, [ebx + FETCH_PATH]
    lea     ecx, [ebx + FETCH_HOST]
    test    edx, edx
    jz      1f
    SNPRINTF esi, FETCH_HEAD_BYTES, "GET %s%s HTTP/1.0\r\nHost: %s:%u\r\nUser-Agent: QuRe\r\nRange: bytes=%u-\r\n\r\n", eax, ebp, ecx, [ebx+FETCH_PORT], edx
    jmp     2f
1:  SNPRINTF esi, FETCH_HEAD_BYTES, "GET %s%s HTTP/1.0\r\nHost: %s:%u\r\nUser-Agent: QuRe\r\n\r\n", eax, ebp, ecx, [ebx+FETCH_PORT]
2:  mov     edi, eax
    mov     eax, [ebx + FETCH_SOCKET]
    mov     edx, CONNECT_MS
    call    http_put
    pop     edi
    ret

# Reads the head of an answer; what follows it stays in the socket. May sleep.
# In: EBX fetch, EDI source.
# Out: FETCH_HEAD, NUL terminated; CF when it did not come, and the source says why.
# Clobbers: EAX, ECX, EDX, ESI.
source_head:
    call    source_clock
    mov     dword ptr [ebx + FETCH_USED], 0
.Lsource_head_byte:
    mov     ecx, [ebx + FETCH_USED]
    cmp     ecx, FETCH_HEAD_BYTES - 1
    jae     .Lsource_head_bad
    lea     esi, [ebx + FETCH_HEAD + ecx]
    mov     eax, 1                      # a head is short: its bytes are taken one by one, and none too many
    call    source_receive
    jc      .Lsource_head_done
    test    eax, eax
    jz      .Lsource_head_bad
    inc     dword ptr [ebx + FETCH_USED]
    cmp     byte ptr [esi], 10
    jne     .Lsource_head_byte
    cmp     dword ptr [ebx + FETCH_USED], 4
    jb      .Lsource_head_byte
    cmp     byte ptr [esi - 1], 10
    je      .Lsource_head_end
    cmp     dword ptr [esi - 3], 0x0A0D0A0D
    jne     .Lsource_head_byte
.Lsource_head_end:
    mov     byte ptr [esi + 1], 0       # CF is clear
    ret
.Lsource_head_bad:
    mov     eax, offset said_head
    or      ecx, -1
    call    source_says
.Lsource_head_done:
    ret

# Reads what a head says: `HTTP/1.x STATUS`, and how long the body is.
# In: EBX fetch, EDI source.
# Out: FETCH_STATUS, FETCH_LENGTH; CF when it is no head, and the source says so.
# Clobbers: EAX, ECX, EDX, ESI.
source_fields:
    lea     eax, [ebx + FETCH_HEAD]
    mov     edx, offset word_http
    call    string_prefix
    jne     .Lsource_fields_bad
    cmp     byte ptr [eax + 1], ' '
    jne     .Lsource_fields_bad
    add     eax, 2
    call    parse_number
    jc      .Lsource_fields_bad
    mov     [ebx + FETCH_STATUS], eax
    lea     eax, [ebx + FETCH_HEAD]
    mov     edx, offset field_transfer
    call    http_field
    jnc     .Lsource_fields_bad         # pieces do not belong into an answer to HTTP/1.0 (RFC 9112, 6.1)
    or      dword ptr [ebx + FETCH_LENGTH], -1
    lea     eax, [ebx + FETCH_HEAD]
    mov     edx, offset field_content_length
    call    http_field
    cmc
    jnc     .Lsource_fields_done
    call    parse_number
    jc      .Lsource_fields_bad
    mov     [ebx + FETCH_LENGTH], eax
    clc
    ret
.Lsource_fields_bad:
    mov     eax, offset said_head
    or      ecx, -1
    call    source_says
.Lsource_fields_done:
    ret
