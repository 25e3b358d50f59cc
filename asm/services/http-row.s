# The first row of an HTTP request: method, target, version (RFC 9112, 3), and with which status it is refused.

.include "macros.inc"
.include "http.inc"

.pushsection .data
.balign 4
# Methods that are known here and that nobody serves (RFC 9110, 9.3; RFC 5789).
http_methods:
    .long   method_post, method_put, method_delete, method_options, method_trace, method_connect, method_patch, 0
.popsection
.global head_bad
STRING head_bad, "400 Bad Request"
STRING head_method, "405 Method Not Allowed"
.global head_unknown
STRING head_unknown, "501 Not Implemented"
STRING head_version, "505 HTTP Version Not Supported"
STRING method_post, "POST "
STRING method_put, "PUT "
STRING method_delete, "DELETE "
STRING method_options, "OPTIONS "
STRING method_trace, "TRACE "
STRING method_connect, "CONNECT "
STRING method_patch, "PATCH "

.text

# Takes the first row of a request apart (RFC 9112, 3): a method, what is asked for, a version, and one blank between.
# In: EBX client, ESI request.
# Out: EDI method and a blank, ESI what is asked for, NUL terminated, CLIENT_REST and CLIENT_MINOR; CF and EBP status
# when it is no such row.
# Clobbers: EAX, ECX, EDX.
.global http_row
http_row:
    mov     ebp, offset head_bad
.Lhttp_row_empty:
    lodsb                               # rows without anything go before some clients' requests (RFC 9112, 2.2)
    cmp     al, 13
    je      .Lhttp_row_empty
    cmp     al, 10
    je      .Lhttp_row_empty
    lea     edi, [esi - 1]              # EDI: method
.Lhttp_row_method:
    call    http_token
    jc      .Lhttp_row_target
    lodsb
    jmp     .Lhttp_row_method
.Lhttp_row_target:
    cmp     al, ' '
    jne     .Lhttp_row_bad
    lea     eax, [esi - 1]
    cmp     eax, edi
    je      .Lhttp_row_bad
    mov     eax, esi
.Lhttp_row_sign:
    mov     cl, [eax]
    inc     eax
    cmp     cl, ' '
    jb      .Lhttp_row_bad
    cmp     cl, 127
    jae     .Lhttp_row_bad
    cmp     cl, ' '
    jne     .Lhttp_row_sign
    lea     ecx, [eax - 1]
    cmp     ecx, esi
    je      .Lhttp_row_bad
    mov     byte ptr [ecx], 0
    mov     [ebx + CLIENT_REST], eax
    jmp     http_version
.Lhttp_row_bad:
    stc
    ret

# Looks at the method.
# In: EBX client, EDI method and a blank.
# Out: CLIENT_HEAD; CF and EBP status when it is not served.
# Clobbers: EAX, ECX, EDX.
.global http_method
http_method:
    mov     eax, edi
    LOAD_STRING edx, "GET "
    call    string_prefix
    je      9f
    mov     eax, edi
    LOAD_STRING edx, "HEAD "
    call    string_prefix
    je      2f
    mov     ebp, offset head_method
    mov     ecx, offset http_methods
1:  mov     edx, [ecx]
    add     ecx, 4
    test    edx, edx
    jz      3f
    mov     eax, edi
    push    ecx
    call    string_prefix
    pop     ecx
    jne     1b
    stc
    ret
2:  inc     dword ptr [ebx + CLIENT_HEAD]
9:  clc
    ret
3:  mov     ebp, offset head_unknown
    stc
    ret

# Looks at what the first row ends with: a version that is spoken here.
# In: EBX client.
# Out: CLIENT_MINOR; CF and EBP status when it is none.
# Clobbers: EAX, ECX, EDX.
http_version:
    mov     eax, [ebx + CLIENT_REST]
    LOAD_STRING edx, "HTTP/"
    call    string_prefix
    jne     8f
    cmp     byte ptr [eax + 1], '.'
    jne     8f
    movzx   edx, byte ptr [eax]
    sub     edx, '0'                    # EDX: major
    cmp     edx, 9
    ja      8f
    movzx   ecx, byte ptr [eax + 2]
    sub     ecx, '0'
    cmp     ecx, 9
    ja      8f
    mov     [ebx + CLIENT_MINOR], ecx
    cmp     byte ptr [eax + 3], 10
    je      1f
    cmp     word ptr [eax + 3], 0x0A0D
    jne     8f
1:  mov     ebp, offset head_version
    cmp     edx, 1
    jne     7f
    clc
    ret
8:  mov     ebp, offset head_bad
7:  stc
    ret
