# Tasks that print at the same time: link this object with those of asm/ and type `printers`. Each prints texts of some
# rows, in which all characters are its letter; at the end `all have printed`.

.include "macros.inc"
.include "shell.inc"

PRINTER_ROWS    = 3

.text

SHELL_COMMAND "printers", command_printers, "", "have tasks print at the same time", GROUP_DEBUG

# Has tasks print rows that are the same letter from end to end, three in one text, all at the same time.
# Out: EAX status 0.
command_printers:
    push    ebx
    mov     dword ptr [running], 'z' - 'a' + 1
    mov     ebx, 'a'
1:  mov     eax, offset printer
    mov     edx, ebx
    LOAD_STRING ecx, "printer"
    call    task_create
    inc     ebx
    cmp     ebx, 'z'
    jbe     1b
2:  mov     eax, 10
    call    task_sleep
    cmp     dword ptr [running], 0
    jne     2b
    PRINT   "all have printed\n"
    xor     eax, eax
    pop     ebx
    ret

# In: EAX letter.
printer:
    FRAME   PRINTER_ROWS*64+4
    push    edi
    lea     edi, [ebp - PRINTER_ROWS * 64 - 4]
    mov     edx, PRINTER_ROWS
1:  mov     ecx, 63
    rep stosb
    mov     byte ptr [edi], 10
    inc     edi
    dec     edx
    jnz     1b
    mov     byte ptr [edi], 0
    mov     edi, 4
2:  lea     eax, [ebp - PRINTER_ROWS * 64 - 4]
    call    print
    dec     edi
    jnz     2b
    dec     dword ptr [running]
    pop     edi
    ENDFRAME
    ret

.bss
.balign 4
running:        .space 4                    # printers that have not ended
