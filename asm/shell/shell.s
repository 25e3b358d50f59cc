# The shell: a task that reads lines at the console and runs commands. Commands are declared with SHELL_COMMAND wherever their
# code is; the linker collects them.

.include "macros.inc"

.globl shell_find, shell_run, shell_usage

LINE_BYTES          = 512
ARGUMENTS           = 32

.text

shell_start:
    mov     eax, offset shell_task
    xor     edx, edx
    LOAD_STRING ecx, "shell"
    call    task_create
    ASSERT  nc, "no memory for the shell"
    ret

# ".initcall.9z" sorts behind all of level 9: the prompt comes when the system is up.
INITCALL 9z, shell_start

shell_task:
    mov     eax, offset shell_line
    mov     edx, LINE_BYTES
    mov     ecx, offset shell_prompt
    call    line_read_history
    jc      shell_task
    mov     eax, offset shell_line
    call    history_add
    call    break_clear
    mov     eax, offset shell_line
    call    shell_run
    call    break_take
    jmp     shell_task

# The prompt. In: EAX buffer, EDX its size. Out: EAX characters.
shell_prompt:
    mov     ecx, offset hostname
    SNPRINTF eax, edx, "%s:/> ", ecx
    ret

# Runs a line. In: EAX line, is changed. Out: EAX the command's status; 127 when there is no such command. May sleep.
shell_run:
    push    ebp
    mov     ebp, esp
    push    edi
    sub     esp, (ARGUMENTS + 1) * 4
    push    eax                             # cleared, so that a stack trace finds nothing old in it
    xor     eax, eax
    lea     edi, [esp + 4]
    mov     ecx, ARGUMENTS + 1
    rep stosd
    pop     eax
    mov     edx, esp
    call    shell_split
    jc      8f
    test    eax, eax
    jz      9f                              # an empty line succeeds
    push    eax
    mov     eax, [esp + 4]
    call    shell_find
    jc      7f
    mov     ecx, eax
    pop     eax
    mov     edx, [ecx + COMMAND_USAGE]
    cmp     byte ptr [edx], 0               # it takes no arguments,
    jne     1f
    cmp     eax, 1                          # and got some
    ja      6f
1:  mov     edx, esp
    call    [ecx + COMMAND_HANDLER]
    jmp     9f
6:  mov     eax, ecx
    call    shell_usage
    mov     eax, 2
    jmp     9f
7:  pop     eax
    mov     eax, [esp]
    PRINTF  "%s: unknown command; help lists the commands\n", eax
    mov     eax, 127
    jmp     9f
8:  PRINTF  "%s\n", eax
    mov     eax, 2
9:  lea     esp, [ebp - 4]
    pop     edi
    pop     ebp
    ret

# Prints how a command is called. In: EAX its record.
shell_usage:
    push    ebx
    mov     ebx, eax
    PRINTF  "usage: %s", [ebx+COMMAND_NAME]
    mov     eax, [ebx + COMMAND_USAGE]
    cmp     byte ptr [eax], 0
    je      1f
    PRINTF  " %s", eax
1:  PRINT   "\n"
    pop     ebx
    ret

# Splits a line into words, in place. Blanks separate words; "..." and '...' hold words together and may be empty; # at the
# beginning of a word begins a comment.
# In: EAX line, EDX room for ARGUMENTS + 1 dwords. Out: EAX number of words, their addresses and a 0 at EDX; CF and EAX message.
shell_split:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                        # reads
    mov     edi, eax                        # writes, never ahead of ESI
    xor     ebx, ebx
1:  lodsb                                   # blanks
    cmp     al, ' '
    je      1b
    cmp     al, 9
    je      1b
    test    al, al
    jz      8f
    cmp     al, 0x23                        # '#'
    je      8f
    cmp     ebx, ARGUMENTS
    jae     7f
    mov     [edx + ebx*4], edi
    inc     ebx
2:  cmp     al, 0x22                        # '"'
    je      4f
    cmp     al, 0x27                        # apostrophe
    je      4f
    stosb
3:  lodsb
    test    al, al
    jz      6f
    cmp     al, ' '
    je      5f
    cmp     al, 9
    jne     2b
5:  mov     byte ptr [edi], 0
    inc     edi
    jmp     1b
4:  mov     cl, al                          # to the same sign again
10: lodsb
    test    al, al
    jz      11f
    cmp     al, cl
    je      3b
    stosb
    jmp     10b
6:  mov     byte ptr [edi], 0
8:  mov     dword ptr [edx + ebx*4], 0
    mov     eax, ebx
    clc
    jmp     9f
7:  LOAD_STRING eax, "too many words"
    stc
    jmp     9f
11: LOAD_STRING eax, "a quote is not closed"
    stc
9:  pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a command. In: EAX name. Out: EAX its record (COMMAND_*); CF when there is none.
shell_find:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, offset kernel_shellcmds
1:  cmp     esi, offset kernel_shellcmds_end
    jae     2f
    mov     eax, [esi + COMMAND_NAME]
    mov     edx, ebx
    call    string_compare
    je      3f
    add     esi, COMMAND_SIZE
    jmp     1b
2:  stc
    jmp     4f
3:  mov     eax, esi
    clc
4:  pop     esi
    pop     ebx
    ret

.bss
shell_line: .space LINE_BYTES
