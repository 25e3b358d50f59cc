# `netboot`: machines without a system boot from this one. It shows the boot image as files (asm/fs/boot-files.s), and
# runs two services without a file of their own: the TFTP server with these files, and the DHCP server, which says where
# they are: as a proxy beside the LAN's own server, or lending addresses itself. While the cluster's DHCP server runs
# here (asm/cluster/lend.s), that says it instead of the proxy: only one can have the port. See docs/boot.md.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"
.include "service.inc"

TEXT_BYTES              = 160

STRING netboot_files, "netboot-tftp"
STRING netboot_dhcp, "netboot-dhcp"

.bss
.balign 4
netboot_tftp_server:    .space 4        # records of the services, 0 before they were ever started
netboot_dhcp_server:    .space 4
.global netboot_proxy_wanted
netboot_proxy_wanted:   .space 4        # 1: it is on, and addresses are lent by another server

.text

# Netboot [on [FIRST COUNT]|off].
command_netboot:
    push    ebx
    push    esi
    mov     esi, edx
    mov     ebx, eax
    cmp     ebx, 1
    jbe     .Lcommand_netboot_status
    mov     eax, [esi + 4]
    LOAD_STRING edx, "off"
    call    string_compare
    jne     .Lcommand_netboot_on
    cmp     ebx, 2
    jne     .Lcommand_netboot_usage
    call    netboot_stop
    jmp     .Lcommand_netboot_good
.Lcommand_netboot_on:
    mov     eax, [esi + 4]
    LOAD_STRING edx, "on"
    call    string_compare
    jne     .Lcommand_netboot_usage
    cmp     ebx, 2
    je      .Lcommand_netboot_start
    cmp     ebx, 4
    jne     .Lcommand_netboot_usage
.Lcommand_netboot_start:
    call    netboot_start
    jnc     .Lcommand_netboot_good
    mov     esi, eax
    cmp     eax, ERROR_NO_DEVICE
    je      .Lcommand_netboot_none
    call    error_text
    PRINTF  "netboot: %s\n", eax
    jmp     .Lcommand_netboot_failed
.Lcommand_netboot_none:
    PRINT   "netboot: the boot medium is in none of the drives: a machine that was started from CD or disk can do this\n"
.Lcommand_netboot_failed:
    call    netboot_stop
    mov     eax, 1
    jmp     .Lcommand_netboot_done
.Lcommand_netboot_status:
    cmp     dword ptr [boot_volume + VOLUME_MOUNT], 0
    jne     1f
    PRINT   "Network boot is off.\n"
    jmp     .Lcommand_netboot_good
1:  PRINT   "Machines on this LAN can boot from here: `service log netboot-tftp` and `service log netboot-dhcp` say more.\n"
.Lcommand_netboot_good:
    xor     eax, eax
    jmp     .Lcommand_netboot_done
.Lcommand_netboot_usage:
    PRINT   "usage: netboot [on [FIRST COUNT]|off]\n"
    mov     eax, 2
.Lcommand_netboot_done:
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "netboot", command_netboot, "[on [FIRST COUNT]|off]", "let other machines boot from this one over the network", GROUP_NETWORK, netboot_text

.section .rodata
netboot_text:
    .ascii  "`netboot on` has machines whose firmware boots by PXE load the kernel that runs here. Addresses they get\n"
    .ascii  "from the DHCP server of the LAN; where there is none, `netboot on 10.9.0.10 50` lends the 50 addresses\n"
    .asciz  "from 10.9.0.10 on, which have to be on this machine's own network.\n"

.text

# Shows the files and starts the services; those that ran end before. May sleep.
# In: EBX number of words, ESI words.
# Out: CF and EAX error.
netboot_start:
    FRAME   TEXT_BYTES
    push    edi
    lea     edi, [ebp - TEXT_BYTES]
    call    netboot_stop
    call    boot_volume_open
    jc      .Lnetboot_start_done
    LOAD_STRING eax, "boot"
    LOAD_STRING edx, "/boot"
    call    mount_volume
    jc      .Lnetboot_start_done
    SNPRINTF edi, TEXT_BYTES, "program /bin/tftp-server /boot\nrestart always\n"
    mov     eax, offset netboot_files
    call    netboot_service
    mov     [netboot_tftp_server], eax
    mov     eax, ERROR_NO_MEMORY
    jc      .Lnetboot_start_done
    cmp     ebx, 2
    ja      .Lnetboot_start_lend
    mov     dword ptr [netboot_proxy_wanted], 1
    call    lan_dhcp_runs
    jne     .Lnetboot_start_done        # it begins anew, and names the files; CF is clear
    call    netboot_proxy_start
    jmp     .Lnetboot_start_said
.Lnetboot_start_lend:
    SNPRINTF edi, TEXT_BYTES, "program /bin/dhcp-server %s %s boot=loader\nrestart always\n", [esi+8], [esi+12]
    call    netboot_dhcp_start
.Lnetboot_start_said:
    mov     eax, ERROR_NO_MEMORY
.Lnetboot_start_done:
    pop     edi
    ENDFRAME
    ret

# Starts the proxy if it is wanted: the cluster's DHCP server has ended here. May sleep.
# Out: CF when it cannot be started.
.global netboot_proxy_start
netboot_proxy_start:
    cmp     dword ptr [netboot_proxy_wanted], 0
    je      1f
    FRAME   TEXT_BYTES
    push    edi
    lea     edi, [ebp - TEXT_BYTES]
    SNPRINTF edi, TEXT_BYTES, "program /bin/dhcp-server proxy boot=loader\nrestart always\n"
    call    netboot_dhcp_start
    pop     edi
    ENDFRAME
1:  ret

# Ends the proxy, if it runs: the cluster's DHCP server begins here. May sleep.
.global netboot_proxy_stop
netboot_proxy_stop:
    cmp     dword ptr [netboot_proxy_wanted], 0
    je      1f
    mov     eax, [netboot_dhcp_server]
    jmp     netboot_service_stop
1:  ret

# Starts the service that says where the files are. May sleep.
# In: EDI text as in a service's file, is changed.
# Out: CF when it cannot be started.
netboot_dhcp_start:
    mov     eax, offset netboot_dhcp
    call    netboot_service
    mov     [netboot_dhcp_server], eax
    ret

# Starts a service that does not run. May sleep.
# In: EAX name, EDI text as in a service's file, is changed.
# Out: EAX its record, 0 when there is none; CF when it cannot be started.
netboot_service:
    push    esi
    mov     edx, edi
    call    service_describe
    mov     esi, 0
    jc      1f
    mov     esi, eax
    call    service_start
1:  mov     eax, esi
    pop     esi
    ret

# Ends the services, and takes the files away. May sleep.
netboot_stop:
    mov     dword ptr [netboot_proxy_wanted], 0
    mov     eax, [netboot_dhcp_server]
    call    netboot_service_stop
    mov     eax, [netboot_tftp_server]
    call    netboot_service_stop
    cmp     dword ptr [boot_volume + VOLUME_MOUNT], 0
    je      1f
    LOAD_STRING eax, "/boot"
    mov     edx, 1
    call    umount_path
1:  jmp     boot_volume_close

# Ends a service, if it was ever started. May sleep.
# In: EAX its record or 0.
netboot_service_stop:
    test    eax, eax
    jnz     service_stop
    ret
