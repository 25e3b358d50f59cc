# Room that grows as long as there is memory: a region of addresses, whose pages the kernel makes when they are first
# used. A page that cannot be made would end the program in the middle of an instruction; here it ends with a sentence.
# A routine takes its arguments in EAX, EDX and ECX and keeps all other registers.

.include "program.inc"
.include "room.inc"

ROOMS           = 16                    # of a program

.text

# Makes a room, empty.
# In: EAX ROOM record.
.global room_make
room_make:
    push    ebx
    push    esi
    mov     esi, eax
    SYSTEM  memory_map, ROOM_BYTES
    cmp     eax, -ERROR_COUNT           # addresses may have their highest bit set, too
    ja      room_none
    mov     ecx, [rooms_made]
    mov     [rooms + ecx*4], eax
    inc     dword ptr [rooms_made]
    mov     [esi + ROOM_START], eax
    mov     [esi + ROOM_NEXT], eax
    mov     [esi + ROOM_MADE], eax
    add     eax, ROOM_BYTES
    mov     [esi + ROOM_END], eax
    pop     esi
    pop     ebx
    ret

# Takes bytes, after those that were taken before.
# In: EAX ROOM record, EDX bytes.
# Out: EAX their address.
# Clobbers: EAX, EDX.
.global room_take
room_take:
    push    ecx
    mov     ecx, [eax + ROOM_NEXT]
    add     edx, ecx
    jc      room_none
    mov     [eax + ROOM_NEXT], edx
    cmp     edx, [eax + ROOM_MADE]
    jbe     1f
    call    room_reach
1:  mov     eax, ecx
    pop     ecx
    ret

# Has the pages up to an address made, all zero.
# In: EAX ROOM record, EDX address after the last byte that is needed.
# Clobbers: EAX, EDX.
.global room_reach
room_reach:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     edi, [esi + ROOM_END]
    ja      room_none
1:  mov     ebx, [esi + ROOM_MADE]
    cmp     ebx, edi
    jae     2f
    SYSTEM  time_read, ebx              # it writes there, or says that it cannot
    test    eax, eax
    js      room_none
    mov     dword ptr [ebx], 0
    mov     dword ptr [ebx + 4], 0
    add     dword ptr [esi + ROOM_MADE], 4096
    jmp     1b
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Ends the program: there is no more memory. The rooms are given back before, for the sentence that says so needs some.
room_none:
    mov     esi, [rooms_made]
1:  sub     esi, 1
    jb      2f
    SYSTEM  memory_unmap, [rooms + esi*4]
    jmp     1b
2:  mov     eax, -ERROR_NO_MEMORY
    mov     edx, offset text_input
    jmp     fail

.section .rodata
text_input:     .asciz "input"

.bss
.balign 4
rooms_made:     .space 4
rooms:          .space ROOMS * 4        # where they begin
