# help: the commands in groups, or all about one.

.include "macros.inc"
.include "shell.inc"

HELP_LINE_BYTES     = 40

ON_HOOK help_pages, help_shown

.text

# Help [NAME].
command_help:
    cmp     eax, 1
    je      help_list
    cmp     eax, 2
    jne     help_usage
    push    ebx
    mov     ebx, [edx + 4]
    mov     eax, ebx
    call    command_find
    jc      2f
    mov     ebx, eax
    mov     eax, ebx
    call    command_usage
    PRINTF  "%s\n", [ebx+COMMAND_SUMMARY]
    mov     eax, [ebx + COMMAND_TEXT]
    test    eax, eax
    jz      1f
    call    print
1:  xor     eax, eax
    pop     ebx
    ret
2:  PRINTF  "help: there is no command %s\n", ebx
    mov     eax, 1
    pop     ebx
    ret

# Shows all about a command, a page at a time where somebody looks at it. May sleep.
# In: EAX its name, of at most 20 characters.
# Out: EAX status.
help_shown:
    FRAME   HELP_LINE_BYTES
    push    ebx
    push    esi
    mov     edx, eax
    lea     esi, [ebp - HELP_LINE_BYTES]
    SNPRINTF esi, HELP_LINE_BYTES, "help %s | more", edx
    mov     ebx, [task_current]
    mov     ebx, [ebx + TASK_CONTEXT]
    xor     edx, edx
    call    list_whole
    mov     eax, [ebx + CONTEXT_STATUS]
    pop     esi
    pop     ebx
    ENDFRAME
    ret

help_usage:
    PRINT   "usage: help [NAME]\n"
    mov     eax, 2
    ret

# All groups that have commands, the commands of each in alphabetical order.
help_list:
    push    ebx
    push    esi
    xor     ebx, ebx
1:  xor     esi, esi
2:  mov     eax, ebx
    mov     edx, esi
    call    help_next
    jc      4f
    test    esi, esi
    mov     esi, eax
    jnz     3f
    PRINTF  "%s\n", [help_groups+ebx*4]
3:  PRINTF  "  %-10s %s\n", [esi+COMMAND_NAME], [esi+COMMAND_SUMMARY]
    jmp     2b
4:  inc     ebx
    cmp     ebx, GROUP_COUNT
    jb      1b
    PRINT   "help NAME tells more about a command\n"
    xor     eax, eax
    pop     esi
    pop     ebx
    ret

# The command of a group whose name comes next.
# In: EAX group, EDX record of the last one, 0 at first.
# Out: EAX record; CF when there is none.
help_next:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, eax
    mov     ebp, edx
    xor     edi, edi                    # the best so far
    mov     esi, offset kernel_shellcmds
.Lhelp_next_next:
    cmp     esi, offset kernel_shellcmds_end
    jae     .Lhelp_next_end
    cmp     [esi + COMMAND_GROUP], ebx
    jne     .Lhelp_next_skip
    test    ebp, ebp
    jz      .Lhelp_next_compare
    mov     eax, [ebp + COMMAND_NAME]
    mov     edx, [esi + COMMAND_NAME]
    call    string_compare
    jae     .Lhelp_next_skip
.Lhelp_next_compare:
    test    edi, edi
    jz      .Lhelp_next_better
    mov     eax, [esi + COMMAND_NAME]
    mov     edx, [edi + COMMAND_NAME]
    call    string_compare
    jae     .Lhelp_next_skip
.Lhelp_next_better:
    mov     edi, esi
.Lhelp_next_skip:
    add     esi, COMMAND_SIZE
    jmp     .Lhelp_next_next
.Lhelp_next_end:
    mov     eax, edi
    cmp     eax, 1                      # CF for 0
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "help", command_help, "[NAME]", "list the commands, or tell about one", GROUP_SHELL

STRING help_shell, "Shell"
STRING help_system, "System"
STRING help_files, "Disks and files"
STRING help_network, "Network"
STRING help_cluster, "Cluster"
STRING help_debug, "Debugging"

.section .rodata
.balign 4
help_groups:                            # in the order of GROUP_*
    .long   help_shell, help_system, help_files, help_network, help_cluster, help_debug

