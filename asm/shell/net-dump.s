# The `netdump` command: what an interface takes in and sends, in a pcap file, or in a line for each frame.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "net.inc"
.include "tap.inc"

FILE_MOST               = 16 << 20      # bytes; then it ends
PCAP_HEAD_BYTES         = 24
NO_FILE                 = -1            # instead of a file's handle: frames are shown

SHELL_COMMAND "netdump", command_netdump, "[FILE|- [eth0 [FRAMES]]]", "show what passes an interface, or write it to a pcap file", GROUP_NETWORK, netdump_help

.text

# Shell command: shows frames, or writes them to a file. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_netdump:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebx, edx
    call    netdump_count
    jc      .Lcommand_netdump_misused
    call    netdump_interface
    jc      .Lcommand_netdump_failed
    call    break_clear
    mov     eax, edx
    call    tap_open
    jc      .Lcommand_netdump_failed
    push    eax                         # [esp + 12]: tap
    call    netdump_open
    jc      .Lcommand_netdump_unopened
    push    eax                         # [esp + 8]: file
    push    0                           # [esp + 4]: frames
    push    0                           # [esp]: error
    xor     edi, edi                    # EDI: bytes in the file
    cmp     eax, NO_FILE
    je      .Lcommand_netdump_next
    mov     edi, PCAP_HEAD_BYTES
    mov     esi, offset netdump_head
    mov     ecx, edi
    call    file_write
    jc      .Lcommand_netdump_unwritten
.Lcommand_netdump_next:
    push    edi
    mov     edi, offset netdump_record
    call    tap_take
    pop     edi
    jc      .Lcommand_netdump_wait
    mov     eax, [esp + 8]
    mov     esi, offset netdump_record
    cmp     eax, NO_FILE
    je      .Lcommand_netdump_show
    call    netdump_write
    jc      .Lcommand_netdump_unwritten
.Lcommand_netdump_counted:
    inc     dword ptr [esp + 4]
    dec     ebp
    jz      .Lcommand_netdump_end
    cmp     edi, FILE_MOST - RECORD_SIZE - ETHER_MAXIMUM
    ja      .Lcommand_netdump_end
    call    break_check
    jnc     .Lcommand_netdump_next
    jmp     .Lcommand_netdump_end
.Lcommand_netdump_show:
    call    frame_show
    jmp     .Lcommand_netdump_counted
.Lcommand_netdump_wait:
    call    netdump_wait
    jnc     .Lcommand_netdump_next
    jmp     .Lcommand_netdump_end
.Lcommand_netdump_unwritten:
    mov     [esp], eax
.Lcommand_netdump_end:
    mov     edi, [tap_lost]
    mov     eax, [esp + 12]
    mov     edx, [esp + 8]
    call    netdump_close
    pop     eax
    pop     ecx
    lea     esp, [esp + 8]
    PRINTF  "%u frames, %u lost\n", ecx, edi
    test    eax, eax
    jnz     .Lcommand_netdump_failed
    jmp     .Lcommand_netdump_done
.Lcommand_netdump_unopened:
    push    eax
    mov     eax, [esp + 4]
    mov     edx, NO_FILE
    call    netdump_close
    pop     eax
    pop     ecx
.Lcommand_netdump_failed:
    call    error_text
    PRINTF  "netdump: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_netdump_done
.Lcommand_netdump_misused:
    mov     edx, ebx
    call    command_misused
.Lcommand_netdump_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads how many frames are wanted.
# In: EAX argc, EBX argv.
# Out: EBP frames, -1 for all; CF when it is no number.
# Clobbers: EAX, ECX, EDX.
netdump_count:
    cmp     eax, 4
    ja      .Lnetdump_count_not
    or      ebp, -1                     # EBP: frames that are still to come
    cmp     eax, 4
    jne     .Lnetdump_count_good
    mov     eax, [ebx + 12]
    call    parse_number
    jc      .Lnetdump_count_not
    cmp     byte ptr [edx], 0
    jne     .Lnetdump_count_not
    mov     ebp, eax
    test    eax, eax
    jz      .Lnetdump_count_not
.Lnetdump_count_good:
    clc
    ret
.Lnetdump_count_not:
    stc
    ret

# Finds the interface that is named, or else the first.
# In: EBX argv.
# Out: EDX interface; CF and EAX error.
# Clobbers: ECX.
netdump_interface:
    mov     edx, [net_interfaces]       # the first when none is named
    cmp     dword ptr [ebx + 4], 0
    je      1f
    mov     eax, [ebx + 8]
    test    eax, eax
    jz      1f
    call    net_find
    mov     edx, eax
    jc      .Lnetdump_interface_not
1:  mov     eax, ERROR_NO_DEVICE
    test    edx, edx
    jz      .Lnetdump_interface_not
    ret
.Lnetdump_interface_not:
    stc
    ret

# Opens the file that the frames go to.
# In: EBX argv.
# Out: EAX file, or NO_FILE where they are shown; CF and EAX error.
# Clobbers: ECX, EDX, ESI.
netdump_open:
    mov     esi, [ebx + 4]
    call    netdump_is_shown
    jc      1f
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE
    jmp     file_open
1:  mov     eax, NO_FILE
    clc
    ret

# Closes what a dump has opened.
# In: EAX tap, EDX file, or NO_FILE.
# Clobbers: EAX, ECX, EDX.
netdump_close:
    push    edx
    xor     edx, edx
    call    handle_close
    pop     eax
    cmp     eax, NO_FILE
    jne     file_close
    ret

# Writes a frame.
# In: EAX file, ESI record, ECX bytes, EDI bytes in the file.
# Out: EDI with these; CF and EAX error.
# Clobbers: ECX, EDX.
netdump_write:
    push    ecx
    call    file_write
    pop     ecx
    jc      .Lnetdump_write_not
    cmp     eax, ecx
    mov     eax, ERROR_NO_SPACE
    jb      .Lnetdump_write_not
    add     edi, ecx
    clc
.Lnetdump_write_not:
    ret

# Whether frames are shown: there is no file, or it is called -.
# In: ESI path or 0.
# Out: CF when so.
# Clobbers: nothing.
netdump_is_shown:
    cmp     esi, 1
    jc      9f
    cmp     word ptr [esi], '-'         # and its end
    clc
    jne     9f
    stc
9:  ret

# Waits for a frame. May sleep.
# Out: CF when Ctrl-C was typed instead.
netdump_wait:
    call    break_source
    push    eax
    push    offset tap_event
    INTERRUPTS_OFF
    call    break_check
    jc      1f
    lea     eax, [esp + 4]
    or      edx, -1
    mov     ecx, 2
    call    event_wait_any
1:  INTERRUPTS_RESTORE
    lea     esp, [esp + 8]
    jmp     break_check

.section .rodata
netdump_help:
    .ascii  "Without a file, or with -, prints a line for each frame. Ends at Ctrl-C, after FRAMES frames, or when the file\n"
    .ascii  "has 16 MiB. Frames that come faster than they can be written are counted as lost. Wireshark and tshark read\n"
    .asciz  "the file.\n"
.balign 4
netdump_head:
    .long   PCAP_MAGIC, PCAP_VERSION, 0, 0, 65535, PCAP_ETHERNET

.bss
.balign 4
netdump_record:         .space RECORD_SIZE + ETHER_MAXIMUM
