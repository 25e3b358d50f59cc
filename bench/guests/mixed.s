# Code and data in one page: functions with their variables and tables in line, right before, after and in the midst of
# them.
.include "frame.inc"
setup:  ret
counter:
        .long   0
count:  inc     dword ptr [counter]
        mov     eax, [counter]
        jmp     1f
seed:   .long   12345
1:      imul    eax, [seed]
        add     eax, 12345
        mov     [seed], eax
        ret
histogram:
        .fill   16, 4, 0
sort_out:                               # in: EAX
        mov     edx, eax
        shr     edx, 28
        inc     dword ptr [histogram + edx * 4]
        movzx   edx, byte ptr [histogram + edx * 4]
        mov     [last], dl
        ret
last:   .byte   0
line:   .fill   32, 1, 0
copy_line:                              # bytes, one by one, between two buffers beside the code
        mov     esi, offset line
        mov     edi, offset line_2
        mov     ecx, 32
1:      mov     al, [esi]
        add     al, cl
        mov     [edi], al
        inc     esi
        inc     edi
        dec     ecx
        jnz     1b
        mov     esi, offset line_2
        mov     edi, offset line
        mov     ecx, 8
        rep movsd
        ret
line_2: .fill   32, 1, 0
bench:  mov     ebx, 200
1:      call    count
        call    sort_out
        test    bl, 7
        jnz     2f
        call    copy_line
2:      dec     ebx
        jnz     1b
        dec     ebp
        jnz     bench
        mov     eax, [seed]
        add     eax, dword ptr [line]
        ret
