# The shell: a task that reads lines at the console and runs commands. Commands are declared with SHELL_COMMAND wherever
# their code is; the linker collects them.

.include "macros.inc"

.include "file.inc"

LINE_BYTES          = 512
REDIRECTION         = 1                     # stands for the > at the beginning of a word
ARGUMENTS           = 32

.text

# Starts the task of the shell.
shell_start:
    mov     eax, offset shell_task
    xor     edx, edx
    LOAD_STRING ecx, "shell"
    call    task_create
    ASSERT  nc, "no memory for the shell"
    ret

# ".initcall.9z" sorts after all of level 9: the prompt comes when the system is up.
INITCALL 9z, shell_start

# The shell: reads a line, runs it, for ever.
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

# The prompt.
# In: EAX buffer, EDX its size.
# Out: EAX characters.
shell_prompt:
    mov     ecx, offset hostname
    SNPRINTF eax, edx, "%s:/> ", ecx
    ret

# Runs a line. May sleep.
# In: EAX line, is changed.
# Out: EAX the command's status; 127 when there is no such command.
.global shell_run
shell_run:
    push    ebp
    mov     ebp, esp
    push    edi
    sub     esp, (ARGUMENTS + 1) * 4
    push    eax                         # cleared, so that a stack trace finds nothing old in it
    xor     eax, eax
    lea     edi, [esp + 4]
    mov     ecx, ARGUMENTS + 1
    rep stosd
    pop     eax
    mov     edx, esp
    call    shell_split
    jc      .Lshell_run_bad
    test    eax, eax
    jz      .Lshell_run_done            # an empty line succeeds
    mov     edx, esp
    call    shell_redirection
    jc      .Lshell_run_bad
    push    eax
    mov     eax, [esp + 4]
    call    shell_find
    jc      .Lshell_run_unknown
    mov     ecx, eax
    pop     eax
    mov     edx, [ecx + COMMAND_USAGE]
    cmp     byte ptr [edx], 0           # it takes no arguments,
    jne     .Lshell_run_call
    cmp     eax, 1                      # and got some
    ja      .Lshell_run_usage
.Lshell_run_call:
    mov     edx, esp
    call    shell_call
    jmp     .Lshell_run_done
.Lshell_run_usage:
    mov     eax, ecx
    call    shell_usage
    mov     eax, 2
    jmp     .Lshell_run_done
.Lshell_run_unknown:
    pop     eax
    mov     ecx, offset shell_program_record
    mov     edx, esp
    mov     dword ptr [shell_unknown], 0
    call    shell_call
    cmp     dword ptr [shell_unknown], 0
    je      .Lshell_run_done
    mov     eax, [esp]
    PRINTF  "%s: unknown command; help lists the commands\n", eax
    mov     eax, 127
    jmp     .Lshell_run_done
.Lshell_run_bad:
    PRINTF  "%s\n", eax
    mov     eax, 2
.Lshell_run_done:
    lea     esp, [ebp - 4]
    pop     edi
    pop     ebp
    ret

# Runs a program as if it were a command.
# In: EAX argc, EDX argv.
# Out: EAX status; shell_unknown 1 when there is no such program.
shell_program:
    call    program_run
    jnc     1f
    mov     dword ptr [shell_unknown], 1
1:  ret

# Takes `> PATH` or `>> PATH` out of the words.
# In: EAX number of words, EDX their addresses.
# Out: EAX number of those that are left, shell_target the path or 0; CF and EAX message.
shell_redirection:
    push    esi
    push    edi
    mov     dword ptr [shell_target], 0
    xor     ecx, ecx
.Lshell_redirection_word:
    mov     esi, [edx + ecx*4]
    test    esi, esi
    jz      .Lshell_redirection_good
    cmp     byte ptr [esi], REDIRECTION
    je      .Lshell_redirection_found
    inc     ecx
    jmp     .Lshell_redirection_word
.Lshell_redirection_found:
    mov     dword ptr [shell_target_flags], FILE_WRITE | FILE_CREATE | FILE_TRUNCATE
    inc     esi
    cmp     byte ptr [esi], '>'
    jne     .Lshell_redirection_path
    mov     dword ptr [shell_target_flags], FILE_WRITE | FILE_CREATE | FILE_APPEND
    inc     esi
.Lshell_redirection_path:
    mov     edi, 1                      # EDI: words that go
    cmp     byte ptr [esi], 0
    jne     .Lshell_redirection_take
    mov     esi, [edx + ecx*4 + 4]
    inc     edi
    test    esi, esi
    jz      .Lshell_redirection_none
.Lshell_redirection_take:
    mov     [shell_target], esi
    sub     eax, edi
    jz      .Lshell_redirection_none
    lea     esi, [edx + ecx*4]          # the words after it move up, and the 0
.Lshell_redirection_move:
    push    [esi + edi*4]
    pop     [esi]
    add     esi, 4
    cmp     dword ptr [esi - 4], 0
    jne     .Lshell_redirection_move
    jmp     .Lshell_redirection_word
.Lshell_redirection_none:
    LOAD_STRING eax, "a command and a path belong to >"
    stc
    jmp     .Lshell_redirection_done
.Lshell_redirection_good:
    clc
.Lshell_redirection_done:
    pop     edi
    pop     esi
    ret

# Calls a command, with its output redirected if that was said.
# In: EAX argc, EDX argv, ECX record of the command.
# Out: EAX status.
shell_call:
    push    ebx
    push    esi
    mov     esi, [shell_target]
    test    esi, esi
    jnz     1f
    call    [ecx + COMMAND_HANDLER]
    jmp     3f
1:  push    eax
    push    ecx
    push    edx
    mov     ecx, [shell_target_flags]
    call    redirect_open
    pop     edx
    pop     ecx
    pop     ebx
    jc      2f
    mov     eax, ebx
    call    [ecx + COMMAND_HANDLER]
    mov     ebx, eax
    call    redirect_close
    jc      2f
    mov     eax, ebx
    jmp     3f
2:  call    path_complain
3:  pop     esi
    pop     ebx
    ret

# Prints how a command is called.
# In: EAX its record.
.global shell_usage
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

# Splits a line into words, in place. Blanks separate words; "..." and '...' hold words together and may be empty; # at
# the beginning of a word begins a comment.
# In: EAX line, EDX room for ARGUMENTS + 1 dwords.
# Out: EAX number of words, their addresses and a 0 at EDX; CF and EAX message.
shell_split:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax                    # reads
    mov     edi, eax                    # writes, never ahead of ESI
    xor     ebx, ebx
.Lshell_split_blanks:
    lodsb                               # blanks
    cmp     al, ' '
    je      .Lshell_split_blanks
    cmp     al, 9
    je      .Lshell_split_blanks
    test    al, al
    jz      .Lshell_split_finish
    cmp     al, 0x23                    # '#'
    je      .Lshell_split_finish
    cmp     ebx, ARGUMENTS
    jae     .Lshell_split_many
    mov     [edx + ebx*4], edi
    inc     ebx
    cmp     al, '>'
    jne     .Lshell_split_character
    mov     al, REDIRECTION             # one in quotes is a word like others
    stosb
    jmp     .Lshell_split_next
.Lshell_split_character:
    cmp     al, 0x22                    # '"'
    je      .Lshell_split_quote
    cmp     al, 0x27                    # apostrophe
    je      .Lshell_split_quote
    stosb
.Lshell_split_next:
    lodsb
    test    al, al
    jz      .Lshell_split_end
    cmp     al, ' '
    je      .Lshell_split_end_word
    cmp     al, 9
    jne     .Lshell_split_character
.Lshell_split_end_word:
    mov     byte ptr [edi], 0
    inc     edi
    jmp     .Lshell_split_blanks
.Lshell_split_quote:
    mov     cl, al                      # to the same sign again
.Lshell_split_quoted:
    lodsb
    test    al, al
    jz      .Lshell_split_open
    cmp     al, cl
    je      .Lshell_split_next
    stosb
    jmp     .Lshell_split_quoted
.Lshell_split_end:
    mov     byte ptr [edi], 0
.Lshell_split_finish:
    mov     dword ptr [edx + ebx*4], 0
    mov     eax, ebx
    clc
    jmp     .Lshell_split_done
.Lshell_split_many:
    LOAD_STRING eax, "too many words"
    stc
    jmp     .Lshell_split_done
.Lshell_split_open:
    LOAD_STRING eax, "a quote is not closed"
    stc
.Lshell_split_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a command.
# In: EAX name.
# Out: EAX its record (COMMAND_*); CF when there is none.
.global shell_find
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
2:  mov     eax, ebx
    call    module_command
    jmp     4f
3:  mov     eax, esi
    clc
4:  pop     esi
    pop     ebx
    ret

.section .rodata
.balign 4
shell_program_record:                       # COMMAND_NAME, COMMAND_HANDLER
    .long   0, shell_program

.bss
.balign 4
shell_unknown:      .space 4
.balign 4
shell_target:       .space 4                # where the output of the command goes, or 0
shell_target_flags: .space 4
shell_line:         .space LINE_BYTES
