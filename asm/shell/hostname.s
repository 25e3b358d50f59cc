# The command `hostname`.

.include "macros.inc"
.include "errors.inc"

.text

# Hostname [NAME].
command_hostname:
    cmp     eax, 2
    ja      2f
    je      1f
    mov     eax, offset hostname
    PRINTF  "%s\n", eax
    xor     eax, eax
    ret
1:  mov     eax, [edx + 4]
    call    hostname_set
    jc      3f
    xor     eax, eax
    ret
2:  PRINT   "usage: hostname [NAME]\n"
    mov     eax, 2
    ret
3:  cmp     eax, ERROR_TOO_LONG
    mov     ecx, eax
    LOAD_STRING eax, "hostname: a name has at most 15 characters\n"
    je      4f
    cmp     ecx, ERROR_NOT_PERMITTED
    LOAD_STRING eax, "hostname: any, all and accept are words of commands in the place of a name\n"
    je      4f
    LOAD_STRING eax, "hostname: a name has letters and digits, a letter at least, and - and . between them\n"
4:  call    print
    mov     eax, 1
    ret

SHELL_COMMAND "hostname", command_hostname, "[NAME]", "show or change the name of this machine", GROUP_SYSTEM
