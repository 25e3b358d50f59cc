# Commands about tasks and what they own: kill, handles.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"

.text

# Shell command: ends tasks.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_kill:
    push    ebx
    push    esi
    push    edi
    lea     ebx, [edx + 4]
    xor     edi, edi                    # EDI: status
    cmp     eax, 2
    jb      .Lcommand_kill_usage
.Lcommand_kill_next:
    mov     eax, [ebx]
    test    eax, eax
    jz      .Lcommand_kill_done
    call    task_named
    jc      .Lcommand_kill_failed
    call    task_kill
    jnc     .Lcommand_kill_killed
.Lcommand_kill_failed:
    mov     edi, 1
    cmp     eax, ERROR_NOT_PERMITTED
    je      .Lcommand_kill_refused
    PRINTF  "kill: there is no task %s\n", [ebx]
    jmp     .Lcommand_kill_killed
.Lcommand_kill_refused:
    PRINTF  "kill: %s is the idle task or the one that would do it\n", [ebx]
.Lcommand_kill_killed:
    add     ebx, 4
    jmp     .Lcommand_kill_next
.Lcommand_kill_usage:
    PRINT   "usage: kill TASK...\n"
    mov     edi, 1
.Lcommand_kill_done:
    mov     eax, edi
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a task by what a person calls it: its number, or its name.
# In: EAX text.
# Out: EAX id; CF and ERROR_NOT_FOUND when it is neither a number nor the name of a task.
task_named:
    push    ebx
    push    esi
    mov     esi, eax
    call    parse_number
    jc      .Ltask_named_name
    cmp     byte ptr [edx], 0
    je      .Ltask_named_good
.Ltask_named_name:
    INTERRUPTS_OFF
    mov     ebx, [task_all]
.Ltask_named_task:
    test    ebx, ebx
    jz      .Ltask_named_none
    lea     eax, [ebx + TASK_LABEL]
    mov     edx, esi
    call    string_compare
    je      .Ltask_named_found
    mov     ebx, [ebx + TASK_ALL_NEXT]
    jmp     .Ltask_named_task
.Ltask_named_none:
    INTERRUPTS_RESTORE
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     .Ltask_named_done
.Ltask_named_found:
    mov     eax, [ebx + TASK_ID]
    INTERRUPTS_RESTORE
.Ltask_named_good:
    clc
.Ltask_named_done:
    pop     esi
    pop     ebx
    ret

# Shell command: lists the open handles.
# Out: EAX status 0.
command_handles:
    push    ebx
    push    esi
    FRAME   TASK_NAME_SIZE
    PRINT   "handle    type          owner\n"
    xor     ebx, ebx
.Lcommand_handles_next:
    INTERRUPTS_OFF                      # the owner's name may go away with a task
    mov     eax, ebx
    call    handle_describe
    jc      .Lcommand_handles_end
    test    eax, eax
    jz      .Lcommand_handles_closed
    push    eax
    mov     esi, [edx + TYPE_NAME]
    lea     eax, [ebp - TASK_NAME_SIZE]
    mov     edx, [ecx + OWNER_NAME]
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    pop     eax
    INTERRUPTS_RESTORE
    lea     edx, [ebp - TASK_NAME_SIZE]
    PRINTF  "%08x  %-12s  %s\n", eax, esi, edx
    inc     ebx
    jmp     .Lcommand_handles_next
.Lcommand_handles_closed:
    INTERRUPTS_RESTORE
    inc     ebx
    jmp     .Lcommand_handles_next
.Lcommand_handles_end:
    INTERRUPTS_RESTORE
    ENDFRAME
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

SHELL_COMMAND "kill", command_kill, "TASK...", "end tasks, named by number or name", GROUP_SYSTEM, kill_text
SHELL_COMMAND "handles", command_handles, "", "list what is open, and whose it is", GROUP_DEBUG

.section .rodata
kill_text:
    .ascii  "A task ends when it waits and holds no lock; what it opened is closed. One that never waits goes on.\n"
    .asciz  "ps lists the tasks.\n"
