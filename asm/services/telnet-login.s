# Telnet's question for the password. When one is looked at, and who is told of wrong ones, is asm/services/guard.s's.

.include "macros.inc"
.include "keys.inc"
.include "console.inc"
.include "guard.inc"
.include "telnet.inc"

PASSWORD_MS             = 30000         # so long may all tries take
PASSWORD_TRIES          = 3
DELETE                  = 127           # what most terminals send for the key Backspace

STRING telnet_name, "telnet"

.text

# Asks for the password.
# In: EBX wire, EBP variables.
# Out: CF when the right one was not said.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
.global telnet_login
telnet_login:
    push    PASSWORD_TRIES              # [esp + 4]
    call    clock_ms
    add     eax, PASSWORD_MS
    push    eax                         # [esp]: until when
.Ltelnet_login_ask:
    LOAD_STRING eax, "password: "
    call    wire_text
    call    telnet_login_clear
.Ltelnet_login_more:
    call    clock_ms
    mov     edx, [esp]
    sub     edx, eax
    test    edx, edx
    jle     .Ltelnet_login_wrong
    call    telnet_receive
    jc      .Ltelnet_login_wrong
    lea     esi, [ebp + LOGIN_CHUNK]
    mov     edi, eax
.Ltelnet_login_byte:
    lodsb
    call    telnet_take
    jc      1f
    cmp     al, 13
    je      .Ltelnet_login_look
    mov     ecx, [ebp + LOGIN_BYTES]
    cmp     al, 10
    je      .Ltelnet_login_feed
    cmp     al, KEY_BACKSPACE
    je      .Ltelnet_login_back
    cmp     al, DELETE
    je      .Ltelnet_login_back
    cmp     al, KEY_CTRL_U
    je      .Ltelnet_login_none
    inc     dword ptr [ebp + LOGIN_BYTES]
    cmp     ecx, PASSWORD_MAXIMUM
    jae     1f                          # too long, and wrong
    mov     [ebp + LOGIN_GIVEN + ecx], al
1:  dec     edi
    jnz     .Ltelnet_login_byte
    jmp     .Ltelnet_login_more
.Ltelnet_login_none:
    mov     ecx, 1
.Ltelnet_login_back:
    sub     ecx, 1
    adc     ecx, 0                      # there may be none
    mov     [ebp + LOGIN_BYTES], ecx
    jmp     1b
.Ltelnet_login_feed:
    jecxz   1b                          # the one behind CR; others send nothing else
.Ltelnet_login_look:
    LOAD_STRING eax, "\r\n"
    call    wire_text
    call    clock_ms
    mov     ecx, [esp]
    sub     ecx, eax
    jns     2f
    xor     ecx, ecx
2:  call    telnet_login_try
    jc      .Ltelnet_login_wrong
    jz      .Ltelnet_login_good
    LOAD_STRING eax, "wrong\r\n"
    call    wire_text
    dec     dword ptr [esp + 4]
    jnz     .Ltelnet_login_ask
.Ltelnet_login_wrong:
    call    telnet_login_clear
    stc
    jmp     .Ltelnet_login_done
.Ltelnet_login_good:
    call    telnet_login_clear
    mov     dword ptr [ebx + WIRE_DECODER + DECODE_AFTER_CR], 1     # LF may come yet
    clc
.Ltelnet_login_done:
    pop     eax
    pop     eax
    ret

# Looks at the password when the address that it came from may have one looked at.
# In: EBX wire, EBP variables, ECX ms that are left.
# Out: ZF when it is right; CF when it was not looked at.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
telnet_login_try:
    mov     esi, [ebx + WIRE_SEAT]
    mov     edx, [esi + SEAT_ADDRESS]
    call    guard_try
    jc      .Ltelnet_login_try_late
    mov     edx, eax
    mov     eax, esi
    call    guard_wait
    jc      .Ltelnet_login_try_done
    call    telnet_login_compare
    mov     edx, [ebx + WIRE_SEAT]
    mov     edx, [edx + SEAT_ADDRESS]
    jc      1f
    call    guard_right
    cmp     eax, eax                    # ZF, and no CF
    ret
1:  mov     eax, offset telnet_name
    call    guard_wrong
    test    esp, esp                    # neither
.Ltelnet_login_try_done:
    ret
.Ltelnet_login_try_late:
    add     eax, 999
    xor     edx, edx
    mov     ecx, 1000
    div     ecx
    lea     edi, [ebp + LOGIN_CHUNK]
    SNPRINTF edi, CHUNK, "too many wrong passwords: try again in %u s\r\n", eax
    mov     eax, edi
    call    wire_text
    stc
    ret

# Forgets what was typed.
# In: EBP variables.
# Clobbers: EAX, ECX, EDI.
telnet_login_clear:
    lea     edi, [ebp + LOGIN_GIVEN]
    xor     eax, eax
    mov     ecx, (LOGIN_CHUNK - LOGIN_GIVEN) / 4
    rep stosd
    ret

# Compares what was typed with the password, in a time that says nothing of where they differ.
# In: EBP variables.
# Out: CF when it is not that, or there is none any more.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
telnet_login_compare:
    mov     eax, offset password_name
    call    env_get
    jc      1f
    mov     esi, eax
    call    string_length
    cmp     eax, 1
    jb      1f
    cmp     eax, PASSWORD_MAXIMUM
    ja      2f
    cmp     eax, [ebp + LOGIN_BYTES]
    jne     2f
    mov     ecx, eax
    lea     eax, [ebp + LOGIN_GIVEN]
    mov     edx, esi
    call    secret_compare
    jne     2f
    clc
1:  ret
2:  stc
    ret
