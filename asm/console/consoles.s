# The consoles 2 to 8, each with a screen, keys and a shell of its own. One is made when it is first shown, and stays.
# Alt with F1 to F8 on the keyboard shows one, and so does the command `console`. COM1 stays with console 1.

.include "macros.inc"
.include "errors.inc"
.include "console.inc"

HOOK on_console, hook_quiet                 # a new one: EAX console -> CF and EAX error

.text

# Shows a console, which is made first if it must be. Callable from an interrupt handler.
# In: EAX number, 1 to CONSOLES.
# Out: CF and EAX error without memory; the same console stays then.
console_choose:
    push    ebx
    INTERRUPTS_OFF
    lea     ebx, [consoles + eax*4 - 4]
    cmp     dword ptr [ebx], 0
    jne     1f
    call    console_make
    jc      2f
1:  mov     eax, [ebx]
    call    console_show
    INTERRUPTS_RESTORE
    pop     ebx
    clc
    ret
2:  INTERRUPTS_RESTORE
    pop     ebx
    stc
    ret

# The same, and says when it cannot be.
# In: EAX number, 1 to CONSOLES.
# Out: CF when it cannot be.
.global console_choose_said
console_choose_said:
    push    eax
    call    console_choose
    pop     ecx
    jnc     1f
    call    error_text
    PRINTF  "console %u: %s\n", ecx, eax
    stc
1:  ret

# Makes a console. Interrupts off.
# In: EAX number, EBX where its address goes.
# Out: CF and EAX error without memory.
.global console_make
console_make:
    push    esi
    push    eax
    mov     eax, CONSOLE_SIZE
    call    malloc
    pop     ecx
    jc      2f
    mov     esi, eax
    mov     [esi + CONSOLE_NUMBER], ecx
    push    [console_placed]
    call    console_place
    lea     eax, [esi + CONSOLE_STORE]
    call    vga_fresh
    pop     eax
    call    console_place
    mov     eax, esi
    call    [on_console]
    jnc     1f
    push    eax
    mov     eax, esi
    call    mfree
    pop     eax
    stc
    jmp     2f
1:  mov     [ebx], esi
2:  pop     esi
    ret

# Shell command: shows a console, lists them, or marks the serial line.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_console:
    cmp     eax, 2
    ja      command_misused
    jb      consoles_list
    push    edx
    mov     eax, [edx + 4]
    LOAD_STRING edx, "size"
    call    string_compare
    je      .Lcommand_console_size
    mov     edx, [esp]
    mov     eax, [edx + 4]
    LOAD_STRING edx, "mark"
    call    string_compare
    mov     eax, 1                      # the flags stay
    je      .Lcommand_console_marks
    mov     edx, [esp]
    mov     eax, [edx + 4]
    LOAD_STRING edx, "plain"
    call    string_compare
    mov     eax, 0
    je      .Lcommand_console_marks
    mov     edx, [esp]
    mov     eax, [edx + 4]
    call    parse_number
    jc      1f
    cmp     byte ptr [edx], 0
    jne     1f
    dec     eax
    cmp     eax, CONSOLES
    jae     1f
    add     esp, 4
    inc     eax
    call    console_choose_said
    mov     eax, 0
    adc     eax, 0
    ret
1:  pop     edx
    jmp     command_misused
.Lcommand_console_size:
    pop     edx
    call    terminal_await
    call    terminal_size
    PRINTF  "%u columns, %u rows\n", edx, eax
    xor     eax, eax
    ret
.Lcommand_console_marks:
    pop     edx
    call    console_set_marks
    xor     eax, eax
    ret

# Lists those that have been shown: number, what it is about, directory of the shell.
consoles_list:
    push    ebx
    push    esi
    xor     esi, esi
1:  mov     ebx, [consoles + esi*4]
    test    ebx, ebx
    jz      4f
    mov     eax, offset console_nothing
    cmp     ebx, [console_shown]
    jne     2f
    LOAD_STRING eax, "on the screen"
2:  mov     ecx, offset console_nothing
    cmp     ebx, offset console_first
    jne     3f
    LOAD_STRING ecx, "serial"
3:  lea     edx, [ebx + CONSOLE_CONTEXT + CONTEXT_PLACE]
    PRINTF  "%u  %-6s  %-13s  %s\n", [ebx+CONSOLE_NUMBER], ecx, eax, edx
4:  inc     esi
    cmp     esi, CONSOLES
    jb      1b
    xor     eax, eax
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "console", command_console, "[NUMBER|size|mark|plain]", "show one of eight consoles, or list them", GROUP_SHELL, console_text

.section .rodata
console_nothing:
    .asciz  ""
console_text:
    .ascii  "Alt and F1 to F8 do the same. Each has a shell, keys and a screen of its own; the serial line and\n"
    .ascii  "what the kernel says belong to console 1, which the debugger and a panic bring back. size asks the\n"
    .ascii  "terminal at the serial line how large it is; set columns and rows if it does not know.\n"
    .ascii  "mark has what no command prints stand between ESC [?6510h and ESC [?6510l on the serial line, for a\n"
    .asciz  "program that reads a command's output there; terminals show neither. plain ends it.\n"

.data
.balign 4
consoles:           .long console_first
    .fill   CONSOLES - 1, 4, 0
