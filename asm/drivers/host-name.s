# The name that the host gives this machine: a file of QEMU's firmware configuration device, or the variable
# guestinfo.hostname of VMware (asm/drivers/vmware.s). What a person has named the machine, on its disk, counts more
# (asm/cluster/daemon.s), and what a DHCP server calls it counts less: that is for a network, this for the machine.

.include "macros.inc"
.include "names.inc"

HOST_NAME_BYTES         = 64            # more than a name has: a longer one is none

.bss
.balign 4
.global host_name_given
host_name_given:        .space 4        # 1: the machine has the name that the host gave it

STRING host_name_file, "opt/qure/hostname"
STRING host_name_variable, "info-get guestinfo.hostname"

.text

INITCALL 6, host_name_look

# Takes the name that the host has for this machine now, or that the source had for its twin. What is no host name is
# passed over. May sleep.
# Clobbers: EAX, ECX, EDX.
.global host_name_look
host_name_look:
    push    ebx
    sub     esp, HOST_NAME_BYTES
    mov     dword ptr [host_name_given], 0
    mov     eax, offset hostname_next
    cmp     byte ptr [eax], 0
    jne     .Lhost_name_look_take
    mov     eax, offset host_name_file
    mov     edx, esp
    mov     ecx, HOST_NAME_BYTES
    call    setting_read
    jnc     .Lhost_name_look_read
    call    setting_board               # QEMU has a backdoor that knows no variables
    jnc     .Lhost_name_look_done
    mov     eax, offset host_name_variable
    mov     edx, esp
    mov     ecx, HOST_NAME_BYTES
    call    vmware_ask
    jc      .Lhost_name_look_done
.Lhost_name_look_read:
    cmp     eax, HOST_NAME_BYTES
    jae     .Lhost_name_look_done       # it was cut off
    mov     byte ptr [esp + eax], 0
    test    eax, eax
    jz      .Lhost_name_look_done
    mov     ebx, eax
    mov     eax, esp
    call    string_length
    cmp     eax, ebx                    # it goes on after a NUL
    jne     .Lhost_name_look_done
    cmp     byte ptr [esp + eax - 1], 10
    jne     1f
    mov     byte ptr [esp + eax - 1], 0
1:  mov     eax, esp
.Lhost_name_look_take:
    call    hostname_set
    jc      .Lhost_name_look_done
    mov     dword ptr [host_name_given], 1
.Lhost_name_look_done:
    add     esp, HOST_NAME_BYTES
    pop     ebx
    clc
    ret
