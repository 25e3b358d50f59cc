# The keys of the DNS server: names of secrets that it shares with those who may change its zones (RFC 8945). They are
# typed at the console, or stand in /net/init.rc, and never leave the machine.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "crypto.inc"
.include "dns.inc"

KEYS                    = 8
SECRET_MINIMUM          = 16            # bytes
SECRET_MAXIMUM          = 64

.bss
.balign 4
dns_keys:               .space KEYS * KEY_SIZE

.text

# Finds a key. dns_mutex is held.
# In: EAX its name.
# Out: EAX key; CF and 0 when there is none.
.global dns_key_find
dns_key_find:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, offset dns_keys
1:  cmp     byte ptr [edi + KEY_NAME], 0
    je      2f
    mov     eax, esi
    lea     edx, [edi + KEY_NAME]
    call    dns_name_equal
    mov     eax, edi
    je      3f                          # CF is clear
2:  add     edi, KEY_SIZE
    cmp     edi, offset dns_keys + KEYS * KEY_SIZE
    jb      1b
    xor     eax, eax
    stc
3:  pop     edi
    pop     esi
    ret

# Enters a key, or another secret for it. May sleep.
# In: ESI words: its name, its secret in Base64 (RFC 4648, 4), and the name at and below which it may change records,
# without which that is every name; ECX how many.
# Out: CF and EAX error.
.global dns_key_add
dns_key_add:
    push    ebx
    push    edi
    push    ebp
    sub     esp, KEY_SIZE + SECRET_MAXIMUM + 4
    mov     ebx, ecx
    mov     eax, [esi]
    lea     edx, [esp + KEY_NAME]
    call    zone_parse
    jc      .Ldns_key_add_wrong
    cmp     byte ptr [esp + KEY_NAME], 0
    je      .Ldns_key_add_wrong
    mov     byte ptr [esp + KEY_BELOW], 0
    cmp     ebx, 3
    jb      1f
    mov     eax, [esi + 8]
    lea     edx, [esp + KEY_BELOW]
    call    zone_parse
    jc      .Ldns_key_add_wrong
1:  mov     eax, [esi + 4]
    lea     edx, [esp + KEY_SIZE]
    mov     ecx, SECRET_MAXIMUM
    call    base64_read
    jc      .Ldns_key_add_wrong
    cmp     eax, SECRET_MINIMUM
    jb      .Ldns_key_add_wrong
    mov     ecx, eax
    lea     eax, [esp + KEY_HMAC]
    lea     edx, [esp + KEY_SIZE]
    call    hmac_key
    mov     eax, offset dns_mutex
    call    mutex_lock
    lea     eax, [esp + KEY_NAME]
    call    dns_key_find
    mov     edi, eax
    jnc     .Ldns_key_add_enter
    mov     edi, offset dns_keys
2:  cmp     byte ptr [edi + KEY_NAME], 0
    je      .Ldns_key_add_enter
    add     edi, KEY_SIZE
    cmp     edi, offset dns_keys + KEYS * KEY_SIZE
    jb      2b
    mov     ebp, ERROR_TABLE_FULL
    jmp     .Ldns_key_add_entered
.Ldns_key_add_enter:
    push    esi
    lea     esi, [esp + 4]
    mov     ecx, KEY_SIZE / 4
    rep movsd
    pop     esi
    xor     ebp, ebp
.Ldns_key_add_entered:
    mov     eax, offset dns_mutex
    call    mutex_unlock
    mov     edi, esp                    # nothing of the secret stays on the stack
    xor     eax, eax
    mov     ecx, (KEY_SIZE + SECRET_MAXIMUM) / 4
    rep stosd
    mov     eax, ebp
    cmp     eax, 1
    cmc
    jmp     .Ldns_key_add_done
.Ldns_key_add_wrong:
    mov     eax, ERROR_INVALID
    stc
.Ldns_key_add_done:
    lea     esp, [esp + KEY_SIZE + SECRET_MAXIMUM + 4]
    pop     ebp
    pop     edi
    pop     ebx
    ret

# Forgets a key. May sleep.
# In: EAX text of its name.
# Out: CF and EAX error.
.global dns_key_remove
dns_key_remove:
    push    edi
    sub     esp, 256
    mov     edx, esp
    call    zone_parse
    mov     eax, ERROR_INVALID
    jc      2f
    mov     eax, offset dns_mutex
    call    mutex_lock
    mov     eax, esp
    call    dns_key_find
    mov     edi, eax
    mov     edx, ERROR_NOT_FOUND
    jc      1f
    xor     eax, eax
    mov     ecx, KEY_SIZE / 4
    rep stosd
    xor     edx, edx
1:  push    edx
    mov     eax, offset dns_mutex
    call    mutex_unlock
    pop     eax
    cmp     eax, 1
    cmc
2:  lea     esp, [esp + 256]
    pop     edi
    ret

# Shows the keys' names, and what they may change. May sleep.
.global dns_keys_show
dns_keys_show:
    push    ebx
    sub     esp, 512
    mov     eax, offset dns_mutex
    call    mutex_lock
    mov     ebx, offset dns_keys
1:  cmp     byte ptr [ebx + KEY_NAME], 0
    je      2f
    lea     eax, [ebx + KEY_NAME]
    mov     edx, esp
    call    dns_name_text
    lea     eax, [ebx + KEY_BELOW]
    lea     edx, [esp + 256]
    call    dns_name_text
    mov     eax, esp
    lea     edx, [esp + 256]
    PRINTF  "key %s, changes %s\n", eax, edx
2:  add     ebx, KEY_SIZE
    cmp     ebx, offset dns_keys + KEYS * KEY_SIZE
    jb      1b
    mov     eax, offset dns_mutex
    call    mutex_unlock
    lea     esp, [esp + 512]
    pop     ebx
    ret
