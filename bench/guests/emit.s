# A code generator as compilers have them: routines with a frame, from templates that REP MOVSB copies and fixes up,
# with instructions of all kinds; each runs once, in a buffer of 64 KiB that is used round and round.
.include "frame.inc"
BUFFER       = BUF0
BUFFER_BYTES = 0x10000
setup:  ret
prologue:
        push    ebp
        mov     ebp, esp
        push    ebx
        movzx   ebx, word ptr [ebp + 8]
prologue_end:
step_1: add     eax, 0x12345678
        mul     ebx
        adc     edx, 0x11
        xor     eax, edx
step_1_end:
step_2: mov     cx, ax
        shl     ebx, cl
        add     ebx, 0x12345678
        cmp     ebx, eax
        setb    cl
        movzx   ecx, cl
        sub     eax, ecx
step_2_end:
epilogue:
        pop     ebx
        leave
        ret
epilogue_end:
# emit: in: ESI = template, ECX = its bytes, EDI = buffer; out: EDI after it
emit:   rep movsb
        ret
bench:  xor     eax, eax
        mov     edi, BUFFER
1:      mov     edx, 100
2:      push    edx
        push    edi
        mov     esi, offset prologue
        mov     ecx, offset prologue_end - prologue
        call    emit
        lea     ebx, [eax + edx]
        mov     esi, offset step_1
        mov     ecx, offset step_1_end - step_1
        call    emit
        mov     [edi - (step_1_end - step_1) + 1], ebx
        mov     esi, offset step_2
        mov     ecx, offset step_2_end - step_2
        call    emit
        rol     ebx, 7
        mov     [edi - (step_2_end - step_2) + 7], ebx
        mov     esi, offset epilogue
        mov     ecx, offset epilogue_end - epilogue
        call    emit
        pop     ecx
        push    edi
        push    eax
        call    ecx
        pop     ecx
        pop     edi
        add     edi, 15
        and     edi, -16
        cmp     edi, BUFFER + BUFFER_BYTES - 128
        jb      3f
        mov     edi, BUFFER
3:      pop     edx
        dec     edx
        jnz     2b
        dec     ebp
        jnz     1b
        ret
