# Files that are read byte by byte, one after the other. A routine takes its arguments in EAX, EDX and ECX and keeps all
# other registers.

.include "program.inc"

.text

# Calls a routine for each path among the arguments, or once for the program's input when there is none.
# In: EAX address of the address of the first argument, EDX routine: EAX path or 0, EDX 1 when there are several.
.global each_input
each_input:
    push    esi
    push    edi
    push    ebp
    mov     esi, eax
    mov     ebp, edx
    xor     edi, edi
    mov     eax, [esi]
    test    eax, eax
    jz      2f
    cmp     edi, [esi + 4]
    adc     edi, edi
1:  mov     edx, edi
    call    ebp
    add     esi, 4
    mov     eax, [esi]
    test    eax, eax
    jnz     1b
    jmp     3f
2:  xor     edx, edx
    call    ebp
3:  pop     ebp
    pop     edi
    pop     esi
    ret

# Opens a file. What is wrong is said.
# In: EAX path, or 0 for the program's input.
# Out: CF when it cannot be opened.
.global input_open
input_open:
    push    ebx
    xor     ecx, ecx
    mov     [input_at], ecx
    mov     [input_end], ecx
    mov     [input_handle], ecx
    mov     [input_path], eax
    test    eax, eax
    jnz     1f
    mov     dword ptr [input_path], offset text_input
    jmp     2f
1:  SYSTEM  open, eax, FILE_READ
    mov     [input_handle], eax
    test    eax, eax
    jns     2f
    call    input_failed
2:  pop     ebx
    ret

# Says why a file cannot be read.
# In: EAX negated error code.
# Out: CF.
input_failed:
    mov     edx, [input_path]
    call    complain
    stc
    ret

# Closes it.
.global input_close
input_close:
    push    ebx
    mov     eax, [input_handle]
    test    eax, eax
    jz      1f
    SYSTEM  close, eax
1:  pop     ebx
    ret

# The next byte.
# Out: AL; CF at the end, or when the file cannot be read, which is said.
# Clobbers: EAX only.
.global input_byte
input_byte:
    push    edx
    mov     edx, [input_at]
    cmp     edx, [input_end]
    jb      1f
    push    ecx
    call    input_fill
    pop     ecx
    jc      2f
    xor     edx, edx
1:  mov     al, [input_buffer + edx]
    inc     edx
    mov     [input_at], edx
    clc
2:  pop     edx
    ret

# Reads on, after all that was read.
# Out: EAX bytes that are in input_buffer; CF at the end, or when the file cannot be read, which is said.
.global input_fill
input_fill:
    push    ebx
    mov     ebx, [input_handle]
    test    ebx, ebx
    jnz     1f
    call    out_flush                   # somebody may sit at the console and look
1:  SYSTEM  read, ebx, "offset input_buffer", INPUT_BYTES
    mov     dword ptr [input_at], 0
    test    eax, eax
    js      2f
    mov     [input_end], eax
    cmp     eax, 1
    pop     ebx
    ret
2:  mov     dword ptr [input_end], 0
    call    input_failed
    pop     ebx
    ret

# Goes to another position of a file.
# In: EAX address of the offset, of 64 bits, where the new position goes; EDX SEEK_*.
# Out: CF when that cannot be, which is said.
# Clobbers: EAX, EDX.
.global input_seek
input_seek:
    push    ebx
    push    ecx
    mov     ecx, eax
    mov     ebx, [input_handle]
    mov     dword ptr [input_at], 0
    mov     dword ptr [input_end], 0
    SYSTEM  seek_far, ebx, ecx, edx
    test    eax, eax
    jns     1f                          # CF is clear
    call    input_failed
1:  pop     ecx
    pop     ebx
    ret

# Takes the arguments -LINES or -n LINES, and PATH, either of which may be missing. When they are wrong the program
# ends.
# In: EAX address of the address of the program's name.
# Out: EAX path or 0, EDX lines, 10 when none are said.
.global lines_arguments
lines_arguments:
    push    esi
    mov     edx, 10
    mov     esi, [eax + 4]
    test    esi, esi
    jz      3f
    cmp     byte ptr [esi], '-'
    jne     1f
    push    eax
    lea     eax, [esi + 1]
    cmp     byte ptr [eax], 'n'
    jne     2f
    inc     eax
    cmp     byte ptr [eax], 0
    jne     2f
    add     dword ptr [esp], 4          # the number is an argument of its own
    mov     eax, [esp]
    mov     eax, [eax + 4]
    test    eax, eax
    jz      misused
2:  call    number_of
    jc      misused
    mov     edx, eax
    pop     eax
    add     eax, 4
    mov     esi, [eax + 4]
    test    esi, esi
    jz      3f
1:  cmp     dword ptr [eax + 8], 0
    jne     misused
3:  mov     eax, esi
    pop     esi
    ret

.section .rodata
text_input:     .asciz "input"

.bss
.balign 4
input_handle:   .space 4                # 0: the program's input
input_path:     .space 4
input_at:       .space 4                # next byte in the buffer
input_end:      .space 4
.global input_buffer
input_buffer:   .space INPUT_BYTES
