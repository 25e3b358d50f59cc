# SSH's channels (RFC 4254, 5 and 6): one at a time for each connection, a session with a shell, a command, or files.
# The connection's task puts what the client sends into the channel's ring and notes what it says; the tasks of the
# session take it out, and bring their output as the client's window lets them.

.include "macros.inc"
.include "errors.inc"
.include "terminal.inc"
.include "context.inc"
.include "ssh.inc"

OWN_NUMBER              = 0             # of the channel
FAILURE_PROHIBITED      = 1             # RFC 4254, 5.1
FAILURE_UNKNOWN         = 3
FAILURE_SHORTAGE        = 4
AGAIN_MS                = 1000
LAST_MS                 = 10            # while the tasks of the channel before have not ended yet
LAST_TRIES              = 100

.section .rodata
.balign 4
# What may be asked of a channel: name, routine: EBX client, ESI what follows, EDI its end; CF when it is refused.
ssh_requests:
    .long   request_terminal, ssh_take_terminal
    .long   request_size, ssh_take_size
    .long   request_shell, ssh_shell_start
    .long   request_exec, ssh_command_start
    .long   request_subsystem, ssh_files_start
ssh_requests_end:
STRING request_terminal, "pty-req"
STRING request_size, "window-change"
STRING request_shell, "shell"
STRING request_exec, "exec"
STRING request_subsystem, "subsystem"

.text

# Something of the channel has changed: its tasks look again.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_channel_changed
ssh_channel_changed:
    lea     eax, [ebx + SSH_CHANNEL + CHANNEL_EVENT]
    call    event_broadcast
    jmp     ssh_shell_wake

# The client opens a channel.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_open
ssh_take_open:
    call    ssh_take_string
    jc      ssh_channel_wrong
    push    ecx
    push    eax                         # [esp]: the kind, and its bytes
    call    ssh_take_number
    jc      .Lssh_take_open_wrong
    mov     edx, eax                    # EDX: what the client calls it
    call    ssh_take_number
    jc      .Lssh_take_open_wrong
    mov     ecx, eax                    # ECX: bytes that it takes
    call    ssh_take_number
    jc      .Lssh_take_open_wrong
    mov     esi, eax                    # ESI: of these at once
    pop     eax
    xchg    ecx, [esp]
    push    edx
    LOAD_STRING edx, "session"
    call    ssh_is
    mov     eax, FAILURE_UNKNOWN
    jne     .Lssh_take_open_refused
    mov     eax, FAILURE_PROHIBITED
    test    esi, esi
    jz      .Lssh_take_open_refused
    call    ssh_channel_free
    mov     eax, FAILURE_SHORTAGE
    jc      .Lssh_take_open_refused
    pop     edx
    pop     ecx
    cmp     esi, CHANNEL_DATA_MOST
    jbe     1f
    mov     esi, CHANNEL_DATA_MOST
1:  mov     [ebx + SSH_CHANNEL + CHANNEL_MOST], esi
    mov     [ebx + SSH_CHANNEL + CHANNEL_ROOM], ecx
    mov     [ebx + SSH_CHANNEL + CHANNEL_PEER], edx
    mov     dword ptr [ebx + SSH_CHANNEL + CHANNEL_WINDOW], CHANNEL_RING_BYTES
    mov     dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_OPEN
    mov     eax, MESSAGE_OPEN_CONFIRMATION
    call    ssh_channel_begin
    jc      .Lssh_take_open_done
    mov     eax, OWN_NUMBER
    call    ssh_put_number
    mov     eax, CHANNEL_RING_BYTES
    call    ssh_put_number
    mov     eax, CHANNEL_DATA_MOST
    call    ssh_put_number
    jmp     ssh_send
.Lssh_take_open_refused:
    pop     edx
    pop     ecx
    push    eax
    push    edx
    mov     eax, MESSAGE_OPEN_FAILURE
    call    ssh_begin
    pop     eax
    pop     edx
    jc      .Lssh_take_open_done
    call    ssh_put_number
    mov     eax, edx
    call    ssh_put_number
    LOAD_STRING edx, "there is one session at a time, and nothing else"
    call    ssh_put_text
    xor     eax, eax
    stosd                               # no language
    jmp     ssh_send
.Lssh_take_open_wrong:
    add     esp, 8
    jmp     ssh_channel_wrong
.Lssh_take_open_done:
    ret

# A message about a channel is cut off, or about one that there is not.
# In: EBX client.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_wrong:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "a message about a channel is wrong"
    jmp     ssh_disconnect

# Whether the channel is free, which it may be in a moment: its tasks go after it was closed.
# In: EBX client.
# Out: CF when it is not; else it is all zeros.
# Clobbers: EAX, ECX, EDX.
ssh_channel_free:
    push    edi
    mov     edi, LAST_TRIES
.Lssh_channel_free_look:
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_FLAGS]
    test    eax, eax
    jz      .Lssh_channel_free_clear
    and     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    cmp     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    jne     .Lssh_channel_free_not
    cmp     dword ptr [ebx + SSH_CHANNEL + CHANNEL_TASKS], 0
    je      .Lssh_channel_free_clear
    mov     eax, LAST_MS
    call    task_sleep
    dec     edi
    jnz     .Lssh_channel_free_look
.Lssh_channel_free_not:
    pop     edi
    stc
    ret
.Lssh_channel_free_clear:
    lea     edi, [ebx + SSH_CHANNEL]
    xor     eax, eax
    mov     ecx, CHANNEL_RING / 4
    rep stosd
    pop     edi
    clc
    ret

# Begins a message about the channel.
# In: EBX client, EAX message.
# Out: as ssh_begin, behind the client's number.
# Clobbers: EAX, ECX, EDX.
ssh_channel_begin:
    call    ssh_begin
    jc      1f
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_PEER]
    call    ssh_put_number
    clc
1:  ret

# Takes the number of the channel that a message is about.
# In: EBX client, ESI fields, EDI their end.
# Out: ESI behind it; CF when there is no such channel.
# Clobbers: EAX only.
ssh_channel_named:
    call    ssh_take_number
    jc      1f
    cmp     eax, OWN_NUMBER
    jne     2f
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_FLAGS]
    and     eax, CHANNEL_OPEN | CHANNEL_CLOSED
    cmp     eax, CHANNEL_OPEN
    jne     2f
1:  ret
2:  stc
    ret

# The client takes more.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_adjust
ssh_take_adjust:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    call    ssh_take_number
    jc      ssh_channel_wrong
    mov     edx, eax
    add     edx, [ebx + SSH_CHANNEL + CHANNEL_ROOM]
    jc      ssh_channel_wrong           # RFC 4254, 5.2: at most 2^32 - 1; what is sent meanwhile makes it less
    lock add [ebx + SSH_CHANNEL + CHANNEL_ROOM], eax
    call    ssh_channel_changed
    clc
    ret

# The client sends.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_data
ssh_take_data:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    call    ssh_take_string
    jc      ssh_channel_wrong
    sub     [ebx + SSH_CHANNEL + CHANNEL_WINDOW], ecx
    jb      ssh_channel_flood
    test    dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_LEFT | CHANNEL_ENDS
    jnz     .Lssh_take_data_done        # nobody takes it; CF is clear
    mov     esi, eax
    mov     edx, [ebx + SSH_CHANNEL + CHANNEL_HEAD]
.Lssh_take_data_piece:
    and     edx, CHANNEL_RING_BYTES - 1
    mov     eax, CHANNEL_RING_BYTES     # up to the ring's end, then from its beginning on
    sub     eax, edx
    cmp     eax, ecx
    jbe     1f
    mov     eax, ecx
1:  lea     edi, [ebx + SSH_CHANNEL + CHANNEL_RING + edx]
    add     edx, eax
    sub     ecx, eax
    xchg    eax, ecx
    push    ecx
    rep movsb
    pop     ecx
    add     [ebx + SSH_CHANNEL + CHANNEL_HEAD], ecx
    mov     ecx, eax
    test    ecx, ecx
    jnz     .Lssh_take_data_piece
    call    ssh_channel_changed
    clc
.Lssh_take_data_done:
    ret

# The client sends more than its window lets it.
# In: EBX client.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_flood:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "more data than the window has room for"
    jmp     ssh_disconnect

# The client sends what is beside its data, which nothing here reads.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_extended
ssh_take_extended:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    call    ssh_take_number
    jc      ssh_channel_wrong
    call    ssh_take_string
    jc      ssh_channel_wrong
    sub     [ebx + SSH_CHANNEL + CHANNEL_WINDOW], ecx
    jb      ssh_channel_flood
    ret

# The client sends no more.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_eof
ssh_take_eof:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    lock or dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_ENDS
    call    ssh_channel_changed
    clc
    ret

# The client closes the channel: its tasks end it from our side, or we do when there is none.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_close
ssh_take_close:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    lock or dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_CLOSED | CHANNEL_ENDS
    call    ssh_channel_changed
    call    ssh_channel_break
    test    dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_STARTED | CHANNEL_LEFT
    jnz     1f                          # CF is clear
    jmp     ssh_channel_leave
1:  ret

# Ends the command that runs for the channel, if one does.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_channel_break
ssh_channel_break:
    INTERRUPTS_OFF
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_JOB]
    test    eax, eax
    jz      1f
    mov     dword ptr [eax + JOB_BREAK], 1
    add     eax, JOB_BROKEN
    call    event_broadcast
1:  INTERRUPTS_RESTORE
    ret

# Closes the channel from our side.
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_leave:
    mov     eax, MESSAGE_CHANNEL_CLOSE
    call    ssh_channel_begin
    jc      1f
    lock or dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_LEFT
    call    ssh_send
    jc      1f
    call    ssh_channel_changed
    clc
1:  ret

# The client asks something of the channel.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_request
ssh_take_request:
    call    ssh_channel_named
    jc      ssh_channel_wrong
    call    ssh_take_string
    jc      ssh_channel_wrong
    mov     edx, eax
    call    ssh_take_byte
    jc      ssh_channel_wrong
    push    eax                         # [esp]: whether an answer is wanted
    mov     eax, edx
    push    ebp
    mov     ebp, offset ssh_requests
1:  mov     edx, [ebp]
    call    ssh_is
    je      2f
    add     ebp, 8
    cmp     ebp, offset ssh_requests_end
    jb      1b
    stc
    jmp     3f
2:  call    [ebp + 4]
3:  pop     ebp
    pop     ecx
    mov     eax, MESSAGE_CHANNEL_SUCCESS
    adc     eax, 0
    jecxz   .Lssh_take_request_go
    test    dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_LEFT
    jnz     .Lssh_take_request_go       # nothing follows our CLOSE
    call    ssh_channel_begin
    jc      .Lssh_take_request_go       # the tasks find that it is over, and give back what is theirs
    call    ssh_send
.Lssh_take_request_go:
    xor     eax, eax
    xchg    eax, [ebx + SSH_CHANNEL + CHANNEL_START]
    test    eax, eax
    jz      4f                          # CF is clear
    call    eax
4:  ret

# The client has a terminal.
# In: EBX client, ESI what follows, EDI its end.
# Out: CF when it is refused.
# Clobbers: EAX, ECX, EDX, ESI.
ssh_take_terminal:
    call    ssh_take_string             # which one: what is printed is for every one
    jnc     ssh_take_size
    ret

# It has another size.
# In: EBX client, ESI columns and rows, EDI the end.
# Out: CF when it is none.
# Clobbers: EAX, ECX, EDX, ESI.
ssh_take_size:
    call    ssh_take_number
    jc      1f
    mov     edx, eax
    call    ssh_take_number
    jc      1f
    cmp     edx, COLUMNS_LEAST
    jb      .Lssh_take_size_usual
    cmp     edx, COLUMNS_MOST
    ja      .Lssh_take_size_usual
    cmp     eax, ROWS_LEAST
    jb      .Lssh_take_size_usual
    cmp     eax, ROWS_MOST
    jbe     .Lssh_take_size_good
.Lssh_take_size_usual:                  # one of no such size is taken for a usual one
    mov     edx, 80
    mov     eax, 24
.Lssh_take_size_good:
    mov     [ebx + SSH_CHANNEL + CHANNEL_COLUMNS], edx
    mov     [ebx + SSH_CHANNEL + CHANNEL_ROWS], eax
    call    ssh_shell_size
    clc
1:  ret

# Sends output. A task of the channel calls it. May sleep.
# In: EBX client, ESI bytes, EDI how many.
# Out: CF when nobody takes it any more.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_channel_write
ssh_channel_write:
    push    ebp
    mov     ebp, edi
.Lssh_channel_write_next:
    test    ebp, ebp
    jz      .Lssh_channel_write_done    # CF is clear
    INTERRUPTS_OFF
    call    ssh_channel_over
    jc      .Lssh_channel_write_over
    mov     ecx, [ebx + SSH_CHANNEL + CHANNEL_ROOM]
    test    ecx, ecx
    jnz     .Lssh_channel_write_some
    lea     eax, [ebx + SSH_CHANNEL + CHANNEL_EVENT]
    mov     edx, AGAIN_MS
    call    event_wait
    INTERRUPTS_RESTORE
    jmp     .Lssh_channel_write_next
.Lssh_channel_write_some:
    INTERRUPTS_RESTORE
    cmp     ecx, [ebx + SSH_CHANNEL + CHANNEL_MOST]
    jbe     1f
    mov     ecx, [ebx + SSH_CHANNEL + CHANNEL_MOST]
1:  cmp     ecx, ebp
    jbe     2f
    mov     ecx, ebp
2:  push    ecx
    mov     eax, MESSAGE_CHANNEL_DATA
    call    ssh_channel_begin
    pop     ecx
    jc      .Lssh_channel_write_done
    lock sub [ebx + SSH_CHANNEL + CHANNEL_ROOM], ecx
    sub     ebp, ecx
    mov     edx, esi
    add     esi, ecx
    call    ssh_put_string
    call    ssh_send
    jnc     .Lssh_channel_write_next
    jmp     .Lssh_channel_write_done
.Lssh_channel_write_over:
    INTERRUPTS_RESTORE
    stc
.Lssh_channel_write_done:
    pop     ebp
    ret

# Whether nobody takes what is sent through the channel.
# In: EBX client.
# Out: CF when so.
# Clobbers: EAX.
.global ssh_channel_over
ssh_channel_over:
    mov     eax, [ebx + SSH_HAS]
    and     eax, HAS_ENDED
    jnz     1f
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_FLAGS]
    and     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    jz      2f                          # CF is clear
1:  stc
2:  ret

# Receives input: what is there, at least a byte. A task of the channel calls it. May sleep.
# In: EBX client, EDI buffer, ECX its bytes.
# Out: EAX bytes, 0 when the client sends no more; CF when the channel is over.
# Clobbers: ECX, EDX.
.global ssh_channel_read
ssh_channel_read:
    push    esi
    push    edi
    push    ebp
    mov     ebp, ecx
.Lssh_channel_read_look:
    INTERRUPTS_OFF
    mov     ecx, [ebx + SSH_CHANNEL + CHANNEL_HEAD]
    sub     ecx, [ebx + SSH_CHANNEL + CHANNEL_TAIL]
    jnz     .Lssh_channel_read_some
    mov     eax, [ebx + SSH_CHANNEL + CHANNEL_FLAGS]
    and     eax, CHANNEL_ENDS
    jnz     .Lssh_channel_read_end
    call    ssh_channel_over
    jc      .Lssh_channel_read_over
    lea     eax, [ebx + SSH_CHANNEL + CHANNEL_EVENT]
    mov     edx, AGAIN_MS
    call    event_wait
    INTERRUPTS_RESTORE
    jmp     .Lssh_channel_read_look
.Lssh_channel_read_end:
    INTERRUPTS_RESTORE
    xor     eax, eax
    jmp     .Lssh_channel_read_done
.Lssh_channel_read_over:
    INTERRUPTS_RESTORE
    stc
    jmp     .Lssh_channel_read_done
.Lssh_channel_read_some:
    INTERRUPTS_RESTORE
    CHECK   ecx, be, CHANNEL_RING_BYTES, "ssh_channel_read: more bytes than the ring holds"
    cmp     ecx, ebp
    jbe     1f
    mov     ecx, ebp
1:  mov     ebp, ecx
    mov     edx, [ebx + SSH_CHANNEL + CHANNEL_TAIL]
.Lssh_channel_read_piece:
    and     edx, CHANNEL_RING_BYTES - 1
    mov     eax, CHANNEL_RING_BYTES
    sub     eax, edx
    cmp     eax, ecx
    jbe     2f
    mov     eax, ecx
2:  lea     esi, [ebx + SSH_CHANNEL + CHANNEL_RING + edx]
    add     edx, eax
    sub     ecx, eax
    xchg    eax, ecx
    rep movsb
    mov     ecx, eax
    test    ecx, ecx
    jnz     .Lssh_channel_read_piece
    add     [ebx + SSH_CHANNEL + CHANNEL_TAIL], ebp
    add     [ebx + SSH_CHANNEL + CHANNEL_TAKEN], ebp
    call    ssh_channel_tell
    mov     eax, ebp
    clc
.Lssh_channel_read_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Tells the client that it may send more, when that is much.
# In: EBX client.
# Clobbers: EAX, ECX, EDX, ESI.
ssh_channel_tell:
    cmp     dword ptr [ebx + SSH_CHANNEL + CHANNEL_TAKEN], CHANNEL_HALF
    jb      1f
    test    dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_ENDS | CHANNEL_LEFT
    jnz     1f
    push    edi
    mov     eax, MESSAGE_WINDOW_ADJUST
    call    ssh_channel_begin
    jc      2f
    xor     eax, eax
    xchg    eax, [ebx + SSH_CHANNEL + CHANNEL_TAKEN]
    lock add [ebx + SSH_CHANNEL + CHANNEL_WINDOW], eax
    call    ssh_put_number
    call    ssh_send
2:  pop     edi
1:  ret

# A task of the channel has brought all output: says so, and with which status it ended. May sleep.
# In: EBX client, EAX status, or -1 for none.
# Clobbers: EAX, ECX, EDX, EDI.
.global ssh_channel_end
ssh_channel_end:
    push    esi
    mov     esi, eax
    call    ssh_channel_over
    jc      1f
    mov     eax, MESSAGE_CHANNEL_EOF
    call    ssh_channel_begin
    jc      2f
    call    ssh_send
    jc      2f
    cmp     esi, -1
    je      1f
    mov     eax, MESSAGE_CHANNEL_REQUEST
    call    ssh_channel_begin
    jc      2f
    LOAD_STRING edx, "exit-status"
    call    ssh_put_text
    mov     al, 0                       # no answer is wanted
    stosb
    mov     eax, esi
    call    ssh_put_number
    call    ssh_send
    jc      2f
1:  test    dword ptr [ebx + SSH_CHANNEL + CHANNEL_FLAGS], CHANNEL_LEFT
    jnz     2f
    call    ssh_channel_leave
2:  pop     esi
    ret
