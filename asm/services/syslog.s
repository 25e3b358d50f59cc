# Lines of the log for a collector elsewhere: messages by RFC 5424 in datagrams (RFC 5426), one a line. Off until
# `set syslog.server NAME`. What cannot be sent yet stays in the log's memory, and goes when it can.

.include "macros.inc"
.include "names.inc"
.include "part.inc"
.include "log.inc"

SYSLOG_PORT         = 514
FACILITY            = 3 << 3                # daemons
RETRY_MS            = 10000
BURST               = 32                    # lines that go without a pause
PAUSE_MS            = 100
APP_BYTES           = 48                    # RFC 5424, 6: of a source, at most
MESSAGE_BYTES       = LOG_LINE_BYTES + 64

.data
.balign 4
syslog_owner:       .long 0, 0, syslog_name, 0
STRING syslog_name, "syslog"

SERVICE_PART syslog, syslog_owner, "syslog", syslog_task, 0, 0, "kernel syslog\nneed network\nrestart always\n", form=1, giver=syslog_state, taker=syslog_goes_on

.text

# Gives what the part that follows goes on with: how far the log was sent.
# Out: EAX address, EDX bytes.
syslog_state:
    mov     eax, offset syslog_at
    mov     edx, 4
    ret

# Goes on where the part before it was.
# In: EAX address, EDX bytes, ECX version.
# Out: CF when it is something else.
syslog_goes_on:
    cmp     ecx, 1
    jne     1f
    cmp     edx, 4
    jne     1f
    mov     eax, [eax]
    mov     [syslog_at], eax
    clc
    ret
1:  stc
    ret

# The service: follows the log.
syslog_task:
    mov     eax, offset syslog_owner
    call    owner_join
.Lsyslog_task_next:
    INTERRUPTS_OFF
    mov     eax, [log_end]
    cmp     eax, [syslog_at]
    je      .Lsyslog_task_wait
    mov     eax, offset name_server
    call    env_get
    jc      .Lsyslog_task_wait
    INTERRUPTS_RESTORE
    call    resolve_text
    jc      .Lsyslog_task_later
    mov     [syslog_to], eax
    xor     eax, eax
    call    udp_open
    jc      .Lsyslog_task_later
    mov     [syslog_socket], eax
    xor     ebx, ebx                        # EBX: lines that went
.Lsyslog_task_line:
    mov     eax, [syslog_at]
    mov     edx, offset syslog_line
    call    log_line
    jc      .Lsyslog_task_close
    push    eax
    call    syslog_format
    mov     edi, eax
    mov     eax, [syslog_socket]
    mov     edx, [syslog_to]
    mov     ecx, SYSLOG_PORT
    mov     esi, offset syslog_message
    call    udp_send
    pop     edx
    jc      .Lsyslog_task_failed
    mov     [syslog_at], edx
    inc     ebx
    cmp     ebx, 1                          # ARP may have to find the collector, and keeps few packets meanwhile
    je      .Lsyslog_task_pause
    test    ebx, BURST - 1
    jnz     .Lsyslog_task_line
.Lsyslog_task_pause:
    mov     eax, PAUSE_MS
    call    task_sleep
    jmp     .Lsyslog_task_line
.Lsyslog_task_close:
    mov     eax, [syslog_socket]
    call    udp_close
    jmp     .Lsyslog_task_next
.Lsyslog_task_failed:
    mov     eax, [syslog_socket]
    call    udp_close
.Lsyslog_task_later:
    mov     eax, RETRY_MS
    call    task_sleep
    jmp     .Lsyslog_task_next
.Lsyslog_task_wait:
    mov     eax, offset syslog_events
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    INTERRUPTS_RESTORE
    jmp     .Lsyslog_task_next

# Makes the message of a line.
# In: syslog_line.
# Out: syslog_message, EAX its bytes.
# Clobbers: ESI, EDI too.
syslog_format:
    push    ebx
    mov     al, [syslog_line + LOG_LEVEL_AT]
    mov     ebx, FACILITY + 6
    cmp     al, 'i'
    je      1f
    mov     ebx, FACILITY + 4
    cmp     al, 'w'
    je      1f
    mov     ebx, FACILITY + 3
1:  mov     byte ptr [syslog_line + 10], 'T'
    mov     byte ptr [syslog_line + 19], 0
    mov     esi, offset syslog_line + LOG_SOURCE_AT
    mov     edi, offset syslog_app
    mov     ecx, APP_BYTES
.Lsyslog_format_source:
    mov     al, [esi]
    test    al, al
    jz      .Lsyslog_format_named_by
    inc     esi
    cmp     al, ':'
    je      .Lsyslog_format_colon
    cmp     al, '!'                         # 33 to 126 only
    jb      3f
    cmp     al, '~'
    jbe     .Lsyslog_format_app
3:  mov     al, '_'
.Lsyslog_format_app:
    jecxz   .Lsyslog_format_source
    stosb
    dec     ecx
    jmp     .Lsyslog_format_source
.Lsyslog_format_colon:
    cmp     byte ptr [esi], ' '
    jne     .Lsyslog_format_named_by
    inc     esi
.Lsyslog_format_named_by:
    mov     byte ptr [edi], 0
    mov     edi, esi
.Lsyslog_format_text:
    mov     al, [edi]
    test    al, al
    jz      .Lsyslog_format_whole
    cmp     al, ' '
    jb      .Lsyslog_format_strange
    cmp     al, '~'
    jbe     .Lsyslog_format_plain
.Lsyslog_format_strange:
    mov     byte ptr [edi], '?'
.Lsyslog_format_plain:
    inc     edi
    jmp     .Lsyslog_format_text
.Lsyslog_format_whole:
    mov     eax, offset hostname
    mov     ecx, offset text_nil
    cmp     byte ptr [eax], 0
    je      .Lsyslog_format_named
    mov     ecx, eax
.Lsyslog_format_named:
    mov     edx, offset syslog_line
    mov     eax, offset syslog_app
    mov     edi, offset syslog_message
    SNPRINTF edi, MESSAGE_BYTES, "<%u>1 %sZ %s %s - - - %s", ebx, edx, ecx, eax, esi
    pop     ebx
    ret

.pushsection .rodata
STRING name_server, "syslog.server"
STRING text_nil, "-"
.balign 4
syslog_events:      .long log_event, env_event  # a line came; the collector may be another
.popsection

.bss
.balign 4
syslog_at:          .space 4                # byte of the log that goes next
syslog_to:          .space 4                # address
syslog_socket:      .space 4
syslog_line:        .space LOG_LINE_BYTES
syslog_app:         .space APP_BYTES + 1
syslog_message:     .space MESSAGE_BYTES
