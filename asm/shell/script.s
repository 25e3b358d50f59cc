# Scripts: files of lines for the shell. They run in the context of who calls them, so what they set stays; $1 to $9 are
# their arguments.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "tasks.inc"
.include "shell.inc"

ON_HOOK on_started, start_script

.text

# Whether a file is a script: begins with #!.
# In: ESI path.
# Out: CF when not.
.global script_is
script_is:
    push    ebx
    push    edi
    push    0                           # [ESP] the first bytes
    mov     ecx, FILE_READ
    call    file_open
    jc      1f
    mov     ebx, eax
    mov     edi, esp
    mov     ecx, 2
    call    file_read
    mov     eax, ebx
    call    file_close
    cmp     dword ptr [esp], 0x2123     # "#!"
    je      1f                          # CF is clear
    stc
1:  pop     edi
    pop     edi
    pop     ebx
    ret

# Runs a script. May sleep.
# In: EAX argc, EDX argv, whose first word is the script's name; ECX its path. The running task has a context.
# Out: EAX status of its last command, or what `exit` said.
.global script_run
script_run:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, [task_current]
    mov     ebp, [ebp + TASK_CONTEXT]
    mov     esi, ecx
    call    script_words
    jc      .Lscript_run_failed
    cmp     dword ptr [ebp + CONTEXT_DEPTH], DEPTH_MAXIMUM
    jae     .Lscript_run_deep
    push    [ebp + CONTEXT_SCRIPT]
    mov     [ebp + CONTEXT_SCRIPT], eax
    inc     dword ptr [ebp + CONTEXT_DEPTH]
    call    script_lines
    dec     dword ptr [ebp + CONTEXT_DEPTH]
    mov     dword ptr [ebp + CONTEXT_EXIT], 0
    push    eax
    mov     eax, ebp
    call    context_drop
    pop     eax
    pop     [ebp + CONTEXT_SCRIPT]
    jmp     .Lscript_run_done
.Lscript_run_deep:
    call    mfree
    mov     eax, ERROR_TOO_LONG
.Lscript_run_failed:
    call    path_complain
.Lscript_run_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the SCRIPT record of the words that a script is called with.
# In: EAX argc, EDX argv.
# Out: EAX record; CF and EAX error.
script_words:
    push    ebx
    push    esi
    push    edi
    mov     ebx, edx
    mov     esi, eax
    call    words_bytes
    add     eax, SCRIPT_WORDS
    call    malloc_filled
    jc      2f
    mov     dword ptr [eax + SCRIPT_REFS], 1
    mov     [eax + SCRIPT_COUNT], esi
    push    eax
    lea     edi, [eax + SCRIPT_WORDS]
    mov     eax, esi
    mov     edx, ebx
    call    words_copy
    pop     eax
    clc
2:  pop     edi
    pop     esi
    pop     ebx
    ret

# Runs the lines of a script.
# In: ESI path, EBP context.
# Out: EAX status.
# Clobbers: EBX, EDI too.
script_lines:
    FRAME   12
    # Locals: -4 lines that belong together, -8 the number of the last one, -12 where it begins
    mov     dword ptr [ebp - 8], 0
    mov     eax, LIST_BYTES
    call    malloc
    jc      .Lscript_lines_failed
    mov     [ebp - 4], eax
    call    reader_open
    jc      .Lscript_lines_free
.Lscript_lines_next:
    mov     edi, [ebp - 4]
.Lscript_lines_line:
    mov     [ebp - 12], edi
    inc     dword ptr [ebp - 8]
.Lscript_lines_byte:
    call    reader_byte
    jc      .Lscript_lines_last
    cmp     al, 10
    je      .Lscript_lines_end
    cmp     al, 13
    je      .Lscript_lines_byte
    stosb
    mov     ecx, edi
    sub     ecx, [ebp - 12]
    cmp     ecx, LINE_BYTES
    jb      .Lscript_lines_byte
    mov     ecx, [ebp - 8]
    PRINTF  "%s: line %u is longer than 511 characters\n", esi, ecx
    mov     eax, 2
    jmp     .Lscript_lines_close
.Lscript_lines_end:
    mov     byte ptr [edi], 0
    push    esi
    mov     eax, [ebp - 4]
    call    list_extend
    mov     edi, esi
    pop     esi
    jnc     .Lscript_lines_line
    mov     eax, [ebp - 4]
    call    shell_run
    mov     edx, [ebp]
    call    break_check
    jc      .Lscript_lines_close
    cmp     dword ptr [edx + CONTEXT_EXIT], 0
    je      .Lscript_lines_next
    jmp     .Lscript_lines_close
.Lscript_lines_last:
    mov     byte ptr [edi], 0           # a line without its end
    mov     eax, [ebp - 4]
    call    shell_run
.Lscript_lines_close:
    push    eax
    call    reader_close
    pop     edx
    test    eax, eax                    # 0 unless it could not be read
    jnz     .Lscript_lines_free
    mov     eax, edx
.Lscript_lines_free:
    push    eax
    mov     eax, [ebp - 4]
    call    mfree
    pop     eax
    jmp     .Lscript_lines_done
.Lscript_lines_failed:
    call    path_complain
.Lscript_lines_done:
    ENDFRAME
    ret

# Shell command: runs a script, or a shell within the shell, until `exit`.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_shell:
    cmp     eax, 2
    jb      1f
    dec     eax
    add     edx, 4
    mov     ecx, [edx]
    jmp     script_run
1:  mov     ecx, [task_current]
    mov     ecx, [ecx + TASK_CONTEXT]
    cmp     dword ptr [ecx + CONTEXT_JOB], 0
    jne     2f
    cmp     dword ptr [ecx + CONTEXT_DEPTH], DEPTH_MAXIMUM
    jae     2f
    inc     dword ptr [ecx + CONTEXT_DEPTH]
    push    ecx
    call    shell_loop
    pop     ecx
    dec     dword ptr [ecx + CONTEXT_DEPTH]
    mov     eax, [ecx + CONTEXT_STATUS]
    ret
2:  PRINT   "shell: not in a job, and not more than 8 within each other\n"
    mov     eax, 1
    ret

# Shell command: runs the lines of /net/init.rc, or of another file.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_init:
    cmp     eax, 2
    ja      command_misused
    je      command_shell

# Runs the lines of /net/init.rc. May sleep.
# In: the running task has a context.
# Out: EAX status.
init_lines:
    push    0
    push    offset init_path
    mov     edx, esp
    mov     eax, 1
    mov     ecx, offset init_path
    call    script_run
    add     esp, 8
    ret

# Runs the lines of /net/init.rc when the machine starts, if there is such a file, in a context of its own. May sleep.
start_script:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    mov     esi, offset init_path
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    jc      1f
    mov     eax, JOB_SIZE               # a job that nobody lists, so that Ctrl-C is not for it
    call    malloc
    jc      1f
    push    eax
    lea     edx, [eax + JOB_CONTEXT]
    mov     [edx + CONTEXT_JOB], eax
    mov     word ptr [edx + CONTEXT_PLACE], 0x002F # "/"
    mov     ebx, [task_current]
    mov     [ebx + TASK_CONTEXT], edx
    call    task_hold
    call    init_lines
    call    task_unhold
    mov     dword ptr [ebx + TASK_CONTEXT], 0
    pop     eax
    call    mfree
1:  pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Shell command: ends a script or a shell within the shell; the status is that of the last command, or what is said.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_exit:
    cmp     eax, 2
    ja      command_misused
    mov     ecx, [task_current]
    mov     ecx, [ecx + TASK_CONTEXT]
    jb      1f
    push    ecx
    push    edx
    mov     eax, [edx + 4]
    call    parse_number
    pop     edx
    pop     ecx
    jc      command_misused
    mov     [ecx + CONTEXT_STATUS], eax
1:  mov     dword ptr [ecx + CONTEXT_EXIT], 1
    mov     eax, [ecx + CONTEXT_STATUS]
    ret

SHELL_COMMAND "shell", command_shell, "[PATH [WORD...]]", "run a script, or a shell within the shell", GROUP_SHELL, shell_text
SHELL_COMMAND "init", command_init, "[PATH]", "run the lines of /net/init.rc", GROUP_SHELL
SHELL_COMMAND "exit", command_exit, "[STATUS]", "end a script, or a shell within the shell", GROUP_SHELL
SHELL_COMMAND "quit", command_exit, "[STATUS]", "the same as exit", GROUP_SHELL

.section .rodata
init_path:
    .asciz  "/net/init.rc"
shell_text:
    .ascii  "A script is a file of lines as they are typed. $0 is its path, $1 to $9 are the words after it, $# says\n"
    .ascii  "how many there are, $? is the status of the last command. One that begins with #! runs when its path is\n"
    .asciz  "typed.\n"
