# VMware's backdoor: a port that answers with the processor's registers, where the machine is one of VMware's. On other
# machines nothing is there, or something that does not answer so: QEMU's (vmport) knows the version and no messages.
# Source: open-vm-tools, lib/include/backdoor_def.h and lib/message.

.include "macros.inc"
.include "errors.inc"

BACKDOOR_PORT           = 0x5658
BACKDOOR_MAGIC          = 0x564D5868
COMMAND_VERSION         = 10
COMMAND_MESSAGE         = 30            # what is done with the channel is in bits 16 to 31 of ECX
MESSAGE_OPEN            = 0 << 16
MESSAGE_SEND_SIZE       = 1 << 16
MESSAGE_SEND            = 2 << 16
MESSAGE_RECEIVE_SIZE    = 3 << 16
MESSAGE_RECEIVE         = 4 << 16
MESSAGE_RECEIVED        = 5 << 16
MESSAGE_CLOSE           = 6 << 16
MESSAGE_DONE            = 1 << 16       # in ECX afterwards: it worked,
MESSAGE_WAITS           = 2 << 16       # and there is an answer
PROTOCOL_RPCI           = 0x49435052
STATUS_DONE             = 1
ANSWER_MAXIMUM          = 256           # bytes; a longer one is not taken

.text

# Asks the host, by its remote procedure calls.
# In: EAX text, EDX buffer, ECX its bytes, at most ANSWER_MAXIMUM.
# Out: EAX bytes that were stored of the answer, at most as many as there is room for; CF when there is none.
.global vmware_ask
vmware_ask:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     esi, eax                    # ESI: text
    mov     edi, edx                    # EDI: buffer
    mov     ebp, ecx                    # EBP: its bytes
    mov     ecx, COMMAND_VERSION
    xor     ebx, ebx
    mov     edx, BACKDOOR_PORT
    call    backdoor
    cmp     ebx, BACKDOOR_MAGIC
    jne     .Lvmware_ask_nobody
    mov     ebx, PROTOCOL_RPCI
    mov     ecx, COMMAND_MESSAGE | MESSAGE_OPEN
    mov     edx, BACKDOOR_PORT
    call    backdoor
    test    ecx, MESSAGE_DONE
    jz      .Lvmware_ask_nobody
    mov     dx, BACKDOOR_PORT           # the channel is in the upper half from here on
    push    edx
    call    vmware_say
    jc      .Lvmware_ask_close
    call    vmware_hear
.Lvmware_ask_close:
    pop     edx
    push    eax
    pushfd
    mov     ecx, COMMAND_MESSAGE | MESSAGE_CLOSE
    call    backdoor
    popfd
    pop     eax
    jmp     .Lvmware_ask_done
.Lvmware_ask_nobody:
    stc
.Lvmware_ask_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# One access: the host puts its answer into the registers.
# In: EBX, ECX as the command has them, EDX port and channel.
# Out: EAX, EBX, ECX, EDX.
# Clobbers: nothing else.
backdoor:
    push    esi
    push    edi
    mov     eax, BACKDOOR_MAGIC
    in      eax, dx
    pop     edi
    pop     esi
    ret

# Sends the text, four bytes at a time.
# In: ESI text, EDX port and channel.
# Out: CF when it is not taken.
# Clobbers: EAX, EBX, ECX, ESI.
vmware_say:
    push    edi
    push    edx
    mov     eax, esi
    call    string_length
    mov     edi, eax                    # EDI: bytes to go
    mov     ebx, eax
    mov     ecx, COMMAND_MESSAGE | MESSAGE_SEND_SIZE
1:  mov     edx, [esp]
    call    backdoor
    test    ecx, MESSAGE_DONE
    stc
    jz      9f
    test    edi, edi
    jz      9f                          # CF is clear
    mov     ebx, [esi]                  # what lies after its end is not looked at
    add     esi, 4
    sub     edi, 4
    jnc     2f
    xor     edi, edi
2:  mov     ecx, COMMAND_MESSAGE | MESSAGE_SEND
    jmp     1b
9:  pop     edx
    pop     edi
    ret

# Takes the answer: `1 VALUE` where the host has one.
# In: EDI buffer, EBP its bytes, EDX port and channel.
# Out: EAX bytes that were stored; CF when there is no value.
# Clobbers: EBX, ECX, ESI, EDI.
vmware_hear:
    push    edx
    sub     esp, ANSWER_MAXIMUM
    mov     ecx, COMMAND_MESSAGE | MESSAGE_RECEIVE_SIZE
    call    backdoor
    mov     esi, ebx                    # ESI: bytes of the answer
    and     ecx, MESSAGE_DONE | MESSAGE_WAITS
    cmp     ecx, MESSAGE_DONE | MESSAGE_WAITS
    jne     .Lvmware_hear_none
    cmp     esi, ANSWER_MAXIMUM
    ja      .Lvmware_hear_none
    push    edi
    lea     edi, [esp + 4]
    xor     eax, eax                    # EAX: bytes so far
.Lvmware_hear_next:
    cmp     eax, esi
    jae     .Lvmware_hear_all
    push    eax
    mov     ebx, STATUS_DONE
    mov     ecx, COMMAND_MESSAGE | MESSAGE_RECEIVE
    mov     edx, [esp + 8 + ANSWER_MAXIMUM]
    call    backdoor
    pop     eax
    test    ecx, MESSAGE_DONE
    jz      .Lvmware_hear_broken
    mov     [edi + eax], ebx            # ANSWER_MAXIMUM is a multiple of four
    add     eax, 4
    jmp     .Lvmware_hear_next
.Lvmware_hear_all:
    mov     ebx, STATUS_DONE
    mov     ecx, COMMAND_MESSAGE | MESSAGE_RECEIVED
    mov     edx, [esp + 4 + ANSWER_MAXIMUM]
    call    backdoor
    pop     edi
    cmp     esi, 2
    jb      .Lvmware_hear_none
    cmp     word ptr [esp], '1' | (' ' << 8)
    jne     .Lvmware_hear_none
    lea     ecx, [esi - 2]
    cmp     ecx, ebp
    jbe     1f
    mov     ecx, ebp
1:  mov     eax, ecx
    lea     esi, [esp + 2]
    rep movsb
    clc
    jmp     .Lvmware_hear_done
.Lvmware_hear_broken:
    pop     edi
.Lvmware_hear_none:
    stc
.Lvmware_hear_done:
    lea     esp, [esp + ANSWER_MAXIMUM]
    pop     edx
    ret
