# $(...) in words: what a list of commands prints, or with $((...)) the value of an expression.

.include "macros.inc"
.include "errors.inc"
.include "shell.inc"

NUMBER_BYTES        = 16                    # room for digits and a sign

.text

# Skips what belongs to a $(.
# In: ESI text after it.
# Out: ESI after the ) that ends it; CF and EAX message when none does.
# Clobbers: EAX only.
.global substitution_skip
substitution_skip:
    push    ecx
    mov     ecx, 1                      # ECX: parentheses that are open
.Lsubstitution_skip_next:
    lodsb
    test    al, al
    jz      .Lsubstitution_skip_open
    cmp     al, 0x5C                    # '\'
    je      .Lsubstitution_skip_escaped
    cmp     al, 0x27                    # apostrophe
    je      .Lsubstitution_skip_apostrophe
    cmp     al, 0x22                    # '"'
    je      .Lsubstitution_skip_quote
    cmp     al, '('
    jne     1f
    inc     ecx
1:  cmp     al, ')'
    jne     .Lsubstitution_skip_next
    dec     ecx
    jnz     .Lsubstitution_skip_next
    clc
.Lsubstitution_skip_done:
    pop     ecx
    ret
.Lsubstitution_skip_escaped:
    lodsb
    test    al, al
    jnz     .Lsubstitution_skip_next
    jmp     .Lsubstitution_skip_open
.Lsubstitution_skip_apostrophe:
    lodsb
    test    al, al
    jz      .Lsubstitution_skip_open
    cmp     al, 0x27
    jne     .Lsubstitution_skip_apostrophe
    jmp     .Lsubstitution_skip_next
.Lsubstitution_skip_quote:
    lodsb
    cmp     al, 0x22
    je      .Lsubstitution_skip_next
    cmp     al, 0x5C
    jne     2f
    lodsb
2:  test    al, al
    jz      .Lsubstitution_skip_open
    cmp     al, '$'
    jne     .Lsubstitution_skip_quote
    cmp     byte ptr [esi], '('
    jne     .Lsubstitution_skip_quote
    inc     esi
    call    substitution_skip
    jnc     .Lsubstitution_skip_quote
    jmp     .Lsubstitution_skip_done
.Lsubstitution_skip_open:
    dec     esi
    LOAD_STRING eax, "$( is not closed"
    stc
    jmp     .Lsubstitution_skip_done

# Puts what $(...) or $((...)) stands for into the word. May sleep.
# In: ESI text at the parenthesis; EBX, EDI, EBP as words_read has them.
# Out: ESI after it, EAX 0; CF and EAX message.
.global words_substitution
words_substitution:
    push    edx
    inc     esi
    mov     edx, esi                    # EDX: what stands between, ECX: its end
    call    substitution_skip
    jc      .Lwords_substitution_done
    lea     ecx, [esi - 1]
    cmp     byte ptr [edx], '('
    jne     .Lwords_substitution_commands
    lea     eax, [edx + 1]
    cmp     ecx, eax
    jbe     .Lwords_substitution_commands
    cmp     byte ptr [ecx - 1], ')'
    jne     .Lwords_substitution_commands
    push    esi
    push    edi
    mov     esi, eax
    lea     edi, [ecx - 1]
    call    arithmetic
    pop     edi
    pop     esi
    jc      .Lwords_substitution_done
    push    esi
    sub     esp, NUMBER_BYTES
    mov     esi, esp
    mov     ecx, eax
    test    ecx, ecx
    jns     1f
    mov     byte ptr [esi], '-'
    inc     esi
    neg     ecx
1:  SNPRINTF esi, NUMBER_BYTES-1, "%u", ecx
    mov     esi, esp
    call    value_put
    lea     esp, [esp + NUMBER_BYTES]
    pop     esi
    jmp     .Lwords_substitution_done
.Lwords_substitution_commands:
    push    esi
    mov     esi, edx
    call    substitute
    jc      .Lwords_substitution_failed
    mov     [ebx + WORDS_STATUS], ecx
    push    eax
    mov     esi, eax
    call    value_put
    pop     ecx
    pushfd
    push    eax
    mov     eax, ecx
    call    mfree
    pop     eax
    popfd
    pop     esi
    jmp     .Lwords_substitution_done
.Lwords_substitution_failed:
    call    error_text
    pop     esi
    stc
.Lwords_substitution_done:
    pop     edx
    ret
