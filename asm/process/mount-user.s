# Who has something of a mount open: files and directories that programs share belong to the system, so that their
# owner says nothing.

.include "macros.inc"
.include "cpu.inc"
.include "process.inc"

.bss
.balign 4
user_name:      .skip TASK_NAME_SIZE

ON_HOOK mount_user, program_of_mount

.text

# Names the program that has a file or directory of a mount open, or runs from one.
# In: EAX handle of mount_open that the file or directory has.
# Out: EAX name, valid until the next call; the shell's when no program has it.
program_of_mount:
    push    ebx
    push    esi
    push    ebp
    mov     ebp, eax
    INTERRUPTS_OFF                      # processes and their streams stay
    mov     ebx, [process_all]
.Lmount_user_process:
    LOAD_STRING edx, "the shell"
    test    ebx, ebx
    jz      .Lmount_user_found
    mov     eax, [ebx + PROCESS_FILE]
    call    file_mount
    cmp     eax, ebp
    je      .Lmount_user_label
    xor     esi, esi
.Lmount_user_stream:
    mov     eax, [ebx + PROCESS_STREAMS + esi*4]
    test    eax, eax
    jz      .Lmount_user_next
    mov     edx, [eax + STREAM_KIND]
    mov     eax, [eax + STREAM_OBJECT]
    cmp     edx, STREAM_FILE
    je      .Lmount_user_file
    cmp     edx, STREAM_DIRECTORY
    jne     .Lmount_user_next
    call    directory_mount
    jmp     .Lmount_user_compare
.Lmount_user_file:
    call    file_mount
.Lmount_user_compare:
    cmp     eax, ebp
    je      .Lmount_user_label
.Lmount_user_next:
    inc     esi
    cmp     esi, STREAMS
    jb      .Lmount_user_stream
    mov     ebx, [ebx + PROCESS_NEXT]
    jmp     .Lmount_user_process
.Lmount_user_label:
    lea     edx, [ebx + PROCESS_LABEL]
.Lmount_user_found:
    mov     eax, offset user_name       # the process may end meanwhile
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    INTERRUPTS_RESTORE
    mov     eax, offset user_name
    pop     ebp
    pop     esi
    pop     ebx
    ret
