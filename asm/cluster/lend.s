# The DHCP server of a LAN that has none: the value `dhcp` names a service address and says how many addresses behind it
# are lent. Whoever holds that address runs the server, in its name; so there is one at a time, and when its machine
# dies the next holder goes on. See docs/protocols/dhcp.md.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "cluster.inc"

LOOK_MS                 = 250           # how often it is looked who holds the address
PAUSE_MS                = 64000         # after another server was heard
TEXT_BYTES              = 160

STRING value_dhcp, "dhcp"

.section .rodata
lend_boot:              .ascii  " boot=loader"  # while asm/services/netboot.s serves the files
lend_boot_end:          .byte   0

.bss
.balign 4
.global lend_event
lend_event:             .space 4
lend_text:              .space TEXT_BYTES   # what the server that runs was started with; empty: none was
lend_next:              .space TEXT_BYTES   # and what it should be
lend_given:             .space TEXT_BYTES
lend_again:             .space 4        # clock_ms before which it is not started

.text

# The task.
.global lend_task
lend_task:
    mov     eax, offset cluster_owner
    call    owner_join
    or      edi, -1                     # EDI: milliseconds to wait
.Llend_task_wait:
    mov     eax, offset lend_event
    mov     edx, edi
    call    event_wait
    mov     eax, offset cluster_mutex
    call    mutex_lock
    call    lend_wanted
    mov     edi, eax
    mov     eax, offset cluster_mutex
    call    mutex_unlock
    mov     eax, offset lend_text
    mov     edx, offset lend_next
    call    string_compare
    jne     .Llend_task_change
    cmp     byte ptr [lend_text], 0
    je      .Llend_task_wait
    call    lan_dhcp_runs
    jne     .Llend_task_wait
    PRINT   "cluster: the DHCP server has ended (service log lan-dhcp); it is tried again in a minute\n"
    call    clock_ms
    add     eax, PAUSE_MS
    mov     [lend_again], eax
    mov     byte ptr [lend_text], 0
    call    netboot_proxy_start
    jmp     .Llend_task_wait
.Llend_task_change:
    cmp     byte ptr [lend_text], 0
    je      .Llend_task_stopped
    call    lan_dhcp_stop
    mov     byte ptr [lend_text], 0
    cmp     byte ptr [lend_next], 0
    jne     .Llend_task_stopped
    call    netboot_proxy_start
    jmp     .Llend_task_wait
.Llend_task_stopped:
    call    clock_ms
    sub     eax, [lend_again]
    js      .Llend_task_wait
    call    netboot_proxy_stop
    mov     eax, offset lend_given
    mov     edx, offset lend_next
    mov     ecx, TEXT_BYTES
    call    string_copy
    mov     eax, offset lend_given
    call    lan_dhcp_start
    jc      .Llend_task_refused
    mov     eax, offset lend_text
    mov     edx, offset lend_next
    mov     ecx, TEXT_BYTES
    call    string_copy
    jmp     .Llend_task_wait

.Llend_task_refused:
    call    netboot_proxy_start
    jmp     .Llend_task_wait

# Says what the server should run with, if it should here: this node holds the address, and nobody else lends it one.
# The mutex is held.
# Out: lend_next, empty when it should not; EAX milliseconds until that is to be looked at again.
# Clobbers: ECX, EDX, ESI.
lend_wanted:
    push    ebx
    mov     byte ptr [lend_next], 0
    mov     eax, offset value_dhcp
    mov     edx, offset values
    call    values_find
    mov     ebx, -1
    jc      .Llend_wanted_done
    mov     ebx, LOOK_MS
    mov     dl, 0
    call    string_find
    inc     eax
    call    parse_address
    jc      .Llend_wanted_done
    mov     ecx, edx                    # ECX: what follows: numbers
    push    eax
    call    lend_numbers
    pop     eax
    jc      .Llend_wanted_done
    call    service_address_find
    jc      .Llend_wanted_done
    cmp     dword ptr [esi + SERVICE_RECORD], 0
    je      .Llend_wanted_done
    mov     edx, [cluster_netif]
    cmp     dword ptr [edx + NETIF_ORIGIN], ORIGIN_DHCP
    jne     .Llend_wanted_free
    cmp     eax, [edx + NETIF_LENDER]
    jne     .Llend_wanted_done          # the LAN has a server
.Llend_wanted_free:
    mov     edx, eax
    bswap   edx
    inc     edx
    bswap   edx
    push    ebx
    push    edi
    mov     ebx, [esi + SERVICE_MASK]
    mov     edi, offset lend_boot
    cmp     dword ptr [netboot_proxy_wanted], 0
    jne     .Llend_wanted_boot
    mov     edi, offset lend_boot_end
.Llend_wanted_boot:
    mov     esi, offset lend_next
    SNPRINTF esi, TEXT_BYTES, "program /bin/dhcp-server %I%s for=%I/%I%s\nrestart never\n", edx, ecx, eax, ebx, edi
    pop     edi
    pop     ebx
.Llend_wanted_done:
    mov     eax, ebx
    pop     ebx
    ret

# Whether a text is a blank and numbers, and not too long: nothing else gets into a line that is run.
# In: ECX text.
# Out: CF when it is not.
# Clobbers: EAX, EDX.
lend_numbers:
    cmp     byte ptr [ecx], ' '
    jne     8f
    lea     edx, [ecx + 1]
1:  mov     al, [edx]
    inc     edx
    test    al, al
    jz      9f                          # CF is clear
    cmp     al, ' '
    je      2f
    sub     al, '0'
    cmp     al, 10
    jae     8f
2:  lea     eax, [ecx + 20]
    cmp     edx, eax
    jb      1b
8:  stc
9:  ret
