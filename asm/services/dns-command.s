# The `dns` command: the server's zones, and the server itself.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "dns.inc"

.pushsection .rodata.str, "a", @progbits
dns_help:
    .ascii  "  dns                               shows the records\n"
    .ascii  "  dns on | off                      switches the server on or off\n"
    .ascii  "  dns load FILE ZONE                reads a zone file; its names are below ZONE\n"
    .ascii  "  dns add NAME [TTL] TYPE DATA      enters a record; NAME and names in DATA are whole ones\n"
    .ascii  "  dns del NAME                      removes all records at and below a name\n"
    .ascii  "  dns key NAME SECRET [BELOW]       lets who has the secret (Base64) change records, of names at and below BELOW\n"
    .ascii  "  dns unkey NAME                    forgets a key\n"
    .ascii  "  dns register SERVER ZONE KEY      keeps this machine's name and address in ZONE of another server\n"
    .asciz  "  dns register off                  does so no longer\n"
.popsection

SHELL_COMMAND "dns", command_dns, "[on | off | load FILE ZONE | add NAME TYPE DATA | del NAME | key NAME SECRET | unkey NAME | register SERVER ZONE KEY]", "serve names", GROUP_NETWORK, dns_help

.pushsection .data
.balign 4
# Word, how many words follow at least, routine.
dns_words:
    .long   word_on, 0, dns_command_on, word_off, 0, dns_command_off, word_load, 2, dns_command_load
    .long   word_add, 3, dns_command_add, word_del, 1, dns_command_del
    .long   word_key, 2, dns_command_key, word_unkey, 1, dns_command_unkey
    .long   word_register, 1, dns_register, 0
.popsection
STRING word_on, "on"
STRING word_off, "off"
STRING word_load, "load"
STRING word_add, "add"
STRING word_del, "del"
STRING word_key, "key"
STRING word_unkey, "unkey"
STRING word_register, "register"

.text

# Shell command: shows and changes what the DNS server knows. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_dns:
    push    ebx
    push    esi
    push    edi
    mov     edi, eax
    mov     esi, edx
    cmp     edi, 1
    jne     .Lcommand_dns_word
    call    dns_show
    jmp     .Lcommand_dns_good
.Lcommand_dns_word:
    mov     ebx, offset dns_words
1:  cmp     dword ptr [ebx], 0
    je      .Lcommand_dns_usage
    mov     eax, [esi + 4]
    mov     edx, [ebx]
    call    string_compare
    je      2f
    add     ebx, 12
    jmp     1b
2:  add     esi, 8
    sub     edi, 2
    cmp     edi, [ebx + 4]
    jb      .Lcommand_dns_usage
    xor     edx, edx
    call    [ebx + 8]
    jnc     .Lcommand_dns_good
    cmp     eax, ERROR_EXISTS           # of dns_record_add only
    je      .Lcommand_dns_alias
    call    error_text
.Lcommand_dns_told:
    test    edx, edx
    jz      3f
    PRINTF  "dns: row %u: %s\n", edx, eax
    jmp     .Lcommand_dns_bad
3:  PRINTF  "dns: %s\n", eax
    jmp     .Lcommand_dns_bad
.Lcommand_dns_alias:
    LOAD_STRING eax, "a name with an alias (CNAME) has no other records"
    jmp     .Lcommand_dns_told
.Lcommand_dns_usage:
    PRINT   "usage: dns [on | off | load FILE ZONE | add NAME [TTL] TYPE DATA | del NAME\n"
    PRINT   "            | key NAME SECRET [BELOW] | unkey NAME | register SERVER ZONE KEY | register off]\n"
.Lcommand_dns_bad:
    mov     eax, 1
    jmp     .Lcommand_dns_done
.Lcommand_dns_good:
    xor     eax, eax
.Lcommand_dns_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Words of the command, see dns_words.
# In: ESI words that follow, EDI how many.
# Out: CF and EAX error, EDX row of a file or 0.
dns_command_on:
    call    dns_start
    mov     edx, 0
    ret

# See dns_command_on.
dns_command_off:
    call    dns_stop
    mov     edx, 0
    ret

# See dns_command_on.
dns_command_load:
    mov     eax, [esi + 4]
    mov     esi, [esi]
    jmp     dns_zone_load

# See dns_command_on.
dns_command_add:
    mov     ecx, edi
    call    dns_row_add
    mov     edx, 0
    ret

# See dns_command_on.
dns_command_del:
    mov     eax, [esi]
    call    dns_zone_remove
    mov     edx, 0
    ret

# See dns_command_on.
dns_command_key:
    mov     ecx, edi
    call    dns_key_add
    mov     edx, 0
    ret

# See dns_command_on.
dns_command_unkey:
    mov     eax, [esi]
    call    dns_key_remove
    mov     edx, 0
    ret

# Shows the records: names, TTL, type, and the data of those that are short.
dns_show:
    push    ebp
    sub     esp, 256
    mov     eax, offset dns_mutex
    call    mutex_lock
    call    dns_lease_end
    mov     ebx, [dns_records]
.Ldns_show_next:
    test    ebx, ebx
    jz      .Ldns_show_end
    lea     eax, [ebx + ZONE_NAME]
    mov     edx, esp
    call    dns_name_text
    mov     ecx, offset dns_types
    mov     edx, esp
    mov     eax, [ebx + ZONE_TYPE]
2:  mov     ebp, [ecx]
    test    ebp, ebp
    jz      .Ldns_show_number
    cmp     [ecx + 4], eax
    je      .Ldns_show_row
    add     ecx, 12
    jmp     2b
.Ldns_show_number:
    PRINTF  "%s %u TYPE%u", edx, [ebx+ZONE_TTL], eax
    jmp     4f
.Ldns_show_row:
    PRINTF  "%s %u %s", edx, [ebx+ZONE_TTL], ebp
    cmp     dword ptr [ebx + ZONE_TYPE], DNS_A
    jne     4f
    mov     eax, [ebx + ZONE_DATA]
    PRINTF  " %I", [eax]
4:  mov     eax, [ebx + ZONE_LEASE]
    test    eax, eax
    jz      5f
    mov     ecx, eax
    call    clock_ms
    sub     ecx, eax
    mov     eax, ecx
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    PRINTF  ", for %u s", eax
5:  PRINT   "\n"
    mov     ebx, [ebx + ZONE_NEXT]
    jmp     .Ldns_show_next
.Ldns_show_end:
    PRINTF  "%u records\n", [dns_record_count]
    mov     eax, offset dns_mutex
    call    mutex_unlock
    lea     esp, [esp + 256]
    pop     ebp
    call    dns_keys_show
    jmp     dns_register_show
