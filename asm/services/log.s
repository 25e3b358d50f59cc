# The log: what services say and what becomes of them, with date and level. The latest lines are in memory
# (asm/services/journal.s); a second after a line came, it goes to /net/log. When that has 64 KiB, it becomes
# /net/log.old, and the one before is gone.

.include "macros.inc"
.include "errors.inc"
.include "fs.inc"
.include "file.inc"
.include "tasks.inc"
.include "part.inc"
.include "log.inc"

FILE_BYTES          = 65536
FLUSH_MS            = 1000

# What `log` shows.
FILTER_LEVEL        = 0                     # LOG_*, and what is worse
FILTER_SOURCE       = 4                     # name, or 0 for all
FILTER_LINE         = 8
FILTER_SIZE         = FILTER_LINE + LOG_LINE_BYTES

.text

.pushsection .data
.balign 4
log_owner:          .long 0, 0, log_name, 0
.popsection
STRING log_name, "log"

SERVICE_PART log, log_owner, "log", log_begin, log_flush, 0, "kernel log\nrestart always\n", form=1, giver=log_give

# The task that writes the log to the volume, as soon as there is one. Without it the log is in memory only.
log_begin:
    mov     eax, offset log_owner
    call    owner_join
log_task:
    INTERRUPTS_OFF
    mov     eax, [log_end]
    cmp     eax, [log_kept]
    jne     1f
    mov     eax, offset log_event
    or      edx, -1
    call    event_wait
1:  INTERRUPTS_RESTORE
    mov     eax, FLUSH_MS               # more lines may come
    call    task_sleep
    call    log_flush
    jnc     log_task
    mov     eax, offset mount_made
    or      edx, -1
    call    event_wait
    jmp     log_task

# Gives the state: how many bytes of the log are in the file.
# Out: EAX its address, EDX bytes.
log_give:
    mov     eax, offset log_kept
    mov     edx, 4
    ret

# For who adds many lines: writes them to the file before they would be overwritten. May sleep.
.global log_pace
log_pace:
    mov     eax, [log_end]
    sub     eax, [log_kept]
    cmp     eax, LOG_RING_BYTES / 2
    jae     log_flush
    ret

# Writes what is new to the file. May sleep.
# Out: CF when it cannot be written; it stays in memory as long as there is room.
log_flush:
    FRAME   NODE_SIZE_OF
    push    ebx
    push    esi
    push    edi
    mov     eax, offset log_mutex
    call    mutex_lock
    mov     eax, [log_end]
    cmp     eax, [log_kept]
    je      .Llog_flush_unlock          # CF is clear
    mov     esi, offset log_path
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_APPEND
    call    file_open
    jc      .Llog_flush_unlock
    mov     ebx, eax
.Llog_flush_piece:
    mov     edx, [log_end]
    mov     ecx, edx
    sub     ecx, [log_kept]
    jz      .Llog_flush_written
    cmp     ecx, LOG_RING_BYTES
    jbe     .Llog_flush_there
    mov     ecx, LOG_RING_BYTES             # what was before is overwritten
    sub     edx, ecx
    mov     [log_kept], edx
.Llog_flush_there:
    mov     esi, [log_kept]
    and     esi, LOG_RING_BYTES - 1
    mov     edx, LOG_RING_BYTES
    sub     edx, esi
    cmp     ecx, edx
    jbe     .Llog_flush_write
    mov     ecx, edx                    # up to the end of the ring
.Llog_flush_write:
    add     esi, offset log_ring
    mov     eax, ebx
    push    ecx
    call    file_write
    pop     ecx
    jc      .Llog_flush_close
    cmp     eax, ecx
    jb      .Llog_flush_close           # the volume is full
    add     [log_kept], eax
    jmp     .Llog_flush_piece
.Llog_flush_written:
    lea     edi, [ebp - NODE_SIZE_OF]
    mov     eax, ebx
    call    file_stat_handle
.Llog_flush_close:
    pushfd
    mov     eax, ebx
    call    file_close
    popfd
    jc      .Llog_flush_unlock
    cmp     dword ptr [ebp - NODE_SIZE_OF + NODE_BYTES], FILE_BYTES
    cmc
    jnc     .Llog_flush_unlock
    mov     esi, offset log_path
    mov     edi, offset log_path_old
    call    file_rename
.Llog_flush_unlock:
    pushfd
    mov     eax, offset log_mutex
    call    mutex_unlock
    popfd
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_log:
    FRAME   FILTER_SIZE + 8
    push    ebx
    push    esi
    push    edi
    # Locals: the filter; below it -4 whether it follows, -8 byte of the log that is next
    lea     ebx, [ebp - FILTER_SIZE]
    mov     dword ptr [ebx + FILTER_LEVEL], LOG_INFO
    mov     dword ptr [ebx + FILTER_SOURCE], 0
    mov     dword ptr [ebp - FILTER_SIZE - 4], 0
    mov     edi, edx
    lea     esi, [edx + 4]
.Lcommand_log_word:
    mov     eax, [esi]
    add     esi, 4
    test    eax, eax
    jz      .Lcommand_log_show
    cmp     word ptr [eax], 0x662D      # "-f"
    je      .Lcommand_log_follow
    cmp     word ptr [eax], 0x6C2D      # "-l"
    je      .Lcommand_log_level
    cmp     byte ptr [eax], '-'
    je      .Lcommand_log_misused
    mov     [ebx + FILTER_SOURCE], eax
    jmp     .Lcommand_log_word
.Lcommand_log_follow:
    inc     dword ptr [ebp - FILTER_SIZE - 4]
    jmp     .Lcommand_log_word
.Lcommand_log_level:
    mov     eax, [esi]
    add     esi, 4
    test    eax, eax
    jz      .Lcommand_log_misused
    call    log_level_named
    jc      .Lcommand_log_misused
    mov     [ebx + FILTER_LEVEL], eax
    jmp     .Lcommand_log_word
.Lcommand_log_misused:
    mov     edx, edi
    call    command_misused
    jmp     .Lcommand_log_done
.Lcommand_log_show:
    call    break_clear
    call    log_flush
    mov     edi, [log_kept]
    jc      .Lcommand_log_memory
    mov     [ebp - FILTER_SIZE - 8], edi
    mov     esi, offset log_path_old
    call    log_show_file
    mov     esi, offset log_path
    call    log_show_file
    jmp     .Lcommand_log_more
.Lcommand_log_memory:
    mov     dword ptr [ebp - FILTER_SIZE - 8], 0
.Lcommand_log_more:
    mov     eax, [ebp - FILTER_SIZE - 8]
    call    log_show_ring
    mov     [ebp - FILTER_SIZE - 8], eax
    cmp     dword ptr [ebp - FILTER_SIZE - 4], 0
    je      .Lcommand_log_good
    call    log_wait
    jnc     .Lcommand_log_more
.Lcommand_log_good:
    xor     eax, eax
.Lcommand_log_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Waits for more lines. May sleep.
# In: EAX byte of the log that would be next.
# Out: CF when Ctrl-C was typed instead.
log_wait:
    push    ebx
    mov     ebx, eax
    call    break_source
    push    eax
    push    offset log_event
    INTERRUPTS_OFF
1:  call    break_check
    jc      2f
    cmp     ebx, [log_end]
    jne     3f
    lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    jmp     1b
2:  INTERRUPTS_RESTORE
    stc
    jmp     4f
3:  INTERRUPTS_RESTORE
    clc
4:  pop     eax
    pop     eax
    pop     ebx
    ret

# The level of a name.
# In: EAX name.
# Out: EAX LOG_*; CF when there is none.
log_level_named:
    push    ebx
    push    esi
    mov     esi, eax
    xor     ebx, ebx
1:  mov     eax, [log_levels + ebx*4]
    mov     edx, esi
    call    string_compare
    je      2f
    inc     ebx
    cmp     ebx, LOG_INFO
    jbe     1b
    stc
2:  mov     eax, ebx
    pop     esi
    pop     ebx
    ret

# Shows the lines of a file that the filter lets through; nothing when there is no such file. May sleep.
# In: EBX filter, ESI path.
log_show_file:
    FRAME   NODE_SIZE_OF + 4
    push    edi
    lea     edi, [ebp - NODE_SIZE_OF]
    call    file_stat
    jc      .Llog_show_file_done
    mov     [ebp - NODE_SIZE_OF - 4], ebx
    call    reader_open
    jc      .Llog_show_file_filter
    mov     edi, [ebp - NODE_SIZE_OF - 4]
.Llog_show_file_line:
    xor     ecx, ecx
.Llog_show_file_byte:
    call    reader_byte
    jc      .Llog_show_file_end
    xchg    ebx, edi
    call    log_gather
    xchg    ebx, edi
    jmp     .Llog_show_file_byte
.Llog_show_file_end:
    call    reader_close
.Llog_show_file_filter:
    mov     ebx, [ebp - NODE_SIZE_OF - 4]
.Llog_show_file_done:
    pop     edi
    ENDFRAME
    ret

# Shows the lines in memory that the filter lets through.
# In: EBX filter, EAX first byte of the log to show.
# Out: EAX the byte after the last one that was shown.
log_show_ring:
    push    esi
    mov     esi, eax
    xor     ecx, ecx
1:  mov     eax, [log_end]
    sub     eax, esi
    jz      3f
    cmp     eax, LOG_RING_BYTES
    jbe     2f
    mov     esi, [log_end]              # what was before is overwritten
    sub     esi, LOG_RING_BYTES
2:  mov     eax, esi
    and     eax, LOG_RING_BYTES - 1
    mov     al, [log_ring + eax]
    inc     esi
    call    log_gather
    jmp     1b
3:  mov     eax, esi
    pop     esi
    ret

# Takes a byte of a line, and prints the line at its end if the filter lets it through.
# In: EBX filter, AL byte, ECX bytes of the line before it.
# Out: ECX bytes of the line.
# Clobbers: EAX, EDX.
log_gather:
    cmp     al, 10
    je      1f
    cmp     ecx, LOG_LINE_BYTES - 1
    jae     2f
    mov     [ebx + FILTER_LINE + ecx], al
    inc     ecx
2:  ret
1:  mov     byte ptr [ebx + FILTER_LINE + ecx], 0
    cmp     ecx, LOG_SOURCE_AT
    mov     ecx, 0
    jb      2b
    mov     al, [ebx + FILTER_LINE + LOG_LEVEL_AT]
    call    log_level_of
    cmp     eax, [ebx + FILTER_LEVEL]
    ja      2b
    mov     edx, [ebx + FILTER_SOURCE]
    test    edx, edx
    jz      3f
    push    ecx
    lea     eax, [ebx + FILTER_LINE + LOG_SOURCE_AT]
    call    string_prefix
    pop     ecx
    jne     2b
    cmp     byte ptr [eax], ':'
    jne     2b
3:  lea     eax, [ebx + FILTER_LINE]
    PRINTF  "%s\n", eax
    ret

# The level of a line.
# In: AL first letter of its level.
# Out: EAX LOG_*.
log_level_of:
    cmp     al, 'e'
    mov     eax, LOG_ERROR
    je      1f
    mov     eax, LOG_WARNING
    cmp     byte ptr [ebx + FILTER_LINE + LOG_LEVEL_AT], 'w'
    je      1f
    mov     eax, LOG_INFO
1:  ret

SHELL_COMMAND "log", command_log, "[-f] [-l LEVEL] [SERVICE]", "show what services have said", GROUP_SYSTEM, log_text

.section .rodata
log_path:
    .asciz  "/net/log"
log_path_old:
    .asciz  "/net/log.old"
log_text:
    .ascii  "Lines have a level: error, warning or info. -l warning shows warnings and errors; -f goes on with what\n"
    .ascii  "comes, until Ctrl-C. The log is kept in /net/log and, for what is older, /net/log.old, 64 KiB each;\n"
    .asciz  "without a volume the latest 16 KiB are in memory.\n"
