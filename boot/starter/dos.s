# What small .com programs ask of DOS: characters in and out, vectors, and the end. Other functions end the program with
# a sentence; there are no files here.

.include "starter.inc"

.intel_syntax noprefix
.code16

DOS_VERSION             = 5
INT_TERMINATE           = 0x20
INT_DOS                 = 0x21
# The caller's registers on the stack of `dos`, from its BP on
FRAME_AX                = 28            # PUSHAD has EAX last
FRAME_BX                = 16
FRAME_ES                = 32

.text

# Puts the handlers in their vectors.
# Clobbers: nothing.
.global dos_init
dos_init:
    mov     dword ptr [INT_TERMINATE * 4], offset dos_end
    mov     dword ptr [INT_DOS * 4], offset dos
    ret

# INT 21h: AH names the function. Registers come back as they were, but what a function returns.
dos:
    sti
    cld
    push    ds
    push    es
    pushad
    mov     bp, sp
    push    0
    pop     es
    mov     si, offset functions
1:  cmp     byte ptr cs:[si], 0xFF
    je      dos_unknown
    cmp     cs:[si], ah
    je      2f
    add     si, 3
    jmp     1b
2:  call    word ptr cs:[si + 1]
    popad
    pop     es
    pop     ds
    iret

# Functions. In: BP the caller's registers, AL and DX as the caller gave them, DS the caller's, ES 0. They may clobber
# everything but BP, DS.
write_character:
    mov     al, dl
    jmp     say
direct:                                 # 06h: DL = FFh reads what there is
    cmp     dl, 0xFF
    jne     write_character
    mov     ah, 1
    int     0x16
    mov     al, 0
    jz      give
    jmp     read_silently
read_and_show:
    call    read_silently
    jmp     say

# 07h and 08h: a key, which is not shown.
# In: BP the caller's registers.
# Out: AL the character, also in the caller's AL.
# Clobbers: AH.
read_silently:
    xor     ax, ax
    int     0x16
give:
    mov     [bp + FRAME_AX], al         # SS is the program's own: BP addresses its stack
    ret
is_ready:
    mov     ah, 1
    int     0x16
    mov     al, 0
    jz      give
    dec     al
    jmp     give
write_text:
    mov     si, dx
1:  lodsb
    cmp     al, '$'
    je      2f
    call    say
    jmp     1b
2:  ret
set_vector:
    movzx   si, al
    shl     si, 2
    mov     es:[si], dx
    mov     es:[si + 2], ds
    ret
get_vector:
    movzx   si, al
    shl     si, 2
    mov     eax, es:[si]
    mov     [bp + FRAME_BX], ax
    shr     eax, 16
    mov     [bp + FRAME_ES], ax
    ret
version:
    mov     word ptr [bp + FRAME_AX], DOS_VERSION
    ret

# Shows a character on the screen and on COM1.
# In: AL.
# Clobbers: AH, BX, CX, DX, SI.
say:
    push    ds
    push    0
    pop     ds
    call    emit
    pop     ds
    ret

# INT 21h AH=00h and INT 20h: the program ends.
dos_end:
    mov     al, 0
dos_exit:
    xor     cx, cx
    mov     ds, cx
    mov     es, cx
    movzx   eax, al
    mov     [code], eax
    mov     si, offset text_end
    jmp     dos_stop
dos_unknown:
    xor     cx, cx
    mov     ds, cx
    mov     [code], ah
    mov     si, offset text_unknown
dos_stop:
    call    print
    call    console_flush
    cli
1:  hlt
    jmp     1b

.data
functions:
    .byte   0x00
    .word   dos_end
    .byte   0x01
    .word   read_and_show
    .byte   0x02
    .word   write_character
    .byte   0x06
    .word   direct
    .byte   0x07
    .word   read_silently
    .byte   0x08
    .word   read_silently
    .byte   0x09
    .word   write_text
    .byte   0x0B
    .word   is_ready
    .byte   0x25
    .word   set_vector
    .byte   0x30
    .word   version
    .byte   0x35
    .word   get_vector
    .byte   0x4C
    .word   dos_exit
    .byte   0xFF
.balign 4
code:           .long 0
text_end:
    .ascii  "\nQuRe starter: the program has ended with the code "
    DECIMAL code
    .byte   '\n', 0
text_unknown:
    .ascii  "\nQuRe starter: the program asks for function "
    HEX8    code
    .byte   'h'
    .asciz  " of DOS, which is not here\n"
