# SSH's channels (RFC 4254, 5 and 6): some for each connection, each a session with a shell, a command, or files, and
# windows of its own. The connection's task puts what the client sends into the channel's ring and notes what it says;
# the tasks of the session take it out, and bring their output as the client's window lets them.

.include "macros.inc"
.include "errors.inc"
.include "terminal.inc"
.include "context.inc"
.include "ssh.inc"

FAILURE_PROHIBITED      = 1             # RFC 4254, 5.1
FAILURE_UNKNOWN         = 3
FAILURE_SHORTAGE        = 4
AGAIN_MS                = 1000
LAST_MS                 = 10            # while the tasks of a channel before have not ended yet
LAST_TRIES              = 100

.section .rodata
.balign 4
# What may be asked of a channel: name, routine: EBX channel, ESI what follows, EDI its end; CF when it is refused.
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
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
ssh_channel_changed:
    lea     eax, [ebx + CHANNEL_EVENT]
    call    event_broadcast
    jmp     ssh_shell_wake

# Goes through the channels of a connection. Only the connection's task makes and frees them.
# In: EBX client, EBP routine: in EBX channel.
# Clobbers: EAX, ECX, EDX; what the routine does.
ssh_channels_each:
    push    esi
    xor     esi, esi
1:  INTERRUPTS_OFF                      # it is not freed meanwhile
    push    ebx
    mov     ebx, [ebx + SSH_CHANNELS + esi*4]
    test    ebx, ebx
    jz      2f
    call    ebp
2:  pop     ebx
    INTERRUPTS_RESTORE
    inc     esi
    cmp     esi, CHANNELS
    jb      1b
    pop     esi
    ret

# The tasks of all channels look again.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_channels_changed
ssh_channels_changed:
    push    ebp
    mov     ebp, offset ssh_channel_changed
    call    ssh_channels_each
    pop     ebp
    ret

# Ends the commands of all channels.
# In: EBX client.
# Clobbers: EAX, ECX, EDX.
.global ssh_channels_break
ssh_channels_break:
    push    ebp
    mov     ebp, offset ssh_channel_break
    call    ssh_channels_each
    pop     ebp
    ret

# Frees the channels that are over: closed by both sides, or by the end of their connection, and without tasks. The
# connection's task calls it.
# In: EBX client.
# Out: EAX how many there still are; ECX how many of them only wait for their tasks.
# Clobbers: EDX.
.global ssh_channels_reap
ssh_channels_reap:
    push    esi
    push    edi
    push    ebp
    xor     esi, esi
    xor     edi, edi
    xor     ebp, ebp
.Lssh_channels_reap_next:
    mov     edx, [ebx + SSH_CHANNELS + esi*4]
    test    edx, edx
    jz      .Lssh_channels_reap_done
    inc     edi
    test    dword ptr [ebx + SSH_HAS], HAS_ENDED
    jnz     1f
    mov     eax, [edx + CHANNEL_FLAGS]
    and     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    cmp     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    jne     .Lssh_channels_reap_done
1:  inc     ebp
    cmp     dword ptr [edx + CHANNEL_TASKS], 0
    jne     .Lssh_channels_reap_done
    dec     edi
    dec     ebp
    mov     dword ptr [ebx + SSH_CHANNELS + esi*4], 0   # ssh_channels_each passes it over from here on
    mov     eax, edx
    call    mfree
.Lssh_channels_reap_done:
    inc     esi
    cmp     esi, CHANNELS
    jb      .Lssh_channels_reap_next
    mov     eax, edi
    mov     ecx, ebp
    pop     ebp
    pop     edi
    pop     esi
    ret

# The client opens a channel.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_open
ssh_take_open:
    call    ssh_take_string
    jc      .Lssh_take_open_cut
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
    call    ssh_channel_make
    mov     eax, FAILURE_SHORTAGE
    jc      .Lssh_take_open_refused
    pop     eax
    pop     ecx
    cmp     esi, CHANNEL_DATA_MOST
    jbe     1f
    mov     esi, CHANNEL_DATA_MOST
1:  mov     [edx + CHANNEL_MOST], esi
    mov     [edx + CHANNEL_ROOM], ecx
    mov     [edx + CHANNEL_PEER], eax
    mov     dword ptr [edx + CHANNEL_FLAGS], CHANNEL_OPEN
    push    ebx
    mov     ebx, edx
    mov     eax, MESSAGE_OPEN_CONFIRMATION
    call    ssh_channel_begin
    jc      2f
    mov     eax, [ebx + CHANNEL_NUMBER]
    call    ssh_put_number
    mov     eax, CHANNEL_RING_BYTES
    call    ssh_put_number
    mov     eax, CHANNEL_DATA_MOST
    call    ssh_put_number
    call    ssh_channel_send
2:  pop     ebx
    ret
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
    LOAD_STRING edx, "no memory, or four channels, or another kind than session"
    call    ssh_put_text
    xor     eax, eax
    stosd                               # no language
    jmp     ssh_send
.Lssh_take_open_wrong:
    add     esp, 8
.Lssh_take_open_cut:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "CHANNEL_OPEN is cut off"
    jmp     ssh_disconnect
.Lssh_take_open_done:
    ret

# Makes a channel. When all places are taken it waits a moment for those that are about to go. May sleep.
# In: EBX client.
# Out: EDX channel, with nothing but its number, client and window; CF when there is no place, or no memory.
# Clobbers: EAX, ECX.
ssh_channel_make:
    push    esi
    push    edi
    mov     edi, LAST_TRIES
1:  call    ssh_channels_reap
    cmp     eax, CHANNELS
    jb      2f
    cmp     ecx, 1
    jb      4f
    mov     eax, LAST_MS
    call    task_sleep
    dec     edi
    jnz     1b
    stc
    jmp     4f
2:  mov     eax, CHANNEL_SIZE
    call    malloc
    jc      4f
    mov     edx, eax
    mov     edi, eax
    xor     eax, eax
    mov     ecx, CHANNEL_RING / 4
    rep stosd
    or      esi, -1
3:  inc     esi
    cmp     dword ptr [ebx + SSH_CHANNELS + esi*4], 0
    jne     3b
    CHECK   esi, b, CHANNELS, "ssh_channel_make: a place that there is not"
    mov     [edx + CHANNEL_NUMBER], esi
    mov     [edx + CHANNEL_CLIENT], ebx
    mov     dword ptr [edx + CHANNEL_WINDOW], CHANNEL_RING_BYTES
    mov     [ebx + SSH_CHANNELS + esi*4], edx
    clc
4:  pop     edi
    pop     esi
    ret

# A message about a channel, which is found by our number of it.
# In: EBX client, EAX routine: in EBX channel, ESI fields after its number, EDI their end; CF when the connection is
# over. ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_channel_take
ssh_channel_take:
    mov     edx, eax
    call    ssh_take_number
    jc      2f
    cmp     eax, CHANNELS
    jae     2f
    mov     eax, [ebx + SSH_CHANNELS + eax*4]
    test    eax, eax
    jz      2f
    test    dword ptr [eax + CHANNEL_FLAGS], CHANNEL_CLOSED
    jnz     2f                          # the client has closed it
    push    ebx
    mov     ebx, eax
    call    edx
    pop     ebx
    ret
2:  mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "a message is about a channel that is not open"
    jmp     ssh_disconnect

# A message about a channel is cut off, or its window has no room for what it tells.
# In: EBX channel.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_wrong:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "a message about a channel is wrong"

# Says why the connection of a channel ends, and ends it.
# In: EBX channel, EAX REASON_*, EDX text.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_disconnect:
    push    ebx
    mov     ebx, [ebx + CHANNEL_CLIENT]
    call    ssh_disconnect
    pop     ebx
    ret

# The connection of a channel is over.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
.global ssh_channel_ended
ssh_channel_ended:
    push    ebx
    mov     ebx, [ebx + CHANNEL_CLIENT]
    call    ssh_ended
    pop     ebx
    ret

# Begins a message about the channel.
# In: EBX channel, EAX message.
# Out: as ssh_begin, behind the client's number.
# Clobbers: EAX, ECX, EDX.
ssh_channel_begin:
    push    ebx
    mov     ebx, [ebx + CHANNEL_CLIENT]
    call    ssh_begin
    pop     ebx
    jc      1f
    mov     eax, [ebx + CHANNEL_PEER]
    call    ssh_put_number
    clc
1:  ret

# Sends the message that was begun, as ssh_send.
# In: EBX channel, EDI the message's end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_send:
    push    ebx
    mov     ebx, [ebx + CHANNEL_CLIENT]
    call    ssh_send
    pop     ebx
    ret

# The client takes more.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_adjust
ssh_take_adjust:
    call    ssh_take_number
    jc      ssh_channel_wrong
    mov     edx, eax
    add     edx, [ebx + CHANNEL_ROOM]
    jc      ssh_channel_wrong           # RFC 4254, 5.2: at most 2^32 - 1; what is sent meanwhile makes it less
    lock add [ebx + CHANNEL_ROOM], eax
    call    ssh_channel_changed
    clc
    ret

# The client sends.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_data
ssh_take_data:
    call    ssh_take_string
    jc      ssh_channel_wrong
    sub     [ebx + CHANNEL_WINDOW], ecx
    jb      ssh_channel_flood
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_LEFT | CHANNEL_ENDS
    jnz     .Lssh_take_data_done        # nobody takes it; CF is clear
    mov     esi, eax
    mov     edx, [ebx + CHANNEL_HEAD]
.Lssh_take_data_piece:
    and     edx, CHANNEL_RING_BYTES - 1
    mov     eax, CHANNEL_RING_BYTES     # up to the ring's end, then from its beginning on
    sub     eax, edx
    cmp     eax, ecx
    jbe     1f
    mov     eax, ecx
1:  lea     edi, [ebx + CHANNEL_RING + edx]
    add     edx, eax
    sub     ecx, eax
    xchg    eax, ecx
    push    ecx
    rep movsb
    pop     ecx
    add     [ebx + CHANNEL_HEAD], ecx
    mov     ecx, eax
    test    ecx, ecx
    jnz     .Lssh_take_data_piece
    call    ssh_channel_changed
    clc
.Lssh_take_data_done:
    ret

# The client sends more than its window lets it.
# In: EBX channel.
# Out: CF set.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_flood:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "more data than the window has room for"
    jmp     ssh_channel_disconnect

# The client sends what is beside its data, which nothing here reads.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_extended
ssh_take_extended:
    call    ssh_take_number
    jc      ssh_channel_wrong
    call    ssh_take_string
    jc      ssh_channel_wrong
    sub     [ebx + CHANNEL_WINDOW], ecx
    jb      ssh_channel_flood
    ret

# The client sends no more.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_eof
ssh_take_eof:
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_ENDS
    call    ssh_channel_changed
    clc
    ret

# The client closes the channel: its tasks end it from our side, or we do when there is none.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_close
ssh_take_close:
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_CLOSED | CHANNEL_ENDS
    call    ssh_channel_changed
    call    ssh_channel_break
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED | CHANNEL_LEFT
    jnz     1f                          # CF is clear
    jmp     ssh_channel_leave
1:  ret

# Ends the command that runs for the channel, if one does.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
.global ssh_channel_break
ssh_channel_break:
    INTERRUPTS_OFF
    mov     eax, [ebx + CHANNEL_JOB]
    test    eax, eax
    jz      1f
    mov     dword ptr [eax + JOB_BREAK], 1
    add     eax, JOB_BROKEN
    call    event_broadcast
1:  INTERRUPTS_RESTORE
    ret

# Closes the channel from our side.
# In: EBX channel.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_channel_leave:
    mov     eax, MESSAGE_CHANNEL_CLOSE
    call    ssh_channel_begin
    jc      1f
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_LEFT
    call    ssh_channel_send
    jc      1f
    call    ssh_channel_changed
    clc
1:  ret

# The client asks something of the channel.
# In: EBX channel, ESI fields after its number, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_take_request
ssh_take_request:
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
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_LEFT
    jnz     .Lssh_take_request_go       # nothing follows our CLOSE
    call    ssh_channel_begin
    jc      .Lssh_take_request_go       # the tasks find that it is over, and give back what is theirs
    call    ssh_channel_send
.Lssh_take_request_go:
    xor     eax, eax
    xchg    eax, [ebx + CHANNEL_START]
    test    eax, eax
    jz      4f                          # CF is clear
    call    eax
4:  ret

# The client has a terminal.
# In: EBX channel, ESI what follows, EDI its end.
# Out: CF when it is refused.
# Clobbers: EAX, ECX, EDX, ESI.
ssh_take_terminal:
    call    ssh_take_string             # which one: what is printed is for every one
    jnc     ssh_take_size
    ret

# It has another size.
# In: EBX channel, ESI columns and rows, EDI the end.
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
    mov     [ebx + CHANNEL_COLUMNS], edx
    mov     [ebx + CHANNEL_ROWS], eax
    call    ssh_shell_size
    clc
1:  ret

# Sends output. A task of the channel calls it. May sleep.
# In: EBX channel, ESI bytes, EDI how many.
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
    mov     ecx, [ebx + CHANNEL_ROOM]
    test    ecx, ecx
    jnz     .Lssh_channel_write_some
    lea     eax, [ebx + CHANNEL_EVENT]
    mov     edx, AGAIN_MS
    call    event_wait
    INTERRUPTS_RESTORE
    jmp     .Lssh_channel_write_next
.Lssh_channel_write_some:
    INTERRUPTS_RESTORE
    cmp     ecx, [ebx + CHANNEL_MOST]
    jbe     1f
    mov     ecx, [ebx + CHANNEL_MOST]
1:  cmp     ecx, ebp
    jbe     2f
    mov     ecx, ebp
2:  push    ecx
    mov     eax, MESSAGE_CHANNEL_DATA
    call    ssh_channel_begin
    pop     ecx
    jc      .Lssh_channel_write_done
    lock sub [ebx + CHANNEL_ROOM], ecx
    sub     ebp, ecx
    mov     edx, esi
    add     esi, ecx
    call    ssh_put_string
    call    ssh_channel_send
    jnc     .Lssh_channel_write_next
    jmp     .Lssh_channel_write_done
.Lssh_channel_write_over:
    INTERRUPTS_RESTORE
    stc
.Lssh_channel_write_done:
    pop     ebp
    ret

# Whether nobody takes what is sent through the channel.
# In: EBX channel.
# Out: CF when so.
# Clobbers: EAX.
.global ssh_channel_over
ssh_channel_over:
    mov     eax, [ebx + CHANNEL_CLIENT]
    test    dword ptr [eax + SSH_HAS], HAS_ENDED
    jnz     1f
    mov     eax, [ebx + CHANNEL_FLAGS]
    and     eax, CHANNEL_CLOSED | CHANNEL_LEFT
    jz      2f                          # CF is clear
1:  stc
2:  ret

# Receives input: what is there, at least a byte. A task of the channel calls it. May sleep.
# In: EBX channel, EDI buffer, ECX its bytes.
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
    mov     ecx, [ebx + CHANNEL_HEAD]
    sub     ecx, [ebx + CHANNEL_TAIL]
    jnz     .Lssh_channel_read_some
    mov     eax, [ebx + CHANNEL_FLAGS]
    and     eax, CHANNEL_ENDS
    jnz     .Lssh_channel_read_end
    call    ssh_channel_over
    jc      .Lssh_channel_read_over
    lea     eax, [ebx + CHANNEL_EVENT]
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
    mov     edx, [ebx + CHANNEL_TAIL]
.Lssh_channel_read_piece:
    and     edx, CHANNEL_RING_BYTES - 1
    mov     eax, CHANNEL_RING_BYTES
    sub     eax, edx
    cmp     eax, ecx
    jbe     2f
    mov     eax, ecx
2:  lea     esi, [ebx + CHANNEL_RING + edx]
    add     edx, eax
    sub     ecx, eax
    xchg    eax, ecx
    rep movsb
    mov     ecx, eax
    test    ecx, ecx
    jnz     .Lssh_channel_read_piece
    add     [ebx + CHANNEL_TAIL], ebp
    add     [ebx + CHANNEL_TAKEN], ebp
    call    ssh_channel_tell
    mov     eax, ebp
    clc
.Lssh_channel_read_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Tells the client that it may send more, when that is much.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX, ESI.
ssh_channel_tell:
    cmp     dword ptr [ebx + CHANNEL_TAKEN], CHANNEL_HALF
    jb      1f
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_ENDS | CHANNEL_LEFT
    jnz     1f
    push    edi
    mov     eax, MESSAGE_WINDOW_ADJUST
    call    ssh_channel_begin
    jc      2f
    xor     eax, eax
    xchg    eax, [ebx + CHANNEL_TAKEN]
    lock add [ebx + CHANNEL_WINDOW], eax
    call    ssh_put_number
    call    ssh_channel_send
2:  pop     edi
1:  ret

# A task of the channel has brought all output: says so, and with which status it ended. May sleep.
# In: EBX channel, EAX status, or -1 for none.
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
    call    ssh_channel_send
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
    call    ssh_channel_send
    jc      2f
1:  test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_LEFT
    jnz     2f
    call    ssh_channel_leave
2:  pop     esi
    ret
