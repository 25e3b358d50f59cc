# Virtual methods: objects of four classes in a mixed order, called through the table that each object's first dword
# names.
.include "frame.inc"
OBJECTS = 64
setup:  mov     edi, BUF0
        xor     ecx, ecx
        mov     eax, 7
1:      imul    eax, eax, 1103515245
        add     eax, 12345
        mov     edx, eax
        shr     edx, 20
        and     edx, 3
        shl     edx, 4
        add     edx, offset tables
        mov     [edi], edx
        mov     [edi + 4], ecx
        mov     [edi + 8], eax
        add     edi, 16
        inc     ecx
        cmp     ecx, OBJECTS
        jb      1b
        ret
# Methods: in: ECX = object, EDX = argument; out: EAX
get_0:  mov     eax, [ecx + 4]
        ret
get_1:  mov     eax, [ecx + 8]
        xor     eax, edx
        ret
get_2:  mov     eax, [ecx + 8]
        shr     eax, 3
        add     eax, edx
        ret
get_3:  push    ebx
        mov     ebx, [ecx]
        call    [ebx - 44]              # the method of class 0
        add     eax, edx
        pop     ebx
        ret
set_0:  add     [ecx + 4], edx
        ret
set_1:  mov     [ecx + 8], edx
        ret
set_2:  mov     eax, [ecx + 4]
        lea     eax, [eax + edx * 2]
        mov     [ecx + 4], eax
        ret
set_3:  test    edx, 1
        jz      set_0
        jmp     set_2
        .p2align 4
tables: .long   set_0, get_0, set_1, get_1
        .long   set_1, get_1, set_2, get_0
        .long   set_2, get_2, set_3, get_2
        .long   set_3, get_3, set_0, get_1
bench:  xor     edi, edi
1:      mov     ebx, 100
2:      mov     esi, BUF0
        push    ebx
        mov     ebx, OBJECTS
3:      mov     ecx, esi
        mov     edx, edi
        mov     eax, [ecx]
        call    [eax + 4]
        mov     edx, eax
        mov     eax, [ecx]
        call    [eax]
        add     edi, edx
        mov     eax, [ecx]
        call    [eax + 12]
        xor     edi, eax
        add     esi, 16
        dec     ebx
        jnz     3b
        pop     ebx
        dec     ebx
        jnz     2b
        dec     ebp
        jnz     1b
        mov     eax, edi
        ret
