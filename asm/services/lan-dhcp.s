# The DHCP server that a cluster runs for its LAN, as a service without a file: asm/cluster/lend.s says when and how.

.include "macros.inc"
.include "errors.inc"
.include "service.inc"

STRING lan_dhcp_name, "lan-dhcp"

.bss
.balign 4
lan_dhcp:               .space 4        # its record, 0 before it was ever started

.text

# Starts it. May sleep.
# In: EAX text as in a service's file, is changed.
# Out: CF and EAX error.
.global lan_dhcp_start
lan_dhcp_start:
    push    eax
    call    lan_dhcp_stop
    pop     edx
    mov     eax, offset lan_dhcp_name
    call    service_describe
    jc      1f
    mov     [lan_dhcp], eax
    jmp     service_start
1:  ret

# Stops it, and returns when it has ended. May sleep.
.global lan_dhcp_stop
lan_dhcp_stop:
    mov     eax, [lan_dhcp]
    test    eax, eax
    jnz     service_stop
    ret

# Whether it runs.
# Out: ZF when it does not.
# Clobbers: EAX.
.global lan_dhcp_runs
lan_dhcp_runs:
    mov     eax, [lan_dhcp]
    test    eax, eax
    jz      1f
    cmp     dword ptr [eax + SERVICE_TASK], 0
1:  ret
