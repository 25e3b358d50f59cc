# SSH (RFC 4251 to 4254; docs/protocols/ssh.md): a shell, commands and files of this machine for whoever has the private
# half of a key that is known here (asm/services/ssh-key.s). It listens as soon as there is such a key. Each client has
# a task that reads what comes and answers; others bring what a shell prints, a command, or a file.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "tcp.inc"
.include "part.inc"
.include "ssh.inc"

SSH_PORT                = 22
SSH_CLIENTS             = 8
SSH_BACKLOG             = 8
LINE_FEED               = 10
LINGER_MS               = 500           # for what a client sends after the end
TASKS_MS                = 10            # how often it is looked whether the tasks of a channel have ended

GUARD   ssh_guard, SSH_CLIENTS, SSH_CLIENTS, SSH_SIZE, ssh_client, "ssh client"

.data
.balign 4
ssh_owner:              .long 0, 0, ssh_name, 0
STRING ssh_name, "ssh"

# Clients are nobody's: who replaces the service leaves them their connections. It has no state but its keys, which are
# in a file.
SERVICE_PART ssh, ssh_owner, "ssh", ssh_task, ssh_leave, 0, "kernel ssh\nneed network\nrestart always\n", form=1, giver=ssh_state

.bss
.balign 4
ssh_listening:          .space 4        # the listener, 0 while there is none

.section .rodata
.global ssh_hello
ssh_hello:              .ascii "SSH-2.0-QuRe"
SSH_HELLO_TEXT          = . - ssh_hello
    .ascii  "\r\n"
.balign 4
.global ssh_hello_bytes
ssh_hello_bytes:        .long SSH_HELLO_TEXT

# What may come: message, the bits of SSH_HAS that it needs, and what takes it: EBX client, or channel from
# WINDOW_ADJUST on; ESI fields, EDI their end; CF when the connection is over.
ssh_messages:
    .long   MESSAGE_DISCONNECT, 0, ssh_take_disconnect
    .long   MESSAGE_IGNORE, 0, ssh_take_nothing
    .long   MESSAGE_UNIMPLEMENTED, 0, ssh_take_nothing
    .long   MESSAGE_DEBUG, 0, ssh_take_nothing
    .long   MESSAGE_SERVICE_REQUEST, HAS_KEYS | HAS_REST, ssh_take_service
    .long   MESSAGE_EXT_INFO, HAS_KEYS | HAS_REST, ssh_take_nothing
    .long   MESSAGE_KEXINIT, HAS_REST, ssh_take_kexinit
    .long   MESSAGE_ECDH_INIT, HAS_INIT, ssh_take_init
    .long   MESSAGE_NEWKEYS, HAS_REPLY, ssh_take_newkeys
    .long   MESSAGE_USERAUTH_REQUEST, HAS_KEYS | HAS_REST | HAS_SERVICE, ssh_take_user
    .long   MESSAGE_GLOBAL_REQUEST, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_global
    .long   MESSAGE_CHANNEL_OPEN, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_open
    .long   MESSAGE_WINDOW_ADJUST, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_adjust
    .long   MESSAGE_CHANNEL_DATA, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_data
    .long   MESSAGE_EXTENDED_DATA, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_extended
    .long   MESSAGE_CHANNEL_EOF, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_eof
    .long   MESSAGE_CHANNEL_CLOSE, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_close
    .long   MESSAGE_CHANNEL_REQUEST, HAS_KEYS | HAS_REST | HAS_USER, ssh_take_request
ssh_messages_end:

.text

# The service: listens while there is a key.
ssh_task:
    mov     eax, offset ssh_owner
    call    owner_join
.Lssh_task_next:
    call    ssh_keys_load
    INTERRUPTS_OFF
    cmp     dword ptr [ssh_keys_count], 0
    jne     1f
    push    offset ssh_keys_changed
    push    offset mount_made
    mov     eax, esp
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
    add     esp, 8
    INTERRUPTS_RESTORE
    jmp     .Lssh_task_next
1:  INTERRUPTS_RESTORE
    call    stream_open
    jc      .Lssh_task_end
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, SSH_PORT
    call    stream_bind
    jc      .Lssh_task_end
    mov     eax, ebx
    mov     edx, SSH_BACKLOG
    call    stream_listen
    jc      .Lssh_task_end
    mov     [ssh_listening], ebx
    mov     eax, ebx
    mov     ebx, offset ssh_guard
    call    guard_serve
    jmp     .Lssh_task_next
.Lssh_task_end:                         # the service has failed, and is started again
    ret

# Listens no more: there is no key. May sleep.
# Clobbers: EAX, ECX, EDX.
.global ssh_close
ssh_close:
    xor     eax, eax
    xchg    eax, [ssh_listening]
    test    eax, eax
    jz      1f
    call    stream_close
1:  ret

# Gives what the service that follows this one goes on with: nothing.
# Out: EAX address, EDX bytes.
ssh_state:
    mov     eax, offset ssh_listening
    xor     edx, edx
    ret

# The service ends: so do its connections, those of services before it too. May sleep.
ssh_leave:
    call    ssh_close
    mov     edx, SSH_PORT
    jmp     guard_end

# The task of a client: says hello, and takes what comes until the connection is over.
# In: EAX client.
ssh_client:
    mov     ebx, eax
    mov     eax, [ebx + CLIENT_HANDLE]
    call    handle_take                 # it outlives the service
    call    task_hold                   # ended by its connection only: others work for it
    mov     eax, [task_current]
    mov     [ebx + SSH_TASK], eax
    mov     dword ptr [ebx + SSH_HAS], HAS_REST
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, STREAM_NODELAY
    mov     ecx, 1
    call    stream_option
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, STREAM_KEEP_ALIVE
    mov     ecx, 1
    call    stream_option
    call    ssh_host_look
    call    ssh_greet
    jc      2f
    call    ssh_exchange_begin
    jc      2f
1:  call    ssh_channels_reap
    call    ssh_receive
    jc      2f
    call    ssh_take
    jc      2f
    call    ssh_exchange_look
    jnc     1b
2:  call    ssh_login_note
    call    ssh_ended
    call    ssh_channels_break
    call    ssh_linger
3:  call    ssh_channels_reap
    test    eax, eax
    jz      4f
    mov     eax, TASKS_MS
    call    task_sleep
    jmp     3b
4:  call    ssh_wipe
    call    task_unhold
    jmp     guard_done

# Throws away what a client still sends, so that its connection does not end by a reset, which would take with it why it
# ends. Not for long.
# In: EBX client.
# Clobbers: EAX, ECX, EDX, ESI, EDI, EBP.
ssh_linger:
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     edx, 2                      # to send no more
    call    stream_shutdown
    call    clock_ms
    mov     ebp, eax
1:  call    clock_ms
    sub     eax, ebp
    mov     edx, LINGER_MS
    sub     edx, eax
    jbe     2f
    mov     eax, [ebx + CLIENT_HANDLE]
    lea     esi, [ebx + SSH_PACKET]
    mov     edi, PACKET_MOST
    xor     ecx, ecx
    call    stream_receive
    jc      2f
    test    eax, eax
    jnz     1b
2:  ret

# Takes the keys out of memory that others get next.
# In: EBX client.
# Clobbers: EAX, ECX, EDI.
ssh_wipe:
    lea     edi, [ebx + SSH_SEND_KEY]
    xor     eax, eax
    mov     ecx, (SSH_HELLO - SSH_SEND_KEY) / 4
    rep stosd
    ret

# Says which protocol this is, and reads the same of the client (RFC 4253, 4.2).
# In: EBX client.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_greet:
    mov     eax, [ebx + CLIENT_HANDLE]
    mov     esi, offset ssh_hello
    mov     edi, SSH_HELLO_TEXT + 2
    mov     edx, -1
    call    stream_send
    jc      .Lssh_greet_done
    lea     esi, [ebx + SSH_HELLO]
.Lssh_greet_byte:
    lea     eax, [ebx + SSH_HELLO + HELLO_BYTES - 1]
    cmp     eax, esi
    jbe     .Lssh_greet_wrong
    push    esi
    mov     edi, 1
    call    ssh_read
    pop     esi
    jc      .Lssh_greet_done
    mov     al, [esi]
    cmp     al, LINE_FEED
    je      .Lssh_greet_line
    inc     esi
    test    al, al                      # what is hashed ends at a NUL
    jnz     .Lssh_greet_byte
.Lssh_greet_wrong:
    call    ssh_ended
    stc
    jmp     .Lssh_greet_done
.Lssh_greet_line:
    mov     byte ptr [esi], 0
    cmp     byte ptr [esi - 1], 13
    jne     1f
    mov     byte ptr [esi - 1], 0
1:  lea     eax, [ebx + SSH_HELLO]
    LOAD_STRING edx, "SSH-2.0-"
    call    string_prefix
    jne     .Lssh_greet_wrong
.Lssh_greet_done:
    ret

# Gives a message to what takes it, when it may come now.
# In: EBX client, EAX message, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_take:
    mov     ecx, [ebx + SSH_HAS]
    test    ecx, HAS_GUESSED
    jz      1f
    cmp     eax, MESSAGE_DEBUG
    jbe     1f
    lock and dword ptr [ebx + SSH_HAS], ~HAS_GUESSED    # of an exchange that is not spoken; CF is clear
    ret
1:  and     ecx, HAS_KEYS | HAS_STRICT
    cmp     ecx, HAS_STRICT
    jne     2f
    cmp     eax, MESSAGE_DISCONNECT     # before the first keys nothing comes but what makes them
    jbe     2f
    cmp     eax, MESSAGE_SERVICE_REQUEST
    jb      .Lssh_take_wrong
2:  mov     edx, offset ssh_messages
3:  cmp     eax, [edx]
    je      .Lssh_take_found
    add     edx, 12
    cmp     edx, offset ssh_messages_end
    jb      3b
    test    dword ptr [ebx + SSH_HAS], HAS_KEYS
    jz      .Lssh_take_wrong
    mov     eax, MESSAGE_UNIMPLEMENTED
    call    ssh_begin
    jc      4f
    mov     eax, [ebx + SSH_RECEIVED]
    dec     eax
    call    ssh_put_number
    jmp     ssh_send
.Lssh_take_found:
    mov     ecx, [edx + 4]
    mov     eax, [ebx + SSH_HAS]
    and     eax, ecx
    cmp     eax, ecx
    jne     .Lssh_take_wrong
    mov     eax, [edx + 8]
    cmp     dword ptr [edx], MESSAGE_WINDOW_ADJUST
    jae     ssh_channel_take            # from there on they are about a channel
    jmp     eax
.Lssh_take_wrong:
    mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "a message comes that may not come now"
    jmp     ssh_disconnect
4:  ret

# The client ends the connection.
# Out: CF set.
ssh_take_disconnect:
    stc
    ret

# What has no meaning here.
# Out: CF clear.
ssh_take_nothing:
    clc
    ret

# A request about the connection: none is granted, but it may be asked whether this machine is still there.
# In: EBX client, ESI fields, EDI their end.
# Out: CF when the connection is over.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_take_global:
    call    ssh_take_string
    jc      1f
    call    ssh_take_byte
    jc      1f
    test    al, al
    jz      2f
    mov     eax, MESSAGE_REQUEST_FAILURE
    call    ssh_begin
    jc      2f
    jmp     ssh_send
1:  mov     eax, REASON_PROTOCOL
    LOAD_STRING edx, "GLOBAL_REQUEST is cut off"
    jmp     ssh_disconnect
2:  ret
