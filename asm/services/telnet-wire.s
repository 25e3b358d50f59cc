# What is printed on a console that is shown far away: a ring of bytes, which asm/services/telnet.s and
# asm/services/ssh-shell.s send.

.include "macros.inc"
.include "console.inc"

ON_HOOK console_wire, wire_put, wire_room
ON_HOOK shell_left, telnet_hang_up

.text

# Sends one byte to a connection; a full ring drops it. IAC is sent twice by telnet. Interrupts off.
# In: AL, EDX wire.
# Clobbers: EAX, ECX, EDX.
wire_put:
    cmp     al, 255
    jne     wire_put_raw
    cmp     dword ptr [edx + WIRE_PLAIN], 0
    jne     wire_put_raw
    call    wire_put_raw
    mov     al, 255
# The same for bytes that are telnet's own.
# In: AL, EDX wire.
# Out: EDX wire.
.global wire_put_raw
wire_put_raw:
    cmp     dword ptr [edx + WIRE_HANDLE], 0
    je      1f
    mov     ecx, [edx + WIRE_HEAD]
    sub     ecx, [edx + WIRE_TAIL]
    cmp     ecx, WIRE_RING_BYTES
    jae     1f
    mov     ecx, [edx + WIRE_HEAD]
    inc     dword ptr [edx + WIRE_HEAD]
    and     ecx, WIRE_RING_BYTES - 1
    mov     [edx + WIRE_RING + ecx], al
    push    edx
    lea     eax, [edx + WIRE_EVENT]
    call    event_signal
    pop     edx
1:  ret

# Sends text.
# In: EAX text, EBX wire.
# Clobbers: EAX, ECX, EDX.
.global wire_text
wire_text:
    push    esi
    mov     esi, eax
    INTERRUPTS_OFF
1:  lodsb
    test    al, al
    jz      2f
    mov     edx, ebx
    call    wire_put
    jmp     1b
2:  INTERRUPTS_RESTORE
    pop     esi
    ret

# Counts what the ring still takes.
# In: EAX wire.
# Out: EAX bytes; many when nobody is connected.
# Clobbers: nothing else.
wire_room:
    cmp     dword ptr [eax + WIRE_HANDLE], 0
    je      1f
    push    dword ptr [eax + WIRE_TAIL]
    mov     eax, [eax + WIRE_HEAD]
    sub     [esp], eax
    pop     eax
    add     eax, WIRE_RING_BYTES
    ret
1:  mov     eax, WIRE_RING_BYTES
    ret

# Ends the connection that shows the running shell's console, if one does: `exit` was typed.
telnet_hang_up:
    call    console_own
    mov     eax, [eax + CONSOLE_WIRE]
    test    eax, eax
    jz      1f
    mov     dword ptr [eax + WIRE_CLOSING], 1
    add     eax, WIRE_EVENT
    jmp     event_signal
1:  ret
