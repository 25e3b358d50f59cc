# The journal: the latest lines of the log, in memory, and how they get there. It stays the kernel's when another
# service `log` (asm/services/log.s) takes the place of the one that writes it to the volume.

.include "macros.inc"
.include "date.inc"
.include "tasks.inc"
.include "log.inc"

.text

# Adds a line to the log.
# In: EAX name of the source, EDX text, ECX LOG_*.
.global log_write
log_write:
    FRAME   LOG_LINE_BYTES + DATE_SIZE + 12
    push    esi
    # Locals: the line, the date, and below them source, text, name of the level
    mov     [ebp - LOG_LINE_BYTES - DATE_SIZE - 4], eax
    mov     [ebp - LOG_LINE_BYTES - DATE_SIZE - 8], edx
    mov     eax, [log_levels + ecx*4]
    mov     [ebp - LOG_LINE_BYTES - DATE_SIZE - 12], eax
    call    clock_seconds
    lea     edx, [ebp - LOG_LINE_BYTES - DATE_SIZE]
    mov     esi, edx
    call    date_from_seconds
    lea     edx, [ebp - LOG_LINE_BYTES]
    SNPRINTF edx, LOG_LINE_BYTES, "%04u-%02u-%02u %02u:%02u:%02u ", [esi+DATE_YEAR], [esi+DATE_MONTH], [esi+DATE_DAY], [esi+DATE_HOUR], [esi+DATE_MINUTE], [esi+DATE_SECOND]
    lea     edx, [ebp - LOG_LINE_BYTES + eax]
    mov     ecx, LOG_LINE_BYTES - 1     # the line end always has room
    sub     ecx, eax
    SNPRINTF edx, ecx, "%-7s %s: %s", [ebp-LOG_LINE_BYTES-DATE_SIZE-12], [ebp-LOG_LINE_BYTES-DATE_SIZE-4], [ebp-LOG_LINE_BYTES-DATE_SIZE-8]
    mov     word ptr [edx + eax], 10
    lea     esi, [ebp - LOG_LINE_BYTES]
    INTERRUPTS_OFF
1:  lodsb
    test    al, al
    jz      2f
    mov     ecx, [log_end]
    and     ecx, LOG_RING_BYTES - 1
    mov     [log_ring + ecx], al
    inc     dword ptr [log_end]
    jmp     1b
2:  mov     eax, offset log_event
    call    event_broadcast
    INTERRUPTS_RESTORE
    pop     esi
    ENDFRAME
    ret

# Takes a line out of memory. What was overwritten is passed over.
# In: EAX byte of the log at which it begins, EDX where it goes, without its end: LOG_LINE_BYTES.
# Out: EAX byte at which the next begins; CF when there is none.
.global log_line
log_line:
    push    esi
    push    edi
    push    ebx
    mov     esi, eax
    mov     ebx, edx
    INTERRUPTS_OFF
    mov     eax, [log_end]
    sub     eax, esi
    cmp     eax, LOG_RING_BYTES
    jbe     1f
    mov     esi, [log_end]
    sub     esi, LOG_RING_BYTES
    call    .Llog_line_take             # the rest of one whose beginning is gone
1:  call    .Llog_line_take
    INTERRUPTS_RESTORE
    mov     eax, esi
    sub     edi, ebx
    cmp     edi, 1                      # CF when nothing is left
    pop     ebx
    pop     edi
    pop     esi
    ret
.Llog_line_take:
    mov     edi, ebx
2:  cmp     esi, [log_end]
    je      3f
    mov     eax, esi
    and     eax, LOG_RING_BYTES - 1
    mov     al, [log_ring + eax]
    inc     esi
    cmp     al, 10
    je      3f
    stosb
    lea     eax, [ebx + LOG_LINE_BYTES - 1]
    cmp     edi, eax
    jb      2b
3:  mov     byte ptr [edi], 0
    ret

.section .rodata
.balign 4
.global log_levels
log_levels:                                 # names, in the order of LOG_ERROR, ...
    .long   log_name_error, log_name_warning, log_name_info
STRING log_name_error, "error"
STRING log_name_warning, "warning"
STRING log_name_info, "info"

.bss
.balign 4
.global log_event
log_event:          .space 4                # broadcast when a line came
.global log_end
log_end:            .space 4                # bytes that were ever logged
.global log_kept
log_kept:           .space 4                # of these, that are in the file
.global log_mutex
log_mutex:          .space MUTEX_SIZE       # held while the file is written
.global log_ring
log_ring:           .space LOG_RING_BYTES
