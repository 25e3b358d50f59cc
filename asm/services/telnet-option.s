# What telnet says between the keys (RFC 854, 855): commands and options. We echo and suppress go-ahead (RFC 857, 858);
# every other option is refused, on either side.

.include "macros.inc"
.include "keys.inc"
.include "console.inc"

IAC                     = 255
DONT                    = 254
DO                      = 253
WONT                    = 252
WILL                    = 251
SUBNEGOTIATION          = 250
ERASE_LINE              = 248
ERASE_CHARACTER         = 247
ARE_YOU_THERE           = 246
INTERRUPT               = 244
BREAK                   = 243
SUBNEGOTIATION_END      = 240

OPTION_ECHO             = 1
OPTION_GO_AHEAD         = 3             # that there is none
OURS                    = (1 << OPTION_ECHO) | (1 << OPTION_GO_AHEAD)
THEIRS                  = 1 << OPTION_GO_AHEAD

STATE_DATA              = 0
STATE_COMMAND           = 1             # after IAC
STATE_SKIP              = 2             # in a subnegotiation, which is passed over
STATE_SKIP_COMMAND      = 3             # and after IAC there

.text

# Begins a connection: offers the options.
# In: EBX wire.
# Clobbers: EAX, ECX, EDX.
.global telnet_offer
telnet_offer:
    mov     dword ptr [ebx + WIRE_STATE], STATE_DATA
    mov     dword ptr [ebx + WIRE_OURS], OURS
    mov     dword ptr [ebx + WIRE_THEIRS], 0
    mov     eax, WILL | (OPTION_ECHO << 8)
    call    telnet_reply
    mov     eax, WILL | (OPTION_GO_AHEAD << 8)

# Says what is done, or is to be done, about an option.
# In: EBX wire, AL command, AH option.
# Clobbers: EAX, ECX, EDX.
telnet_reply:
    push    eax
    INTERRUPTS_OFF
    mov     edx, ebx
    mov     al, IAC
    call    wire_put_raw
    mov     al, [esp + 4]               # below the flags
    call    wire_put_raw
    mov     al, [esp + 5]
    call    wire_put_raw
    INTERRUPTS_RESTORE
    pop     eax
    ret

# Takes one byte.
# In: EBX wire, AL byte.
# Out: AL what was typed; CF when that is nothing.
# Clobbers: EAX, ECX, EDX.
.global telnet_take
telnet_take:
    mov     ecx, [ebx + WIRE_STATE]
    cmp     ecx, STATE_SKIP_COMMAND
    ja      telnet_option
    jmp     [telnet_states + ecx*4]

telnet_data:
    cmp     al, IAC
    je      1f
    cmp     al, 1                       # CR NUL is CR, and a NUL by itself means nothing: CF
    ret
1:  mov     dword ptr [ebx + WIRE_STATE], STATE_COMMAND
    stc
    ret

telnet_command:
    cmp     al, SUBNEGOTIATION
    ja      .Ltelnet_command_option
    mov     dword ptr [ebx + WIRE_STATE], STATE_DATA
    je      .Ltelnet_command_skip
    mov     ah, KEY_CTRL_C
    cmp     al, INTERRUPT
    je      .Ltelnet_command_key
    cmp     al, BREAK
    je      .Ltelnet_command_key
    mov     ah, KEY_BACKSPACE
    cmp     al, ERASE_CHARACTER
    je      .Ltelnet_command_key
    mov     ah, KEY_CTRL_U
    cmp     al, ERASE_LINE
    je      .Ltelnet_command_key
    cmp     al, ARE_YOU_THERE
    jne     .Ltelnet_command_none
    LOAD_STRING eax, "\r\n[yes]\r\n"
    call    wire_text
.Ltelnet_command_none:
    stc
    ret
.Ltelnet_command_key:
    mov     al, ah
    clc
    ret
.Ltelnet_command_skip:
    mov     dword ptr [ebx + WIRE_STATE], STATE_SKIP
    stc
    ret
.Ltelnet_command_option:
    cmp     al, IAC                     # twice: a byte 255
    jne     1f
    mov     dword ptr [ebx + WIRE_STATE], STATE_DATA
    ret                                 # CF is clear
1:  movzx   eax, al                     # the command is the state
    mov     [ebx + WIRE_STATE], eax
    stc
    ret

telnet_skip:
    cmp     al, IAC
    jne     1f
    mov     dword ptr [ebx + WIRE_STATE], STATE_SKIP_COMMAND
1:  stc
    ret

telnet_skip_command:
    mov     dword ptr [ebx + WIRE_STATE], STATE_SKIP
    cmp     al, SUBNEGOTIATION_END
    jne     1f
    mov     dword ptr [ebx + WIRE_STATE], STATE_DATA
1:  stc
    ret

# Answers WILL, WONT, DO or DONT: nothing when that is so already (RFC 854), else what we want, which for all options
# but two is that they stay off.
# In: EBX wire, AL option, ECX command.
# Out: CF set.
telnet_option:
    mov     dword ptr [ebx + WIRE_STATE], STATE_DATA
    mov     ah, al
    xor     edx, edx                    # EDX: bit of the option, 0 if it is none of ours
    cmp     al, OPTION_GO_AHEAD
    ja      1f
    push    ecx
    movzx   ecx, al
    inc     edx
    shl     edx, cl
    pop     ecx
1:  cmp     cl, DO
    je      .Ltelnet_option_do
    cmp     cl, DONT
    je      .Ltelnet_option_dont
    cmp     cl, WILL
    je      .Ltelnet_option_will
    test    [ebx + WIRE_THEIRS], edx
    jz      .Ltelnet_option_done
    xor     [ebx + WIRE_THEIRS], edx
    mov     al, DONT
    jmp     .Ltelnet_option_reply
.Ltelnet_option_will:
    test    [ebx + WIRE_THEIRS], edx
    jnz     .Ltelnet_option_done
    mov     al, DONT
    test    edx, THEIRS
    jz      .Ltelnet_option_reply
    or      [ebx + WIRE_THEIRS], edx
    mov     al, DO
    jmp     .Ltelnet_option_reply
.Ltelnet_option_do:
    test    [ebx + WIRE_OURS], edx
    jnz     .Ltelnet_option_done
    mov     al, WONT
    test    edx, OURS
    jz      .Ltelnet_option_reply
    or      [ebx + WIRE_OURS], edx
    mov     al, WILL
    jmp     .Ltelnet_option_reply
.Ltelnet_option_dont:
    test    [ebx + WIRE_OURS], edx
    jz      .Ltelnet_option_done
    xor     [ebx + WIRE_OURS], edx
    mov     al, WONT
.Ltelnet_option_reply:
    call    telnet_reply
.Ltelnet_option_done:
    stc
    ret

.section .rodata
.balign 4
telnet_states:          .long telnet_data, telnet_command, telnet_skip, telnet_skip_command
