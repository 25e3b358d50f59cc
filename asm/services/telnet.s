# Telnet (RFC 854): shells of this machine for those who connect to port 23. Off until `telnet on`. Each connection has
# a console like those on the screen (asm/console/consoles.s), WIRES at most; a console stays when the connection ends,
# and the next one goes on there, so nothing that runs is left without its console.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "keys.inc"
.include "net.inc"
.include "tcp.inc"
.include "console.inc"
.include "guard.inc"
.include "telnet.inc"

TELNET_PORT             = 23
WIRES                   = 4
NUMBER_FIRST            = CONSOLES + 1  # of their consoles
BACKLOG                 = 4
SEND_MS                 = 30000         # who takes nothing for so long is gone
KEYS_LEAST              = 16            # room for keys, without which the connection is not read
KEYS_TRIES              = 100           # a hundredth of a second each; after that keys are dropped, so Ctrl-C comes

.bss
.balign 4
telnet_listening:       .space 4        # the listener, 0 while the service is off
telnet_open:            .space 4        # 1: nobody is asked for the password
telnet_wires:           .space WIRES * WIRE_SIZE

.section .rodata
.global password_name
password_name:          .asciz "telnet.password"
telnet_full:            .ascii "all consoles are taken\r\n"
TELNET_FULL_BYTES       = . - telnet_full

GUARD   telnet_guard, WIRES, WIRES, 0, telnet_attach, "telnet", telnet_full, TELNET_FULL_BYTES

.text

# Shell command: switches the service on or off, or says which it is.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_telnet:
    push    ebx
    mov     ebx, edx
    cmp     eax, 1
    je      .Lcommand_telnet_show
    push    eax
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "off"
    call    string_compare
    pop     eax
    je      .Lcommand_telnet_off
    push    eax
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "on"
    call    string_compare
    pop     eax
    jne     .Lcommand_telnet_misused
    xor     ecx, ecx
    cmp     eax, 3
    jb      .Lcommand_telnet_on
    ja      .Lcommand_telnet_misused
    mov     eax, [ebx + 8]
    LOAD_STRING edx, "open"
    call    string_compare
    jne     .Lcommand_telnet_misused
    inc     ecx
.Lcommand_telnet_on:
    push    ecx
    mov     eax, offset password_name
    call    env_get
    pop     ecx
    jnc     1f
    test    ecx, ecx
    jnz     1f
    PRINT   "telnet: set telnet.password first, or type `telnet on open`: then nobody is asked\n"
    jmp     .Lcommand_telnet_bad
1:  call    telnet_start
    jc      .Lcommand_telnet_failed
    jmp     .Lcommand_telnet_good
.Lcommand_telnet_off:
    xor     eax, eax
    xchg    eax, [telnet_listening]
    test    eax, eax
    mov     ecx, ERROR_NOT_FOUND
    jz      .Lcommand_telnet_none
    call    stream_close
    call    telnet_drop
    jmp     .Lcommand_telnet_good
.Lcommand_telnet_none:
    mov     eax, ecx
.Lcommand_telnet_failed:
    call    error_text
    PRINTF  "telnet: %s\n", eax
.Lcommand_telnet_bad:
    mov     eax, 1
    jmp     .Lcommand_telnet_done
.Lcommand_telnet_misused:
    mov     edx, ebx
    call    command_misused
    jmp     .Lcommand_telnet_done
.Lcommand_telnet_show:
    call    telnet_show
.Lcommand_telnet_good:
    xor     eax, eax
.Lcommand_telnet_done:
    pop     ebx
    ret

SHELL_COMMAND "telnet", command_telnet, "[on [open] | off]", "let others reach a shell by telnet", GROUP_NETWORK, telnet_help

.pushsection .rodata.str, "a", @progbits
telnet_help:
    .ascii  "Whoever connects to port 23 is asked for the password of `set telnet.password WORD`, and has then a shell\n"
    .asciz  "with all rights. Everything can be read on the wire, the password too. `on open` asks for none.\n"
.popsection

# Says whether the service is on, and who is connected.
telnet_show:
    push    ebx
    sub     esp, STATUS_SIZE
    LOAD_STRING eax, "off"
    cmp     dword ptr [telnet_listening], 0
    je      1f
    LOAD_STRING eax, "on"
1:  PRINTF  "%s\n", eax
    mov     ebx, offset telnet_wires
2:  mov     eax, [ebx + WIRE_HANDLE]
    test    eax, eax
    jz      3f
    mov     edx, esp
    call    stream_status
    jc      3f
    mov     eax, [esp + STATUS_REMOTE]
    mov     edx, [esp + STATUS_REMOTE_PORT]
    PRINTF  "%I port %u\n", eax, edx
3:  add     ebx, WIRE_SIZE
    cmp     ebx, offset telnet_wires + WIRES * WIRE_SIZE
    jb      2b
    add     esp, STATUS_SIZE
    pop     ebx
    ret

# Switches the service on. May sleep.
# In: ECX 1 when nobody is to be asked for the password.
# Out: CF and EAX error.
telnet_start:
    push    ebx
    push    ecx
    mov     eax, ERROR_BUSY
    cmp     dword ptr [telnet_listening], 0
    jne     .Ltelnet_start_failed
    call    stream_open
    jc      .Ltelnet_start_done
    mov     ebx, eax
    mov     edx, STREAM_REUSE
    mov     ecx, 1
    call    stream_option
    mov     eax, ebx
    xor     edx, edx
    mov     ecx, TELNET_PORT
    call    stream_bind
    jc      .Ltelnet_start_close
    mov     eax, ebx
    mov     edx, BACKLOG
    call    stream_listen
    jc      .Ltelnet_start_close
    mov     ecx, [esp]
    mov     [telnet_open], ecx
    mov     [telnet_listening], ebx
    mov     eax, offset telnet_task
    mov     edx, ebx
    LOAD_STRING ecx, "telnet"
    call    task_create
    jnc     .Ltelnet_start_done
    mov     dword ptr [telnet_listening], 0
.Ltelnet_start_close:
    push    eax
    mov     eax, ebx
    call    stream_close
    pop     eax
.Ltelnet_start_failed:
    stc
.Ltelnet_start_done:
    pop     ecx
    pop     ebx
    ret

# Ends all connections. May sleep.
telnet_drop:
    push    ebx
    mov     ebx, offset telnet_wires
1:  mov     eax, [ebx + WIRE_HANDLE]
    test    eax, eax
    jz      2f
    call    stream_abort
2:  add     ebx, WIRE_SIZE
    cmp     ebx, offset telnet_wires + WIRES * WIRE_SIZE
    jb      1b
    pop     ebx
    ret

# Takes connections, and gives each to its tasks. One that has not said the password gives way to another.
# In: EAX listener.
telnet_task:
    mov     ebx, offset telnet_guard
    jmp     guard_serve

# Gives a connection a free console, and its two tasks, one for each way.
# In: EAX seat.
# Out: CF when it cannot.
# Clobbers: EAX, ECX, EDX.
telnet_attach:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, offset telnet_wires
.Ltelnet_attach_next:
    cmp     dword ptr [ebx + WIRE_TASKS], 0
    je      .Ltelnet_attach_free
    add     ebx, WIRE_SIZE
    cmp     ebx, offset telnet_wires + WIRES * WIRE_SIZE
    jb      .Ltelnet_attach_next
    jmp     .Ltelnet_attach_failed
.Ltelnet_attach_free:
    mov     dword ptr [ebx + WIRE_TASKS], 2
    mov     [ebx + WIRE_SEAT], esi
    mov     eax, [ebx + WIRE_TAIL]
    mov     [ebx + WIRE_HEAD], eax
    mov     dword ptr [ebx + WIRE_CLOSING], 0
    mov     esi, [esi + SEAT_HANDLE]
    mov     eax, esi
    mov     edx, STREAM_KEEP_ALIVE
    mov     ecx, 1
    call    stream_option
    mov     eax, esi
    mov     edx, STREAM_NODELAY
    mov     ecx, 1
    call    stream_option
    mov     [ebx + WIRE_HANDLE], esi
    mov     eax, offset telnet_writer
    mov     edx, ebx
    LOAD_STRING ecx, "telnet out"
    call    task_create
    jc      .Ltelnet_attach_none
    mov     eax, offset telnet_reader
    mov     edx, ebx
    LOAD_STRING ecx, "telnet in"
    call    task_create
    jnc     .Ltelnet_attach_done
    mov     eax, esi
    call    stream_abort                # the writer ends by that
    INTERRUPTS_OFF
    mov     dword ptr [ebx + WIRE_HANDLE], 0
    INTERRUPTS_RESTORE
    lea     eax, [ebx + WIRE_EVENT]
    call    event_signal
    call    telnet_leave
    clc
    jmp     .Ltelnet_attach_done
.Ltelnet_attach_none:
    mov     dword ptr [ebx + WIRE_HANDLE], 0
    mov     dword ptr [ebx + WIRE_TASKS], 0
.Ltelnet_attach_failed:
    stc
.Ltelnet_attach_done:
    pop     esi
    pop     ebx
    ret

# A task of a connection ends: the last one gives the seat back.
# In: EBX wire.
# Clobbers: EAX, ECX, EDX.
telnet_leave:
    mov     eax, [ebx + WIRE_SEAT]
    lock dec dword ptr [ebx + WIRE_TASKS]
    jz      guard_leave
    ret

# Sends what is printed.
# In: EAX wire.
telnet_writer:
    mov     ebx, eax
    sub     esp, CHUNK
.Ltelnet_writer_next:
    mov     ebp, [ebx + WIRE_HANDLE]
    test    ebp, ebp
    jz      .Ltelnet_writer_end
    mov     esi, [ebx + WIRE_TAIL]
    mov     edi, esp
1:  cmp     esi, [ebx + WIRE_HEAD]
    je      2f
    lea     eax, [esp + CHUNK]
    cmp     edi, eax
    je      2f
    mov     eax, esi
    and     eax, WIRE_RING_BYTES - 1
    mov     al, [ebx + WIRE_RING + eax]
    stosb
    inc     esi
    jmp     1b
2:  sub     edi, esp
    jz      .Ltelnet_writer_wait
    mov     [ebx + WIRE_TAIL], esi
    mov     eax, ebp
    mov     esi, esp
    mov     edx, SEND_MS
    push    edi
    call    stream_send
    pop     edx
    jc      .Ltelnet_writer_gone
    cmp     eax, edx
    jae     .Ltelnet_writer_next
.Ltelnet_writer_gone:
    mov     eax, ebp
    call    stream_abort
    jmp     .Ltelnet_writer_end
.Ltelnet_writer_wait:
    cmp     dword ptr [ebx + WIRE_CLOSING], 0
    jne     .Ltelnet_writer_close
    lea     eax, [ebx + WIRE_EVENT]
    or      edx, -1
    call    event_wait
    jmp     .Ltelnet_writer_next
.Ltelnet_writer_close:
    mov     eax, ebp
    call    stream_close                # the reader ends by that
.Ltelnet_writer_end:
    call    telnet_leave
    add     esp, CHUNK
    ret

# Takes what is typed.
# In: EAX wire.
telnet_reader:
    mov     ebx, eax
    sub     esp, LOGIN_SIZE
    mov     ebp, esp
    call    telnet_offer
    cmp     dword ptr [telnet_open], 0
    jne     1f
    call    telnet_login
    jc      .Ltelnet_reader_refused
1:  mov     eax, [ebx + WIRE_SEAT]
    mov     edx, SEAT_HELD
    call    guard_phase
    call    telnet_show_console
    jc      .Ltelnet_reader_close
.Ltelnet_reader_next:
    or      edx, -1
    call    telnet_receive
    jc      .Ltelnet_reader_end
    lea     esi, [ebp + LOGIN_CHUNK]
    mov     edi, eax
2:  lodsb
    call    telnet_take
    jc      3f
    call    telnet_key
3:  dec     edi
    jnz     2b
    lea     edx, [ebx + WIRE_DECODER]
    INTERRUPTS_OFF
    call    keys_pause
    INTERRUPTS_RESTORE
    jmp     .Ltelnet_reader_next
.Ltelnet_reader_end:
    INTERRUPTS_OFF                      # the command that runs there ends
    mov     eax, KEY_CTRL_C
    mov     edx, [ebx + WIRE_CONSOLE]
    call    input_put
    INTERRUPTS_RESTORE
    jmp     .Ltelnet_reader_close
.Ltelnet_reader_refused:
    mov     dword ptr [ebx + WIRE_CLOSING], 1
    mov     eax, 100                    # for what was said last
    call    task_sleep
.Ltelnet_reader_close:
    INTERRUPTS_OFF
    xor     eax, eax
    xchg    eax, [ebx + WIRE_HANDLE]
    INTERRUPTS_RESTORE
    call    stream_close
    lea     eax, [ebx + WIRE_EVENT]
    call    event_signal
    call    telnet_leave
    add     esp, LOGIN_SIZE
    ret

# Receives some bytes.
# In: EBX wire, EBP variables, EDX timeout.
# Out: EAX bytes in LOGIN_CHUNK; CF at the end.
# Clobbers: ECX, EDX, ESI, EDI.
.global telnet_receive
telnet_receive:
    mov     eax, [ebx + WIRE_HANDLE]
    lea     esi, [ebp + LOGIN_CHUNK]
    mov     edi, CHUNK
    xor     ecx, ecx
    call    stream_receive
    jc      1f
    cmp     eax, 1                      # CF at the end
1:  ret

# Puts a byte into the console's keys. When these are not read, it waits for a while, and so does the other side.
# In: EBX wire, AL byte.
# Clobbers: EAX, ECX, EDX.
telnet_key:
    push    esi
    push    eax
    mov     esi, KEYS_TRIES
1:  mov     edx, [ebx + WIRE_CONSOLE]
    mov     eax, [edx + CONSOLE_HEAD]
    sub     eax, [edx + CONSOLE_TAIL]
    cmp     eax, INPUT_KEYS - KEYS_LEAST
    jb      2f
    mov     eax, 10
    call    task_sleep
    dec     esi
    jnz     1b
2:  pop     eax
    lea     edx, [ebx + WIRE_DECODER]
    INTERRUPTS_OFF
    call    keys_decode
    INTERRUPTS_RESTORE
    pop     esi
    ret

# Shows the wire's console, which is made first if it must be.
# In: EBX wire.
# Out: CF without memory.
# Clobbers: EAX, ECX, EDX.
telnet_show_console:
    INTERRUPTS_OFF
    lea     eax, [ebx + WIRE_CONSOLE]
    cmp     dword ptr [eax], 0
    jne     1f
    push    ebx
    push    eax
    mov     eax, ebx
    sub     eax, offset telnet_wires
    xor     edx, edx
    mov     ecx, WIRE_SIZE
    div     ecx
    add     eax, NUMBER_FIRST
    pop     ebx
    call    console_make
    pop     ebx
    jc      3f
    mov     eax, [ebx + WIRE_CONSOLE]
    mov     [eax + CONSOLE_WIRE], ebx
    mov     [ebx + WIRE_DECODER + DECODE_CONSOLE], eax
    jmp     2f
1:  mov     eax, KEY_CTRL_C             # it says where it is by another prompt
    mov     edx, [ebx + WIRE_CONSOLE]
    call    input_put
2:  mov     dword ptr [ebx + WIRE_DECODER + DECODE_STATE], 0
    INTERRUPTS_RESTORE
    clc
    ret
3:  INTERRUPTS_RESTORE
    stc
    ret
