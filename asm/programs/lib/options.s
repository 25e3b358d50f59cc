# Options of one letter, which may stand together: -nr, -k 2, -k2, up to the first argument that is none, or to --.

.include "program.inc"
.include "options.inc"

OPTION_BYTES    = 6

.text

# Takes the options. When one is unknown the program ends.
# In: EAX address of the address of the program's name, EDX table: OPTION for each, and a 0.
# Out: EAX address of the address of the first argument that is no option.
.global options_take
options_take:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax                    # EDI: argument
    mov     ebx, edx
.Loptions_take_next:
    add     edi, 4
    mov     esi, [edi]                  # ESI: letter
    test    esi, esi
    jz      .Loptions_take_done
    cmp     byte ptr [esi], '-'
    jne     .Loptions_take_done
    inc     esi
    cmp     byte ptr [esi], 0           # - is a name
    je      .Loptions_take_done
    cmp     word ptr [esi], '-'
    jne     .Loptions_take_letter
    add     edi, 4
    jmp     .Loptions_take_done
.Loptions_take_letter:
    lodsb
    test    al, al
    jz      .Loptions_take_next
    lea     ecx, [ebx - OPTION_BYTES]
.Loptions_take_look:
    add     ecx, OPTION_BYTES
    cmp     byte ptr [ecx], 0
    je      misused
    cmp     [ecx], al
    jne     .Loptions_take_look
    mov     edx, [ecx + 2]
    cmp     byte ptr [ecx + 1], OPTION_SET
    jne     .Loptions_take_value
    mov     dword ptr [edx], 1
    jmp     .Loptions_take_letter
.Loptions_take_value:
    mov     eax, esi                    # the rest of the word, or the next one
    cmp     byte ptr [esi], 0
    jne     .Loptions_take_valued
    add     edi, 4
    mov     eax, [edi]
    test    eax, eax
    jz      misused
.Loptions_take_valued:
    cmp     byte ptr [ecx + 1], OPTION_VALUE
    je      1f
    call    edx
    jmp     .Loptions_take_next
1:  mov     [edx], eax
    jmp     .Loptions_take_next
.Loptions_take_done:
    mov     eax, edi
    pop     edi
    pop     esi
    pop     ebx
    ret
