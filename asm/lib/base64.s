# Base64 (RFC 4648, 4).

.include "macros.inc"

.text

# Reads bytes that are written in Base64 (RFC 4648, 4).
# In: EAX text, EDX buffer, ECX bytes of it.
# Out: EAX bytes; CF when the text is not whole groups of four signs, or is too long.
.global base64_read
base64_read:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     edi, edx
    lea     ebp, [edx + ecx]            # EBP: after the buffer
    push    edx                         # [esp]: the buffer
.Lbase64_read_group:
    cmp     byte ptr [esi], 0
    je      .Lbase64_read_end
    mov     ecx, 4
    xor     ebx, ebx                    # EBX: 24 bits
1:  lodsb
    cmp     al, '='
    je      .Lbase64_read_last
    call    base64_sign
    jc      .Lbase64_read_done
    shl     ebx, 6
    or      bl, al
    dec     ecx
    jnz     1b
    lea     eax, [edi + 3]
    cmp     ebp, eax
    jb      .Lbase64_read_done
    bswap   ebx
    shr     ebx, 8
    mov     [edi], bx
    shr     ebx, 16
    mov     [edi + 2], bl
    add     edi, 3
    jmp     .Lbase64_read_group
.Lbase64_read_last:
    cmp     ecx, 3                      # one or two signs are left out, and nothing follows
    jae     .Lbase64_read_wrong
    cmp     ecx, 1
    je      2f
    lodsb
    cmp     al, '='
    jne     .Lbase64_read_wrong
2:  cmp     byte ptr [esi], 0
    jne     .Lbase64_read_wrong
    lea     eax, [edi + 2]
    cmp     ebp, eax
    jb      .Lbase64_read_done
    mov     eax, ecx
    neg     eax
    lea     edx, [edi + eax + 3]        # EDX: after the bytes
    imul    ecx, ecx, 6
    shl     ebx, cl
    bswap   ebx
    mov     [edi], bh
    shr     ebx, 16
    lea     eax, [edi + 1]
    cmp     eax, edx
    je      3f
    mov     [edi + 1], bl
3:  mov     edi, edx
.Lbase64_read_end:
    mov     eax, edi
    sub     eax, [esp]
    clc
    jmp     .Lbase64_read_done
.Lbase64_read_wrong:
    stc
.Lbase64_read_done:
    pop     edx
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The value of a sign.
# In: AL sign.
# Out: AL value; CF when it is none.
# Clobbers: nothing else.
base64_sign:
    cmp     al, '+'
    je      .Lbase64_sign_plus
    cmp     al, '/'
    je      .Lbase64_sign_slash
    cmp     al, '0'
    jb      .Lbase64_sign_done
    cmp     al, '9'
    jbe     .Lbase64_sign_digit
    cmp     al, 'A'
    jb      .Lbase64_sign_done
    cmp     al, 'Z'
    jbe     .Lbase64_sign_upper
    cmp     al, 'a'
    jb      .Lbase64_sign_done
    cmp     al, 'z' + 1
    cmc
    jc      .Lbase64_sign_done
    sub     al, 'a' - 26
    clc
    ret
.Lbase64_sign_upper:
    sub     al, 'A'
    clc
    ret
.Lbase64_sign_digit:
    add     al, 52 - '0'
    clc
    ret
.Lbase64_sign_plus:
    mov     al, 62
    ret                                 # CF is clear
.Lbase64_sign_slash:
    mov     al, 63
.Lbase64_sign_done:
    ret

# Writes bytes in Base64, without the signs = that fill up the last group.
# In: EDI where the text goes: 4 characters for each 3 bytes, and a NUL; ESI bytes, ECX how many.
# Out: EDI its end, at the NUL.
# Clobbers: EAX, ECX, EDX, ESI.
.global base64_write
base64_write:
    push    ebx
1:  jecxz   .Lbase64_write_end
    mov     edx, 2                      # EDX: signs of the group
    movzx   ebx, byte ptr [esi]
    shl     ebx, 8
    cmp     ecx, 2
    jb      2f
    mov     bl, [esi + 1]
    inc     edx
2:  shl     ebx, 8
    cmp     ecx, 3
    jb      3f
    mov     bl, [esi + 2]
    inc     edx
3:  shl     ebx, 8
    lea     esi, [esi + edx - 1]
    sub     ecx, edx
    inc     ecx
4:  rol     ebx, 6
    mov     eax, ebx
    and     eax, 63
    mov     al, [base64_signs + eax]
    stosb
    dec     edx
    jnz     4b
    jmp     1b
.Lbase64_write_end:
    mov     byte ptr [edi], 0
    pop     ebx
    ret

.section .rodata
base64_signs:
    .ascii  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
