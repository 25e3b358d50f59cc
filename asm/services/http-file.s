# Files by HTTP: what lies below the directory of `set http.root DIRECTORY`, whole or a range of it (RFC 9110, 14), with
# a tag by which a client finds out whether it has changed (8.8.3, 13.1.2). Without that variable there are no files.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "fs.inc"
.include "net.inc"
.include "tcp.inc"
.include "http.inc"

PATH_BYTES              = 512

# More locals of http_file.
FILE_PATH               = FILE_OTHERS - PATH_BYTES
FILE_NODE               = FILE_PATH - NODE_SIZE_OF
FILE_LOCALS             = -FILE_NODE

.pushsection .data
.balign 4
# Endings of names and what they are.
file_types:
    .long   ending_html, type_html, ending_txt, type_plain, ending_css, type_css, ending_js, type_js
    .long   ending_json, type_json
    .long   ending_png, type_png, ending_svg, type_svg, 0, type_bytes
.popsection
STRING ending_html, ".html"
STRING ending_txt, ".txt"
STRING ending_css, ".css"
STRING ending_js, ".js"
STRING ending_json, ".json"
STRING ending_png, ".png"
STRING ending_svg, ".svg"
STRING type_html, "text/html; charset=utf-8"
STRING type_plain, "text/plain; charset=utf-8"
STRING type_css, "text/css"
STRING type_js, "text/javascript"
STRING type_json, "application/json"
STRING type_png, "image/png"
STRING type_svg, "image/svg+xml"
.global type_bytes
STRING type_bytes, "application/octet-stream"
STRING name_root, "http.root"
STRING name_index, "index.html"
STRING status_whole, "200 OK"
STRING status_part, "206 Partial Content"
STRING status_same, "304 Not Modified"
STRING status_range, "416 Range Not Satisfiable"
STRING status_other, "412 Precondition Failed"
STRING field_if_match, "if-match:"
STRING field_match, "if-none-match:"
STRING field_range, "range:"
STRING field_if_range, "if-range:"
STRING word_bytes, "bytes="
STRING word_keep, "keep-alive"
STRING word_close, "close"

.text

# Answers a request for a file. May sleep.
# In: EBX client, ESI path that was asked for, NUL terminated.
# Out: CF and EAX error: ERROR_NOT_FOUND when there is no such file, others when the connection has ended.
.global http_file
http_file:
    push    esi
    push    edi
    FRAME   FILE_LOCALS
    call    file_path
    jc      .Lhttp_file_missing
    lea     esi, [ebp + FILE_PATH]
    lea     edi, [ebp + FILE_NODE]
    call    file_stat
    jc      .Lhttp_file_missing
    cmp     dword ptr [edi + NODE_KIND], NODE_FILE
    jne     .Lhttp_file_missing
    cmp     dword ptr [edi + NODE_BYTES + 4], 0
    jne     .Lhttp_file_missing
    mov     eax, [edi + NODE_BYTES]
    mov     ecx, offset file_piece
    call    file_whole
    lea     ecx, [ebp + FILE_TAG]
    SNPRINTF ecx, TAG_BYTES, "\"%x-%x\"", [edi+NODE_MODIFIED], [edi+NODE_BYTES]
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lhttp_file_missing
    mov     [ebp + FILE_HANDLE], eax
    call    file_type
    call    file_conditions
    mov     eax, [ebp + FILE_HANDLE]
    mov     edx, [ebp + FILE_FROM]
    xor     ecx, ecx
    push    ebx
    mov     ebx, SEEK_START
    call    file_seek
    pop     ebx
    jc      .Lhttp_file_close
    call    file_send
.Lhttp_file_close:
    pushfd
    push    eax
    mov     eax, [ebp + FILE_HANDLE]
    call    file_close
    pop     eax
    popfd
    jmp     .Lhttp_file_done
.Lhttp_file_missing:
    mov     eax, ERROR_NOT_FOUND
    stc
.Lhttp_file_done:
    ENDFRAME
    pop     edi
    pop     esi
    ret

# Begins an answer: all of it, unless file_conditions says something else.
# In: EAX bytes of all, ECX its reader; the frame.
.global file_whole
file_whole:
    mov     [ebp + FILE_BYTES], eax
    mov     [ebp + FILE_LEFT], eax
    mov     [ebp + FILE_READER], ecx
    mov     dword ptr [ebp + FILE_FROM], 0
    mov     dword ptr [ebp + FILE_STATUS], offset status_whole
    mov     byte ptr [ebp + FILE_RANGE], 0
    ret

# Reads a piece of a file, FILE_READER.
file_piece:
    mov     eax, [ebp + FILE_HANDLE]
    jmp     file_read

# Makes the file's path of the one that was asked for: `%20` and its like are taken for what they stand for, what
# follows a `?` is left out, a directory has its index.html. Nothing leads out of the root.
# In: ESI path that was asked for; the frame of http_file.
# Out: CF when it is none.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
file_path:
    mov     eax, offset name_root
    call    env_get
    jc      .Lfile_path_done
    mov     edx, eax
    lea     eax, [ebp + FILE_PATH]
    mov     ecx, PATH_BYTES / 2
    call    string_copy
    lea     edi, [ebp + FILE_PATH]
    add     edi, eax
    cmp     byte ptr [esi], '/'
    jne     .Lfile_path_none
.Lfile_path_next:
    lea     ecx, [ebp + FILE_PATH + PATH_BYTES - 16]
    cmp     edi, ecx
    jae     .Lfile_path_none
    lodsb
    cmp     al, '%'
    jne     1f
    call    file_escape
    jc      .Lfile_path_done
1:  cmp     al, '?'
    je      .Lfile_path_end
    cmp     al, ' '
    jb      .Lfile_path_last
    cmp     al, '.'                     # neither .. nor files that begin with a dot
    jne     2f
    cmp     byte ptr [edi - 1], '/'
    je      .Lfile_path_none
2:  stosb
    jmp     .Lfile_path_next
.Lfile_path_last:
    test    al, al
    jnz     .Lfile_path_none
.Lfile_path_end:
    mov     byte ptr [edi], 0
    cmp     byte ptr [edi - 1], '/'
    jne     3f
    mov     eax, edi
    mov     edx, offset name_index
    mov     ecx, 16
    call    string_copy
3:  clc
    ret
.Lfile_path_none:
    stc
.Lfile_path_done:
    ret

# Reads the two digits of a %-escape.
# In: ESI digits.
# Out: AL character, ESI after them; CF when they are none.
file_escape:
    call    parse_hex_byte
    jc      1f
    cmp     al, ' '                     # CF for what is no character of a name
1:  ret

# Finds out what a file is by the end of its name.
# In: the frame of http_file.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
file_type:
    lea     esi, [ebp + FILE_PATH]
    mov     eax, esi
    call    string_length
    add     esi, eax                    # ESI: after the name
    mov     edi, offset file_types
1:  mov     edx, [edi]
    test    edx, edx
    jz      2f
    mov     eax, edx
    call    string_length
    neg     eax
    add     eax, esi
    lea     ecx, [ebp + FILE_PATH]
    cmp     eax, ecx
    jb      3f
    mov     edx, [edi]
    call    string_compare
    je      2f
3:  add     edi, 8
    jmp     1b
2:  mov     eax, [edi + 4]
    mov     [ebp + FILE_TYPE], eax
    ret

# Looks at what the client has already, and at the part that it wants.
# In: EBX client; the frame.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global file_conditions
file_conditions:
    mov     eax, [ebx + CLIENT_REST]
    mov     edx, offset field_if_match
    call    http_field
    jc      1f
    cmp     byte ptr [eax], '*'
    je      1f
    lea     edx, [ebp + FILE_TAG]
    mov     ecx, 1
    call    http_list
    je      1f
    mov     dword ptr [ebp + FILE_STATUS], offset status_other
    mov     dword ptr [ebp + FILE_LEFT], 0
    ret
1:  mov     eax, [ebx + CLIENT_REST]
    mov     edx, offset field_match
    call    http_field
    jc      file_range
    cmp     byte ptr [eax], '*'
    je      .Lfile_conditions_same
    lea     edx, [ebp + FILE_TAG]
    xor     ecx, ecx                    # what is the same in meaning need not be sent (RFC 9110, 13.1.2)
    call    http_list
    jne     file_range
.Lfile_conditions_same:
    mov     dword ptr [ebp + FILE_STATUS], offset status_same
    mov     dword ptr [ebp + FILE_LEFT], 0
    ret

# Which part of a file is asked for (RFC 9110, 14.2).
# In: EBX client; the frame.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
file_range:
    cmp     dword ptr [ebx + CLIENT_HEAD], 0    # a range is for GET only (RFC 9110, 14.2)
    jne     .Lfile_range_done
    mov     eax, [ebx + CLIENT_REST]
    mov     edx, offset field_if_range
    call    http_field
    jc      1f
    lea     edx, [ebp + FILE_TAG]
    mov     ecx, 1                      # parts of one that is not byte for byte the same do not fit together
    call    http_list
    jne     .Lfile_range_done
1:  mov     eax, [ebx + CLIENT_REST]
    mov     edx, offset field_range
    call    http_field
    jc      .Lfile_range_done
    mov     edx, offset word_bytes
    call    http_word
    jne     .Lfile_range_done
    mov     ecx, [ebp + FILE_BYTES]     # ECX: bytes, ESI: first, EDI: last
    mov     eax, edi
    cmp     byte ptr [eax], '-'
    je      .Lfile_range_tail
    call    range_number
    jc      .Lfile_range_done
    mov     esi, eax
    cmp     byte ptr [edx], '-'
    jne     .Lfile_range_done
    lea     eax, [edx + 1]
    lea     edi, [ecx - 1]
    call    range_number                # without a number up to the end
    call    range_end
    jc      .Lfile_range_done
    cmp     eax, esi                    # the end before the beginning: no range
    jb      .Lfile_range_done
    cmp     eax, edi
    jae     2f
    mov     edi, eax
2:  cmp     esi, ecx
    jae     .Lfile_range_none
    jmp     .Lfile_range_part
.Lfile_range_tail:
    inc     eax
    call    range_number
    jc      .Lfile_range_done
    call    range_end
    jc      .Lfile_range_done
    test    eax, eax
    jz      .Lfile_range_none
    lea     edi, [ecx - 1]
    xor     esi, esi
    jecxz   .Lfile_range_none
    cmp     eax, ecx
    jae     .Lfile_range_part
    mov     esi, ecx
    sub     esi, eax
.Lfile_range_part:
    mov     dword ptr [ebp + FILE_STATUS], offset status_part
    mov     [ebp + FILE_FROM], esi
    lea     eax, [edi + 1]
    sub     eax, esi
    mov     [ebp + FILE_LEFT], eax
    lea     eax, [ebp + FILE_RANGE]
    SNPRINTF eax, RANGE_BYTES, "Content-Range: bytes %u-%u/%u\r\n", esi, edi, ecx
.Lfile_range_done:
    ret
.Lfile_range_none:
    mov     dword ptr [ebp + FILE_STATUS], offset status_range
    mov     dword ptr [ebp + FILE_LEFT], 0
    lea     eax, [ebp + FILE_RANGE]
    SNPRINTF eax, RANGE_BYTES, "Content-Range: bytes */%u\r\n", ecx
    ret

# Reads a place in a file; one that 32 bits cannot hold is as good as 4294967295, beyond all files.
# In: EAX digits.
# Out: EAX place, EDX after the digits; CF when there are none, EAX then -1, EDX where they should be.
range_number:
    push    ecx
    push    edi
    mov     edx, eax
    xor     eax, eax
    xor     edi, edi                    # EDI: digits
1:  movzx   ecx, byte ptr [edx]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      3f
    inc     edx
    inc     edi
    push    edx
    mov     edx, 10
    mul     edx
    pop     edx
    jc      2f
    add     eax, ecx
    jnc     1b
2:  mov     eax, -1                     # and stays that, as ten times this is too much as well
    jmp     1b
3:  cmp     edi, 1
    jae     4f
    mov     eax, -1                     # CF stays
4:  pop     edi
    pop     ecx
    ret

# Says whether a range is the only one, and nothing follows in its row.
# In: EDX after the range.
# Out: CF when something follows.
# Clobbers: EDX.
range_end:
    push    eax
1:  mov     al, [edx]
    inc     edx
    cmp     al, ' '
    je      1b
    cmp     al, 9
    je      1b
    cmp     al, 10                      # CF is clear where it is one of the two
    je      2f
    cmp     al, 13
    je      2f
    stc
2:  pop     eax
    ret

# Sends the head and the bytes. May sleep.
# In: EBX client; the frame.
# Out: CF and EAX error when the connection has ended.
# Clobbers: ECX, EDX, ESI, EDI.
.global file_send
file_send:
    mov     eax, PIECE_BYTES
    call    malloc
    jc      1f
    mov     [ebp + FILE_PIECE], eax
    mov     ecx, 1
    call    http_cork
    call    file_put
    pushfd
    push    eax
    xor     ecx, ecx
    call    http_cork
    mov     eax, [ebp + FILE_PIECE]
    call    mfree
    pop     eax
    popfd
1:  ret

# Sends them in pieces.
# In: EBX client; the frame with FILE_PIECE.
# Out: CF and EAX error when the connection has ended.
# Clobbers: ECX, EDX, ESI, EDI.
file_put:
    mov     eax, offset word_keep
    cmp     dword ptr [ebx + CLIENT_CLOSE], 0
    je      1f
    mov     eax, offset word_close
1:  lea     esi, [ebx + CLIENT_HEADER]
    lea     ecx, [ebp + FILE_TAG]
    lea     edx, [ebp + FILE_RANGE]
    SNPRINTF esi, HEAD_BYTES, "HTTP/1.1 %s\r\nServer: QuRe\r\nContent-Type: %s\r\nContent-Length: %u\r\nETag: %s\r\n%sAccept-Ranges: bytes\r\nConnection: %s\r\n\r\n", [ebp+FILE_STATUS], [ebp+FILE_TYPE], [ebp+FILE_LEFT], ecx, edx, eax
    mov     edi, eax
    cmp     dword ptr [ebp + FILE_STATUS], offset status_same
    jne     2f
    call    file_no_length
2:  mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, IDLE_MS
    call    http_put
    jc      .Lfile_put_done
    cmp     dword ptr [ebx + CLIENT_HEAD], 0
    jne     .Lfile_put_good
.Lfile_put_next:
    mov     ecx, [ebp + FILE_LEFT]
    test    ecx, ecx
    jz      .Lfile_put_good
    cmp     ecx, PIECE_BYTES
    jbe     3f
    mov     ecx, PIECE_BYTES
3:  mov     edi, [ebp + FILE_PIECE]
    call    [ebp + FILE_READER]
    jc      .Lfile_put_broken
    test    eax, eax                    # it has become shorter: the length that was promised cannot be kept
    jz      .Lfile_put_broken
    sub     [ebp + FILE_LEFT], eax
    add     [ebp + FILE_FROM], eax
    mov     esi, edi
    mov     edi, eax
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, IDLE_MS
    call    http_put
    jnc     .Lfile_put_next
    ret
.Lfile_put_good:
    clc
    ret
.Lfile_put_broken:
    mov     eax, ERROR_IO
    stc
.Lfile_put_done:
    ret

# Writes the head of "not modified", which has no length (RFC 9110, 15.4.5).
# In: EBX client, ESI where the head goes; the frame.
# Out: EDI its bytes.
# Clobbers: EAX, ECX.
file_no_length:
    mov     eax, offset word_keep
    cmp     dword ptr [ebx + CLIENT_CLOSE], 0
    je      1f
    mov     eax, offset word_close
1:  lea     ecx, [ebp + FILE_TAG]
    SNPRINTF esi, HEAD_BYTES, "HTTP/1.1 %s\r\nServer: QuRe\r\nETag: %s\r\nConnection: %s\r\n\r\n", [ebp+FILE_STATUS], ecx, eax
    mov     edi, eax
    ret
