# The command `service`, and the files that describe services: text in /net/services/NAME, lines of `program PATH
# [ARGUMENT...]`, `need SERVICE`, `restart failure|always|never`. All that are there are started with the machine.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "fs.inc"
.include "service.inc"
.include "tasks.inc"

FILE_BYTES          = 1024                  # of a description
NEED_DEPTH          = 8                     # services that need each other in a row

HOOK on_settings, hook_quiet                # before services start: reads the settings
HOOK on_started, hook_quiet                 # after that: runs what the user wants at the start

.text

# Begins to wait for the volume.
services_boot:
    mov     eax, offset services_task
    xor     edx, edx
    LOAD_STRING ecx, "services"
    call    task_create
    ret

INITCALL 9, services_boot

# The task that begins with the volume: when /net is mounted, it reads the settings, starts the services, runs
# /net/init.rc, and ends.
services_task:
    FRAME   NODE_SIZE_OF
    mov     eax, [task_current]
    mov     dword ptr [eax + TASK_STAYS], 1
1:  INTERRUPTS_OFF
    LOAD_STRING eax, "/net"
    call    mount_find
    jnc     2f
    mov     eax, offset mount_made
    or      edx, -1
    call    event_wait
    INTERRUPTS_RESTORE
    jmp     1b
2:  INTERRUPTS_RESTORE
    call    pushed_look
    call    [on_settings]
    call    pushed_begin
    LOAD_STRING esi, "/net/services"
    call    directory_open
    jc      4f
    mov     ebx, eax
    lea     edi, [ebp - NODE_SIZE_OF]
3:  mov     eax, ebx
    call    directory_read
    jc      .Lservices_task_close
    lea     eax, [edi + NODE_NAME]
    xor     edx, edx
    call    service_begin
    jmp     3b
.Lservices_task_close:
    mov     eax, ebx
    call    directory_close
4:  call    [on_started]
    ENDFRAME
    ret

# Starts a service, and those that it needs before. Says what is wrong. May sleep.
# In: EAX name, EDX how many services need it in a row.
# Out: CF when it was not started.
.global service_begin
service_begin:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     eax, ERROR_INVALID
    cmp     edi, NEED_DEPTH
    cmc
    jc      .Lservice_begin_failed
    mov     eax, esi
    call    service_load
    jc      .Lservice_begin_failed
    mov     ebx, eax
    lea     eax, [ebx + SERVICE_NEED]
    cmp     byte ptr [eax], 0
    je      .Lservice_begin_start
    lea     edx, [edi + 1]
    call    service_begin
    jc      .Lservice_begin_done
.Lservice_begin_start:
    mov     eax, ebx
    call    service_start
    jnc     .Lservice_begin_done
.Lservice_begin_failed:
    call    error_text
    PRINTF  "service %s: %s\n", esi, eax
    stc
.Lservice_begin_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the file of a service, and makes its record, if it is not running with the one that it had. May sleep.
# In: EAX name.
# Out: EAX service; CF and EAX error.
service_load:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, esp
    sub     esp, FILE_BYTES + PATH_BYTES
    mov     edi, eax
    call    string_length
    cmp     eax, TASK_NAME_SIZE
    mov     eax, ERROR_TOO_LONG
    cmc
    jc      .Lservice_load_done
    mov     eax, edi
    call    service_find
    mov     ebx, eax
    jc      .Lservice_load_read
    cmp     dword ptr [ebx + SERVICE_TASK], 0
    jne     .Lservice_load_good
.Lservice_load_read:
    lea     esi, [ebp - FILE_BYTES - PATH_BYTES]
    SNPRINTF esi, PATH_BYTES, "/net/services/%s", edi
    mov     ecx, FILE_READ
    call    file_open
    jnc     .Lservice_load_file
    mov     esi, eax
    mov     eax, edi
    call    part_find
    xchg    eax, esi
    jc      .Lservice_load_done
    lea     eax, [ebp - FILE_BYTES]
    mov     edx, [esi + PART_TEXT]
    mov     ecx, FILE_BYTES
    call    string_copy
    jmp     .Lservice_load_record
.Lservice_load_file:
    mov     esi, eax
    push    edi
    lea     edi, [ebp - FILE_BYTES]
    mov     ecx, FILE_BYTES - 1
    call    file_read
    pop     edi
    pushfd
    push    eax
    mov     eax, esi
    call    file_close
    pop     eax
    popfd
    jc      .Lservice_load_done
    mov     byte ptr [ebp - FILE_BYTES + eax], 0
.Lservice_load_record:
    lea     eax, [ebp - FILE_BYTES]
    call    service_record
    jc      .Lservice_load_done
.Lservice_load_good:
    mov     eax, ebx
    clc
.Lservice_load_done:
    mov     esp, ebp
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Describes a service that has no file: one that the kernel itself starts and stops. It must not run. May sleep.
# In: EAX name, shorter than TASK_NAME_SIZE, EDX text as in a file, is changed.
# Out: EAX service; CF and EAX error.
.global service_describe
service_describe:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    push    edx
    call    service_find
    mov     ebx, eax
    pop     eax
    call    service_record
    jc      1f
    mov     eax, ebx
1:  pop     edi
    pop     esi
    pop     ebx
    ret

# Makes the record of a service, if it has none, and takes over what describes it. May sleep.
# In: EAX text, is changed, EBX service or 0, EDI name.
# Out: EBX service; CF and EAX error.
# Clobbers: ESI, EDI too.
service_record:
    mov     esi, eax
    test    ebx, ebx
    jnz     1f
    mov     eax, SERVICE_SIZE
    call    malloc
    jc      9f
    mov     ebx, eax
    lea     eax, [ebx + SERVICE_LABEL]
    mov     edx, edi
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    mov     edx, [service_records]
    mov     [ebx + SERVICE_NEXT], edx
    mov     [service_records], ebx
1:  mov     eax, esi
    jmp     service_parse
9:  ret

# Takes over what a service's file says.
# In: EBX service, EAX text, is changed.
# Out: CF and EAX error when a line is not known, or there is no program.
# Clobbers: ESI, EDI too.
service_parse:
    mov     esi, eax
    mov     byte ptr [ebx + SERVICE_NEED], 0
    mov     byte ptr [ebx + SERVICE_LINE], 0
    mov     dword ptr [ebx + SERVICE_PART], 0
    mov     dword ptr [ebx + SERVICE_POLICY], RESTART_FAILURE
.Lservice_parse_line:
    mov     edi, esi                    # EDI: line
.Lservice_parse_end:
    lodsb
    test    al, al
    jz      .Lservice_parse_last
    cmp     al, 10
    jne     .Lservice_parse_end
    mov     byte ptr [esi - 1], 0
    movzx   eax, byte ptr [esi]
.Lservice_parse_last:
    push    eax                         # AL: what comes after the line's end
    cmp     byte ptr [edi], 0
    je      .Lservice_parse_next
    cmp     byte ptr [edi], 0x23        # '#'
    je      .Lservice_parse_next
    mov     eax, edi
    LOAD_STRING edx, "program "
    call    string_prefix
    lea     edx, [ebx + SERVICE_LINE]
    mov     ecx, SERVICE_LINE_BYTES
    je      .Lservice_parse_copy
    mov     eax, edi
    LOAD_STRING edx, "kernel "
    call    string_prefix
    je      .Lservice_parse_part
    mov     eax, edi
    LOAD_STRING edx, "need "
    call    string_prefix
    lea     edx, [ebx + SERVICE_NEED]
    mov     ecx, TASK_NAME_SIZE
    je      .Lservice_parse_copy
    mov     ecx, RESTART_FAILURE
    mov     eax, edi
    LOAD_STRING edx, "restart failure"
    call    string_compare
    je      .Lservice_parse_policy
    mov     eax, edi
    LOAD_STRING edx, "restart always"
    call    string_compare
    mov     ecx, RESTART_ALWAYS
    je      .Lservice_parse_policy
    mov     eax, edi
    LOAD_STRING edx, "restart never"
    call    string_compare
    mov     ecx, RESTART_NEVER
    je      .Lservice_parse_policy
    pop     eax
    jmp     .Lservice_parse_bad
.Lservice_parse_policy:
    mov     [ebx + SERVICE_POLICY], ecx
    jmp     .Lservice_parse_next
.Lservice_parse_part:
    call    pushed_part
    mov     [ebx + SERVICE_PART], eax
    mov     eax, edi
    lea     edx, [ebx + SERVICE_LINE]
    mov     ecx, SERVICE_LINE_BYTES
    jnc     .Lservice_parse_copied
    pop     eax
    jmp     .Lservice_parse_bad
.Lservice_parse_copy:
.Lservice_parse_copied:
    xchg    eax, edx
    call    string_copy
.Lservice_parse_next:
    pop     eax
    test    al, al
    jnz     .Lservice_parse_line
    cmp     byte ptr [ebx + SERVICE_LINE], 1
    jnc     .Lservice_parse_done
.Lservice_parse_bad:
    mov     eax, ERROR_INVALID
    stc
.Lservice_parse_done:
    ret

# Finds a service.
# In: EAX name.
# Out: EAX service; CF and 0 when none of this name was ever started.
.global service_find
service_find:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [service_records]
1:  cmp     ebx, 1
    jc      2f
    lea     eax, [ebx + SERVICE_LABEL]
    mov     edx, esi
    call    string_compare
    je      2f                          # CF is clear
    mov     ebx, [ebx + SERVICE_NEXT]
    jmp     1b
2:  mov     eax, ebx
    pop     esi
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_service:
    push    ebx
    push    esi
    push    edi
    mov     ebx, edx
    mov     edi, eax
    mov     esi, offset service_verbs
    cmp     edi, 2
    jb      .Lcommand_service_usage
.Lcommand_service_verb:
    mov     eax, [esi]
    test    eax, eax
    jz      .Lcommand_service_usage
    mov     edx, [ebx + 4]
    call    string_compare
    je      .Lcommand_service_found
    add     esi, 12
    jmp     .Lcommand_service_verb
.Lcommand_service_found:
    cmp     edi, [esi + 8]
    jne     .Lcommand_service_usage
    mov     eax, [ebx + 8]
    mov     edx, [ebx + 12]
    call    [esi + 4]
    mov     eax, 0
    jnc     .Lcommand_service_done
    mov     eax, 1
    jmp     .Lcommand_service_done
.Lcommand_service_usage:
    PRINT   "usage: service list|start NAME|stop NAME|restart NAME|replace NAME FILE|status NAME|log NAME\n"
    mov     eax, 2
.Lcommand_service_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Lists the services.
# Out: CF clear.
service_list:
    push    ebx
    mov     ebx, [service_records]
1:  test    ebx, ebx
    jz      2f
    mov     eax, [ebx + SERVICE_STATE]
    mov     eax, [service_states + eax*4]
    lea     ecx, [ebx + SERVICE_LABEL]
    PRINTF  "%-8s  %s\n", eax, ecx
    mov     ebx, [ebx + SERVICE_NEXT]
    jmp     1b
2:  pop     ebx
    clc
    ret

# Starts a service by its name, and those that were stopped because one that runs now was.
# In: EAX name.
# Out: CF when it was not started.
service_by_name:
    xor     edx, edx
    call    service_begin
    jc      .Lservice_by_name_done
    push    ebx
    mov     ebx, [service_records]
.Lservice_by_name_next:
    test    ebx, ebx
    jz      .Lservice_by_name_over      # CF is clear
    cmp     dword ptr [ebx + SERVICE_FOLLOWS], 0
    je      .Lservice_by_name_skip
    lea     eax, [ebx + SERVICE_NEED]
    call    service_find
    jc      .Lservice_by_name_skip
    cmp     dword ptr [eax + SERVICE_TASK], 0
    je      .Lservice_by_name_skip
    mov     dword ptr [ebx + SERVICE_FOLLOWS], 0
    lea     eax, [ebx + SERVICE_LABEL]
    call    service_by_name
.Lservice_by_name_skip:
    mov     ebx, [ebx + SERVICE_NEXT]
    jmp     .Lservice_by_name_next
.Lservice_by_name_over:
    pop     ebx
.Lservice_by_name_done:
    ret

# Stops a service by its name, and before it all that need it.
# In: EAX name.
# Out: CF when there is none.
service_end:
    call    service_known
    jc      1f
    mov     dword ptr [eax + SERVICE_FOLLOWS], 0
    call    service_stop_all
    clc
1:  ret

# Stops a service, and before it all that need it; those start again when it does. May sleep.
# In: EAX service.
service_stop_all:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [service_records]
1:  test    ebx, ebx
    jz      3f
    cmp     dword ptr [ebx + SERVICE_TASK], 0
    je      2f
    lea     eax, [ebx + SERVICE_NEED]
    lea     edx, [esi + SERVICE_LABEL]
    call    string_compare
    jne     2f
    mov     dword ptr [ebx + SERVICE_FOLLOWS], 1
    mov     eax, ebx
    call    service_stop_all
2:  mov     ebx, [ebx + SERVICE_NEXT]
    jmp     1b
3:  mov     eax, esi
    call    service_stop
    pop     esi
    pop     ebx
    ret

# Stops a service and starts it by what its file says now, and those that it stopped with it.
# In: EAX name.
# Out: CF when it was not started.
service_again:
    push    eax
    call    service_find
    jc      1f
    call    service_stop_all
1:  pop     eax
    jmp     service_by_name

# Finds a service, or says that there is none.
# In: EAX name.
# Out: EAX service; CF when there is none.
.global service_known
service_known:
    push    eax
    call    service_find
    pop     edx
    jnc     1f
    PRINTF  "service: %s was never started\n", edx
    stc
1:  ret

# Says all about a service.
# In: EAX name.
# Out: CF when there is none.
service_status:
    call    service_known
    jc      1f
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + SERVICE_STATE]
    mov     eax, [service_states + eax*4]
    lea     ecx, [ebx + SERVICE_LINE]
    LOAD_STRING edx, "program "
    cmp     dword ptr [ebx + SERVICE_PART], 0
    je      2f
    lea     edx, [ecx + SERVICE_LINE_BYTES - 1] # nothing before `kernel`
2:  PRINTF  "%s, restarts %u, last status %u, %s%s\n", eax, [ebx+SERVICE_RESTARTS], [ebx+SERVICE_STATUS], edx, ecx
    pop     ebx
    clc
1:  ret

# Prints the latest output of a service.
# In: EAX name.
# Out: CF when there is none.
service_log:
    call    service_known
    jc      3f
    push    ebx
    push    esi
    mov     ebx, eax
    xor     esi, esi
    mov     eax, [ebx + SERVICE_LOG_END]
    sub     eax, SERVICE_LOG_BYTES
    jb      1f
    mov     esi, eax                    # ESI: number of the oldest byte
1:  cmp     esi, [ebx + SERVICE_LOG_END]
    jae     2f
    mov     edx, esi
    and     edx, SERVICE_LOG_BYTES - 1
    mov     al, [ebx + SERVICE_LOG + edx]
    call    print_char
    inc     esi
    jmp     1b
2:  pop     esi
    pop     ebx
    clc
3:  ret

SHELL_COMMAND "service", command_service, "list|start NAME|stop NAME|restart NAME|replace NAME FILE|status NAME|log NAME", "run programs in the background", GROUP_SYSTEM, service_text

.section .rodata
service_text:
    .ascii  "A service is described by a text file /net/services/NAME:\n"
    .ascii  "program PATH [ARGUMENT...]   what it runs, or\n"
    .ascii  "kernel NAME                  the part of the kernel that it is\n"
    .ascii  "need NAME                    a service that is started before\n"
    .ascii  "restart failure|always|never  when it is started again; failure if left out\n"
    .ascii  "All that are there are started with the machine, and before them the parts of the kernel (service list),\n"
    .ascii  "which need no file. Who stops a service stops those that need it; they start again when it does.\n"
    .ascii  "replace has the program FILE take over from the one that runs, with its state. When FILE cannot be loaded,\n"
    .ascii  "does not take the state, or ends within a second of that, the old one goes on. For a part of the kernel FILE\n"
    .asciz  "is a module with a part of the same name.\n"
.balign 4
service_states:                             # in the order of SERVICE_STOPPED, ...
    .long   state_stopped, state_running, state_waiting, state_done
service_verbs:                              # word, routine, words of the command
    .long   verb_list, service_list, 2, verb_start, service_by_name, 3, verb_stop, service_end, 3
    .long   verb_restart, service_again, 3, verb_status, service_status, 3, verb_log, service_log, 3
    .long   verb_replace, service_replace, 4, 0
STRING state_stopped, "stopped"
STRING state_running, "running"
STRING state_waiting, "waiting"
STRING state_done, "done"
STRING verb_list, "list"
STRING verb_start, "start"
STRING verb_stop, "stop"
STRING verb_restart, "restart"
STRING verb_status, "status"
STRING verb_log, "log"
STRING verb_replace, "replace"

.bss
.balign 4
.global service_records
service_records:    .space 4                # the latest first
