# The `host` command: the addresses of a name.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "dns.inc"

STRING host_help, "Asks the name server that DHCP named, or the one of `set dns.server ADDRESS`; NAME.local is asked of all on the link.\n"

SHELL_COMMAND "host", command_host, "NAME", "show the addresses of a name", GROUP_NETWORK, host_help

.text

# Shell command: shows the addresses of a name. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_host:
    push    ebx
    push    esi
    push    edi
    sub     esp, 4 * RESOLVE_MAXIMUM
    cmp     eax, 2
    jne     .Lcommand_host_usage
    mov     ebx, [edx + 4]
    mov     eax, ebx
    mov     edx, esp
    mov     ecx, RESOLVE_MAXIMUM
    call    resolve
    jc      .Lcommand_host_failed
    mov     edi, eax
    mov     esi, esp
1:  PRINTF  "%s has address %I\n", ebx, [esi]
    add     esi, 4
    dec     edi
    jnz     1b
    xor     eax, eax
    jmp     .Lcommand_host_done
.Lcommand_host_failed:
    call    error_text
    PRINTF  "host: %s: %s\n", ebx, eax
    mov     eax, 1
    jmp     .Lcommand_host_done
.Lcommand_host_usage:
    PRINT   "usage: host NAME\n"
    mov     eax, 1
.Lcommand_host_done:
    add     esp, 4 * RESOLVE_MAXIMUM
    pop     edi
    pop     esi
    pop     ebx
    ret
