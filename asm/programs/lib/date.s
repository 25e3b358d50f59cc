# Times as dates. A routine takes its argument in EAX and keeps all registers but EAX, ECX and EDX.

.intel_syntax noprefix

DAY_SECONDS     = 86400
FIRST_YEAR      = 1970
YEAR_DAYS       = 365

.text

# Adds a time to the output, as 2026-01-31 23:59; blanks for one that is not known.
# In: EAX seconds since 1970, 0 when it is not known.
.global out_date
out_date:
    push    ebx
    push    esi
    push    edi
    test    eax, eax
    jz      .Lout_date_unknown
    xor     edx, edx
    mov     ecx, DAY_SECONDS
    div     ecx
    push    edx                         # [ESP] seconds of the day
    mov     esi, FIRST_YEAR             # ESI: year, EAX: days since it began
.Lout_date_year:
    mov     ecx, YEAR_DAYS
    test    esi, 3
    jnz     .Lout_date_days
    cmp     esi, 2100                   # the one century that 32 bits reach without a day more
    je      .Lout_date_days
    inc     ecx
.Lout_date_days:
    cmp     eax, ecx
    jb      .Lout_date_month
    sub     eax, ecx
    inc     esi
    jmp     .Lout_date_year
.Lout_date_month:
    sub     ecx, YEAR_DAYS - 28         # ECX: days of February
    xor     edi, edi                    # EDI: month
.Lout_date_next:
    movzx   edx, byte ptr [month_days + edi]
    inc     edi
    cmp     edi, 2
    jne     .Lout_date_length
    mov     edx, ecx
.Lout_date_length:
    cmp     eax, edx
    jb      .Lout_date_show
    sub     eax, edx
    jmp     .Lout_date_next
.Lout_date_show:
    lea     ebx, [eax + 1]              # EBX: day
    mov     eax, esi
    mov     edx, 4
    call    out_number
    mov     al, '-'
    mov     edx, edi
    call    out_part
    mov     al, '-'
    mov     edx, ebx
    call    out_part
    pop     eax
    xor     edx, edx
    mov     ecx, 60
    div     ecx
    xor     edx, edx
    div     ecx                         # EAX: hours, EDX: minutes
    mov     ebx, edx
    mov     edx, eax
    mov     al, ' '
    call    out_part
    mov     al, ':'
    mov     edx, ebx
    call    out_part
    jmp     .Lout_date_done
.Lout_date_unknown:
    mov     eax, offset text_unknown
    call    out_text
.Lout_date_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Adds a character and a number of two digits.
# In: AL character, EDX number below 100.
# Clobbers: EAX too.
out_part:
    call    out_byte
    mov     eax, edx
    mov     dl, 10
    div     dl
    add     ax, '0' + ('0' << 8)
    call    out_byte
    mov     al, ah
    jmp     out_byte

.section .rodata
month_days:     .byte   31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
text_unknown:   .asciz "                "
