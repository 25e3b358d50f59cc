# Lines of any length, of several files one after the other, with whatever bytes are in them. A routine takes its
# arguments in EAX, EDX and ECX and keeps all other registers.

.include "program.inc"
.include "room.inc"

.text

# Begins.
# In: EAX address of the address of the first path, of which 0 is after the last; without one the program's input is
# read. The path - is the input, too.
.global lines_begin
lines_begin:
    cmp     dword ptr [eax], 0
    jne     1f
    mov     eax, offset only_input
1:  mov     [lines_paths], eax
    cmp     dword ptr [lines_room + ROOM_START], 0
    jne     2f
    mov     eax, offset lines_room
    call    room_make
2:  mov     eax, [lines_room + ROOM_START]
    mov     [lines_at], eax
    mov     [lines_end], eax
    ret

# The next line.
# Out: EAX its first byte, EDX bytes, without the line end, valid until the next call; line_ended; CF at the end of the
# last file.
# Clobbers: ECX too.
.global line_next
line_next:
    push    edi
    xor     edx, edx                    # EDX: bytes that have been looked at
.Lline_next_look:
    mov     edi, [lines_at]
    mov     ecx, [lines_end]
    sub     ecx, edi
    add     edi, edx
    sub     ecx, edx
    jz      .Lline_next_more
    mov     al, 10
    repne scasb
    je      .Lline_next_found
.Lline_next_more:
    mov     edx, [lines_end]
    sub     edx, [lines_at]
    push    edx
    call    lines_fill
    pop     edx
    jnc     .Lline_next_look
    test    edx, edx
    jnz     .Lline_next_last
    call    lines_open
    mov     edx, 0
    jnc     .Lline_next_look
    jmp     .Lline_next_done
.Lline_next_last:
    mov     edi, [lines_end]
    inc     edi
    mov     dword ptr [line_ended], 0
    mov     eax, [lines_at]
    lea     ecx, [edi - 1]
    mov     [lines_at], ecx
    jmp     .Lline_next_have
.Lline_next_found:
    mov     dword ptr [line_ended], 1
    mov     eax, [lines_at]
    mov     [lines_at], edi
.Lline_next_have:
    lea     edx, [edi - 1]
    sub     edx, eax                    # CF is clear
.Lline_next_done:
    pop     edi
    ret

# Whether there is another line. The one before is not valid any more.
# Out: CF when there is none.
# Clobbers: EAX, ECX, EDX.
.global line_follows
line_follows:
    mov     eax, [lines_at]
    cmp     [lines_end], eax
    jne     1f                          # CF is clear
    call    lines_fill
    jnc     1f
    call    lines_open
    jnc     line_follows
1:  ret

# Opens the next file that can be read.
# Out: CF when there is none.
lines_open:
    push    esi
    mov     esi, [lines_paths]
    cmp     dword ptr [lines_reading], 0
    je      1f
    mov     dword ptr [lines_reading], 0
    call    input_close
1:  mov     eax, [esi]
    cmp     eax, 1
    jb      3f
    add     esi, 4
    mov     [lines_paths], esi
    cmp     word ptr [eax], '-'
    jne     2f
    xor     eax, eax
2:  call    input_open
    jc      1b
    mov     dword ptr [lines_reading], 1
3:  pop     esi
    ret

# Reads on: what is left of the bytes goes to the beginning of the room before.
# Out: CF at the end of the file, or when it cannot be read, which is said.
lines_fill:
    push    esi
    push    edi
    cmp     dword ptr [lines_reading], 1
    stc
    jne     2f
    mov     edi, [lines_room + ROOM_START]
    mov     esi, [lines_at]
    mov     ecx, [lines_end]
    sub     ecx, esi
    cmp     esi, edi
    je      1f
    mov     [lines_at], edi
    rep movsb
    mov     [lines_end], edi
1:  call    input_fill
    jc      2f
    push    eax
    mov     edx, [lines_end]
    lea     edx, [edx + eax + 1]
    mov     eax, offset lines_room
    call    room_reach
    pop     ecx
    mov     edi, [lines_end]
    mov     esi, offset input_buffer
    rep movsb
    mov     [lines_end], edi
    clc
2:  pop     edi
    pop     esi
    ret
3:  mov     dword ptr [lines_reading], 2
    stc
    jmp     2b

.section .rodata
.balign 4
only_input:     .long text_dash, 0
text_dash:      .asciz "-"

.bss
.balign 4
lines_room:     .space ROOM_SIZE
lines_at:       .space 4                # the next byte
lines_end:      .space 4
lines_paths:    .space 4                # where the address of the next path is
lines_reading:  .space 4                # 1: a file is open, 2: it was read to its end
.global line_ended
line_ended:     .space 4                # 1: the line had a line end
