# The key by which a machine is known to SSH's clients: the persistent object `ssh_host` of the volume at /net, made
# when it is first needed. It is a machine's: one with another network card, as a copy of a disk or of a running machine
# has, makes its own, so that no two machines have the same. Without a volume it lives as long as the machine is on.

.include "macros.inc"
.include "errors.inc"
.include "net.inc"
.include "log.inc"
.include "ssh.inc"
.include "ssh-host.inc"

.bss
.balign 4
.global ssh_host
ssh_host:               .space HOST_SIZE
ssh_host_read:          .space HOST_SIZE    # as it is on the volume
ssh_host_kept:          .space 4            # 1: the volume has it
.global ssh_host_mutex
ssh_host_mutex:         .space MUTEX_SIZE   # held while the key is made or used

STRING host_class, "ssh_host"
STRING host_source, "ssh"

.text

# Makes the key ready, whichever it has to be by now. May sleep.
# Clobbers: EAX, ECX, EDX.
.global ssh_host_look
ssh_host_look:
    push    ebx
    push    esi
    push    edi
    mov     eax, offset ssh_host_mutex
    call    mutex_lock
    cmp     dword ptr [ssh_host_kept], 0
    jne     1f
    call    ssh_host_load
1:  cmp     dword ptr [ssh_host + HOST_MAGIC], 0
    je      2f
    mov     edi, offset ssh_host
    call    ssh_host_is
    je      3f
2:  call    ssh_host_make
3:  cmp     dword ptr [ssh_host_kept], 0
    jne     4f
    call    ssh_host_save
4:  mov     eax, offset ssh_host_mutex
    call    mutex_unlock
    pop     edi
    pop     esi
    pop     ebx
    ret

# The volume that things are kept on.
# Out: EAX handle of the mount; CF when there is none.
# Clobbers: ECX, EDX.
ssh_host_mount:
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      1f
    cmp     byte ptr [edx], 1           # a rest means that a mount above holds the path
    cmc
1:  ret

# Takes the key of the volume, if it has one of this machine. May sleep.
# Clobbers: all but EBP.
ssh_host_load:
    call    ssh_host_mount
    jc      9f
    mov     edx, offset host_class
    mov     ecx, offset ssh_host_read
    mov     esi, HOST_SIZE
    call    object_load
    jc      9f
    mov     edi, offset ssh_host_read
    cmp     dword ptr [edi + HOST_MAGIC], HOST_MAGIC_VALUE
    jne     9f
    cmp     dword ptr [edi + HOST_VERSION], HOST_VERSION_VALUE
    jne     9f
    call    ssh_host_is
    jne     9f
    mov     esi, edi
    mov     edi, offset ssh_host
    mov     ecx, HOST_SIZE / 4
    rep movsd
    mov     dword ptr [ssh_host_kept], 1
9:  ret

# Whether a key is one of this machine: was made when its first card was this one. Without cards it is.
# In: EDI record.
# Out: ZF when it is.
# Clobbers: EAX, EDX.
ssh_host_is:
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      1f
    mov     edx, [eax + NETIF_MAC]
    cmp     edx, [edi + HOST_MAC]
    jne     1f
    mov     dx, [eax + NETIF_MAC + 4]
    cmp     dx, [edi + HOST_MAC + 4]
1:  ret

# Makes a key. May sleep.
# Clobbers: all but EBP.
ssh_host_make:
    mov     edi, offset ssh_host
    mov     dword ptr [edi + HOST_MAGIC], HOST_MAGIC_VALUE
    mov     dword ptr [edi + HOST_VERSION], HOST_VERSION_VALUE
    mov     eax, [net_interfaces]
    test    eax, eax
    jz      1f
    mov     edx, [eax + NETIF_MAC]
    mov     [edi + HOST_MAC], edx
    movzx   edx, word ptr [eax + NETIF_MAC + 4]
    mov     [edi + HOST_MAC + 4], edx
1:  lea     eax, [edi + HOST_SEED]
    mov     edx, ED25519_SEED_BYTES
    call    generator_fill
    lea     eax, [edi + HOST_PUBLIC]
    lea     edx, [edi + HOST_SEED]
    call    ed25519_public
    mov     dword ptr [ssh_host_kept], 0
    mov     eax, offset host_source
    LOAD_STRING edx, "a host key was made"
    mov     ecx, LOG_INFO
    jmp     log_write

# Keeps the key, if there is a volume. May sleep.
# Clobbers: all but EBP.
ssh_host_save:
    call    ssh_host_mount
    jc      9f
    mov     edx, offset host_class
    mov     ecx, offset ssh_host
    mov     esi, HOST_SIZE
    call    object_save
    jc      8f
    mov     dword ptr [ssh_host_kept], 1
    ret
8:  mov     eax, offset host_source
    LOAD_STRING edx, "the host key could not be kept: the next boot has another one"
    mov     ecx, LOG_WARNING
    call    log_write
9:  ret

# The public key as SSH writes it.
# In: EDI where HOST_KEY_BYTES go.
# Out: EDI behind them.
# Clobbers: EAX, ECX, EDX.
.global ssh_host_blob
ssh_host_blob:
    mov     eax, offset ssh_host + HOST_PUBLIC

# Any public key as SSH writes it.
# In: EAX key, EDI where HOST_KEY_BYTES go.
# Out: EDI behind them.
# Clobbers: EAX, ECX, EDX.
ssh_blob:
    push    eax
    mov     edx, offset name_ed25519
    call    ssh_put_text
    pop     edx
    mov     ecx, ED25519_KEY_BYTES
    jmp     ssh_put_string

# The fingerprint of a key, as OpenSSH prints it.
# In: EAX public key, EDI where the text goes, FINGERPRINT_BYTES.
# Clobbers: EAX, ECX, EDX.
.global ssh_fingerprint
ssh_fingerprint:
    push    esi
    push    edi
    sub     esp, HOST_KEY_BYTES + 1 + SHA256_BYTES
    mov     esi, edi
    mov     edi, esp
    call    ssh_blob
    lea     eax, [esp + HOST_KEY_BYTES + 1]
    mov     edx, esp
    mov     ecx, HOST_KEY_BYTES
    call    sha256
    mov     dword ptr [esi], 'S' | 'H' << 8 | 'A' << 16 | '2' << 24
    mov     dword ptr [esi + 4], '5' | '6' << 8 | ':' << 16
    lea     edi, [esi + 7]
    lea     esi, [esp + HOST_KEY_BYTES + 1]
    mov     ecx, SHA256_BYTES
    call    base64_write
    add     esp, HOST_KEY_BYTES + 1 + SHA256_BYTES
    pop     edi
    pop     esi
    ret
