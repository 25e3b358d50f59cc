# Names in answers of the DNS server, shortened by pointers to where they, or their ends, stand already (RFC 1035,
# 4.1.4). Which places those are is kept for the first ANSWER_PLACES_MAXIMUM of an answer.

.include "macros.inc"
.include "dns.inc"

POINTER                 = 0xC0          # from here on the first byte of a name's rest is one
PLACE_MAXIMUM           = 0x3FFF        # that one can name

.text

# Begins an answer: notes the labels of the question's name, if they are written out.
# In: EBX answer structure, ESI message.
# Clobbers: EAX, ECX, EDX.
.global answer_question
answer_question:
    mov     [ebx + ANSWER_BASE], esi
    mov     dword ptr [ebx + ANSWER_KNOWN], 0
    lea     edx, [esi + DNS_HEADER_SIZE]
1:  movzx   eax, byte ptr [edx]
    test    eax, eax
    jz      3f
    cmp     eax, POINTER
    jae     2f
    call    answer_note
    lea     edx, [edx + eax + 1]
    jmp     1b
2:  mov     dword ptr [ebx + ANSWER_KNOWN], 0
3:  ret

# Notes that a name stands at a place.
# In: EBX answer structure, EDX place.
# Clobbers: ECX.
answer_note:
    mov     ecx, [ebx + ANSWER_KNOWN]
    cmp     ecx, ANSWER_PLACES_MAXIMUM
    jae     1f
    push    edx
    sub     edx, [ebx + ANSWER_BASE]
    cmp     edx, PLACE_MAXIMUM
    ja      2f
    mov     [ebx + ANSWER_PLACES + ecx*2], dx
    inc     dword ptr [ebx + ANSWER_KNOWN]
2:  pop     edx
1:  ret

# Writes a name.
# In: EBX answer structure, ESI name, written out, EDI where it goes.
# Out: EDI after it; CF when it does not fit.
# Clobbers: EAX, ECX, EDX, ESI.
.global answer_name
answer_name:
    movzx   ecx, byte ptr [esi]
    xor     edx, edx                    # EDX: number of the place that is looked at
    jecxz   .Lanswer_name_label
.Lanswer_name_place:
    cmp     edx, [ebx + ANSWER_KNOWN]
    jae     .Lanswer_name_label
    movzx   eax, word ptr [ebx + ANSWER_PLACES + edx*2]
    call    answer_same
    je      .Lanswer_name_pointer
    inc     edx
    jmp     .Lanswer_name_place
.Lanswer_name_label:
    lea     eax, [edi + ecx + 1]
    cmp     [ebx + ANSWER_END], eax
    jb      .Lanswer_name_done
    inc     ecx
    cmp     ecx, 1
    je      .Lanswer_name_root
    push    ecx
    mov     edx, edi
    call    answer_note
    pop     ecx
    rep movsb
    jmp     answer_name
.Lanswer_name_root:
    movsb                               # CF is clear
    ret
.Lanswer_name_pointer:
    lea     eax, [edi + 2]
    cmp     [ebx + ANSWER_END], eax
    jb      .Lanswer_name_done
    movzx   eax, word ptr [ebx + ANSWER_PLACES + edx*2]
    xchg    al, ah
    or      al, POINTER
    stosw                               # CF is clear
.Lanswer_name_done:
    ret

# Says whether a name stands at a place of the answer, whatever the case of its letters.
# In: EBX answer structure, ESI name, EAX place.
# Out: ZF when it does.
# Clobbers: EAX.
answer_same:
    push    ecx
    push    edx
    push    esi
.Lanswer_same_next:
    add     eax, [ebx + ANSWER_BASE]
.Lanswer_same_label:
    movzx   ecx, byte ptr [eax]
    cmp     ecx, POINTER
    jb      1f
    mov     ax, [eax]
    xchg    al, ah
    and     eax, PLACE_MAXIMUM
    jmp     .Lanswer_same_next
1:  cmp     cl, [esi]
    jne     3f
    jecxz   3f                          # ZF is set
    inc     eax
    inc     esi
2:  mov     dl, [eax]
    mov     dh, [esi]
    inc     eax
    inc     esi
    cmp     dl, dh
    je      4f
    or      edx, 0x2020
    cmp     dl, dh
    jne     3f
    sub     dl, 'a'
    cmp     dl, 'z' - 'a'
    ja      3f                          # ZF is clear
4:  loop    2b
    jmp     .Lanswer_same_label
3:  pop     esi
    pop     edx
    pop     ecx
    ret
