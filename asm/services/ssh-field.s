# What SSH's messages are made of (RFC 4251, 5): numbers from the highest byte on, strings after their length, lists of
# names. Whatever is taken lies before the end of what was received.

.include "macros.inc"
.include "ssh.inc"

.text

# Takes a number.
# In: ESI where it is, EDI the end.
# Out: EAX number, ESI behind it; CF when the end comes before.
# Clobbers: EAX only.
.global ssh_take_number
ssh_take_number:
    mov     eax, edi
    sub     eax, esi
    cmp     eax, 4
    jb      1f
    lodsd
    bswap   eax
1:  ret

# Takes a byte.
# In: ESI where it is, EDI the end.
# Out: EAX byte, ESI behind it; CF when the end comes before.
# Clobbers: EAX only.
.global ssh_take_byte
ssh_take_byte:
    cmp     edi, esi
    jbe     1f
    xor     eax, eax
    lodsb
    ret
1:  stc
    ret

# Takes a string.
# In: ESI where it is, EDI the end.
# Out: EAX address of its bytes, ECX how many, ESI behind them; CF when the end comes before.
# Clobbers: EAX, ECX only.
.global ssh_take_string
ssh_take_string:
    call    ssh_take_number
    jc      1f
    mov     ecx, edi
    sub     ecx, esi
    cmp     ecx, eax
    jb      1f
    mov     ecx, eax
    mov     eax, esi
    add     esi, ecx                    # CF is clear
1:  ret

# Whether a string is a text.
# In: EAX its bytes, ECX how many; EDX text.
# Out: ZF when it is.
# Clobbers: EDX only.
.global ssh_is
ssh_is:
    push    eax
    push    ecx
    jecxz   2f
1:  push    ecx
    mov     cl, [eax]
    cmp     cl, [edx]
    pop     ecx
    jne     3f
    inc     eax
    inc     edx
    loop    1b
2:  cmp     byte ptr [edx], 0
3:  pop     ecx
    pop     eax
    ret

# Whether a name is in a list of names.
# In: EAX list, ECX its bytes; EDX name.
# Out: ZF when it is; CF when it is so as the first one.
# Clobbers: EAX, ECX, EDX.
.global ssh_lists
ssh_lists:
    push    ebx
    push    esi
    push    edi
    lea     edi, [eax + ecx]            # EDI: the end
    mov     esi, eax
    mov     ebx, eax
.Lssh_lists_next:
    mov     eax, esi
1:  cmp     esi, edi
    jae     2f
    cmp     byte ptr [esi], ','
    je      2f
    inc     esi
    jmp     1b
2:  mov     ecx, esi
    sub     ecx, eax
    push    edx
    call    ssh_is
    pop     edx
    je      .Lssh_lists_found
    inc     esi
    cmp     esi, edi
    jbe     .Lssh_lists_next
    test    esp, esp                    # neither
    jmp     .Lssh_lists_done
.Lssh_lists_found:
    cmp     ebx, eax
    stc
    je      .Lssh_lists_done
    cmp     eax, eax
.Lssh_lists_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Puts a number.
# In: EAX number, EDI where it goes.
# Out: EDI behind it.
# Clobbers: EAX only.
.global ssh_put_number
ssh_put_number:
    bswap   eax
    stosd
    ret

# Puts a text as a string.
# In: EDX text, EDI where it goes.
# Out: EDI behind it.
# Clobbers: EAX, ECX.
.global ssh_put_text
ssh_put_text:
    mov     eax, edx
    call    string_length
    mov     ecx, eax

# Puts a string.
# In: EDX its bytes, ECX how many, EDI where it goes.
# Out: EDI behind it.
# Clobbers: EAX, ECX.
.global ssh_put_string
ssh_put_string:
    mov     eax, ecx
    call    ssh_put_number

# Puts bytes.
# In: EDX bytes, ECX how many, EDI where they go.
# Out: EDI behind them.
# Clobbers: ECX.
.global ssh_put_bytes
ssh_put_bytes:
    push    esi
    mov     esi, edx
    rep movsb
    pop     esi
    ret
