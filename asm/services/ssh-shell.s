# A shell over SSH: on a console like those on the screen (asm/console/consoles.s), as by telnet. The console stays when
# the session ends, and the next one goes on there, so nothing that runs is left without its console.

.include "macros.inc"
.include "keys.inc"
.include "console.inc"
.include "ssh.inc"

SHELLS                  = 4             # at once
NUMBER_FIRST            = CONSOLES + 5  # of their consoles, after those of telnet
CHUNK                   = 1024          # bytes that are sent or taken at once
KEYS_LEAST              = 16            # room for keys, without which they wait
KEYS_TRIES              = 100           # a hundredth of a second each; after that keys are dropped, so Ctrl-C comes
WAKE_MS                 = 1000

.bss
.balign 4
ssh_wires:              .space SHELLS * WIRE_SIZE

.text

# The client wants a shell. One with a terminal gets a console; else what it sends is a script.
# In: EBX channel.
# Out: CF when it cannot be.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global ssh_shell_start
ssh_shell_start:
    test    dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    stc
    jnz     .Lssh_shell_start_done
    cmp     dword ptr [ebx + CHANNEL_COLUMNS], 0
    je      ssh_script_start
    mov     esi, offset ssh_wires
1:  cmp     dword ptr [esi + WIRE_TASKS], 0
    je      2f
    add     esi, WIRE_SIZE
    cmp     esi, offset ssh_wires + SHELLS * WIRE_SIZE
    jb      1b
    stc
    jmp     .Lssh_shell_start_done
2:  mov     eax, [esi + WIRE_TAIL]
    mov     [esi + WIRE_HEAD], eax
    mov     dword ptr [esi + WIRE_CLOSING], 0
    mov     dword ptr [esi + WIRE_PLAIN], 1
    mov     eax, [ebx + CHANNEL_COLUMNS]
    mov     [esi + WIRE_COLUMNS], eax
    mov     eax, [ebx + CHANNEL_ROWS]
    mov     [esi + WIRE_ROWS], eax
    mov     eax, [ebx + CHANNEL_CLIENT]
    mov     eax, [eax + CLIENT_HANDLE]
    mov     [esi + WIRE_HANDLE], eax
    mov     dword ptr [esi + WIRE_TASKS], 1
    mov     [ebx + CHANNEL_WIRE], esi
    mov     dword ptr [ebx + CHANNEL_START], offset ssh_shell_go
    lock or dword ptr [ebx + CHANNEL_FLAGS], CHANNEL_STARTED
    clc
.Lssh_shell_start_done:
    ret

# Shows the console, and starts the shell's tasks.
# In: EBX channel.
# Out: CF when that cannot be; the connection is over then.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_shell_go:
    mov     esi, [ebx + CHANNEL_WIRE]
    call    ssh_shell_console
    jc      1f
    mov     dword ptr [ebx + CHANNEL_TASKS], 2
    mov     eax, offset ssh_shell_writer
    mov     edx, ebx
    LOAD_STRING ecx, "ssh out"
    call    task_create
    jc      2f
    mov     eax, offset ssh_shell_reader
    mov     edx, ebx
    LOAD_STRING ecx, "ssh in"
    call    task_create
    jnc     3f
    lock dec dword ptr [ebx + CHANNEL_TASKS]
    stc                                 # the writer gives the wire back
    ret
2:  mov     dword ptr [ebx + CHANNEL_TASKS], 0
1:  mov     dword ptr [esi + WIRE_HANDLE], 0
    mov     dword ptr [esi + WIRE_TASKS], 0
    mov     dword ptr [ebx + CHANNEL_WIRE], 0
    stc
3:  ret

# Shows a wire's console, which is made first if it must be.
# In: ESI wire.
# Out: CF without memory.
# Clobbers: EAX, ECX, EDX, EDI.
ssh_shell_console:
    push    ebx
    INTERRUPTS_OFF
    lea     ebx, [esi + WIRE_CONSOLE]
    mov     edx, [ebx]
    test    edx, edx
    jnz     1f
    mov     eax, esi
    sub     eax, offset ssh_wires
    xor     edx, edx
    mov     ecx, WIRE_SIZE
    div     ecx
    add     eax, NUMBER_FIRST
    call    console_make
    jc      3f
    mov     eax, [ebx]
    mov     [eax + CONSOLE_WIRE], esi
    mov     [esi + WIRE_DECODER + DECODE_CONSOLE], eax
    jmp     2f
1:  mov     eax, KEY_CTRL_C             # it says where it is by another prompt
    call    input_put
2:  mov     dword ptr [esi + WIRE_DECODER + DECODE_STATE], 0
    INTERRUPTS_RESTORE
    pop     ebx
    clc
    ret
3:  INTERRUPTS_RESTORE
    pop     ebx
    stc
    ret

# Wakes what sends for a shell: something of its channel has changed.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
.global ssh_shell_wake
ssh_shell_wake:
    mov     eax, [ebx + CHANNEL_WIRE]
    test    eax, eax
    jz      1f
    add     eax, WIRE_EVENT
    jmp     event_signal
1:  ret

# The terminal of a shell has another size.
# In: EBX channel.
# Clobbers: EAX, ECX, EDX.
.global ssh_shell_size
ssh_shell_size:
    mov     ecx, [ebx + CHANNEL_WIRE]
    jecxz   1f
    mov     eax, [ebx + CHANNEL_COLUMNS]
    mov     [ecx + WIRE_COLUMNS], eax
    mov     eax, [ebx + CHANNEL_ROWS]
    mov     [ecx + WIRE_ROWS], eax
    mov     edx, [ecx + WIRE_CONSOLE]
    test    edx, edx
    jz      1f
    INTERRUPTS_OFF
    mov     eax, KEY_SIZE
    call    input_put
    INTERRUPTS_RESTORE
1:  ret

# Sends what is printed.
# In: EAX channel.
ssh_shell_writer:
    mov     ebx, eax
    call    task_hold
    mov     ebp, [ebx + CHANNEL_WIRE]
    sub     esp, CHUNK
.Lssh_shell_writer_next:
    mov     ecx, [ebp + WIRE_TAIL]
    mov     edi, esp
1:  cmp     ecx, [ebp + WIRE_HEAD]
    je      2f
    lea     eax, [esp + CHUNK]
    cmp     edi, eax
    je      2f
    mov     eax, ecx
    and     eax, WIRE_RING_BYTES - 1
    mov     al, [ebp + WIRE_RING + eax]
    stosb
    inc     ecx
    jmp     1b
2:  mov     [ebp + WIRE_TAIL], ecx
    mov     esi, esp
    sub     edi, esp
    jz      .Lssh_shell_writer_wait
    call    ssh_channel_write
    jnc     .Lssh_shell_writer_next
    jmp     .Lssh_shell_writer_end
.Lssh_shell_writer_wait:
    call    ssh_channel_over
    jc      .Lssh_shell_writer_end
    cmp     dword ptr [ebp + WIRE_CLOSING], 0
    jne     .Lssh_shell_writer_end
    lea     eax, [ebp + WIRE_EVENT]
    mov     edx, WAKE_MS
    call    event_wait
    jmp     .Lssh_shell_writer_next
.Lssh_shell_writer_end:
    INTERRUPTS_OFF
    mov     dword ptr [ebp + WIRE_HANDLE], 0
    INTERRUPTS_RESTORE
    xor     eax, eax
    call    ssh_channel_end
    mov     dword ptr [ebx + CHANNEL_WIRE], 0
    mov     dword ptr [ebp + WIRE_TASKS], 0
    add     esp, CHUNK

# The end of a channel's task: nothing of the channel is touched after it.
# In: EBX channel.
.global ssh_channel_done
ssh_channel_done:
    call    task_unhold
    lock dec dword ptr [ebx + CHANNEL_TASKS]
    ret

# Takes what is typed.
# In: EAX channel.
ssh_shell_reader:
    mov     ebx, eax
    call    task_hold
    mov     ebp, [ebx + CHANNEL_WIRE]
    sub     esp, CHUNK
.Lssh_shell_reader_next:
    mov     edi, esp
    mov     ecx, CHUNK
    call    ssh_channel_read
    jc      .Lssh_shell_reader_end
    test    eax, eax
    jz      .Lssh_shell_reader_quiet
    mov     esi, esp
    mov     edi, eax
1:  lodsb
    call    ssh_shell_key
    dec     edi
    jnz     1b
    lea     edx, [ebp + WIRE_DECODER]
    INTERRUPTS_OFF
    call    keys_pause
    INTERRUPTS_RESTORE
    jmp     .Lssh_shell_reader_next
.Lssh_shell_reader_quiet:               # nothing more is typed, but what was may still run
    call    ssh_channel_over
    jc      .Lssh_shell_reader_end
    lea     eax, [ebx + CHANNEL_EVENT]
    mov     edx, WAKE_MS
    call    event_wait
    jmp     .Lssh_shell_reader_quiet
.Lssh_shell_reader_end:
    INTERRUPTS_OFF                      # the command that runs there ends
    mov     eax, KEY_CTRL_C
    mov     edx, [ebp + WIRE_CONSOLE]
    call    input_put
    INTERRUPTS_RESTORE
    mov     dword ptr [ebp + WIRE_CLOSING], 1
    lea     eax, [ebp + WIRE_EVENT]
    call    event_signal
    add     esp, CHUNK
    jmp     ssh_channel_done

# Puts a byte into the console's keys. When these are not read, it waits for a while, and so does the other side.
# In: EBP wire, AL byte.
# Clobbers: EAX, ECX, EDX.
ssh_shell_key:
    push    esi
    push    eax
    mov     esi, KEYS_TRIES
1:  mov     edx, [ebp + WIRE_CONSOLE]
    mov     eax, [edx + CONSOLE_HEAD]
    sub     eax, [edx + CONSOLE_TAIL]
    cmp     eax, INPUT_KEYS - KEYS_LEAST
    jb      2f
    mov     eax, 10
    call    task_sleep
    dec     esi
    jnz     1b
2:  pop     eax
    lea     edx, [ebp + WIRE_DECODER]
    INTERRUPTS_OFF
    call    keys_decode
    INTERRUPTS_RESTORE
    pop     esi
    ret
