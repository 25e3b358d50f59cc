# Who may enter by SSH: the keys of /net/ssh/authorized_keys, a line each as OpenSSH writes them. Other lines stay as
# they are and count for nothing. Without a volume at /net, keys are in memory until the machine is off.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "ssh.inc"
.include "ssh-host.inc"

FILE_MOST               = 16384         # bytes of the file that are looked at
SIGNS_MOST              = 72            # of a key in Base64, and more
LINE_MOST               = 512

.bss
.balign 4
ssh_keys:               .space SSH_KEYS * SSH_KEY_SIZE
.global ssh_keys_count
ssh_keys_count:         .space 4
    # event: there may be keys now
.global ssh_keys_changed
ssh_keys_changed:       .space 4
ssh_keys_mutex:         .space MUTEX_SIZE

STRING keys_folder, "/net/ssh"
STRING keys_path, "/net/ssh/authorized_keys"

.text

# Finds a key. May sleep.
# In: EDX public key, ED25519_KEY_BYTES.
# Out: EAX its entry; CF when it is not known.
# Clobbers: ECX, EDX.
.global ssh_key_find
ssh_key_find:
    push    edx
    mov     eax, offset ssh_keys_mutex
    call    mutex_lock
    pop     edx
    call    ssh_key_look
    pushfd
    push    eax
    mov     eax, offset ssh_keys_mutex
    call    mutex_unlock
    pop     eax
    popfd
    ret

# The same, for whoever holds the mutex.
ssh_key_look:
    push    esi
    push    edi
    mov     eax, offset ssh_keys
    mov     ecx, [ssh_keys_count]
    jecxz   2f
1:  push    ecx
    mov     esi, eax
    mov     edi, edx
    mov     ecx, ED25519_KEY_BYTES / 4
    repe cmpsd
    pop     ecx
    je      3f                          # CF is clear
    add     eax, SSH_KEY_SIZE
    loop    1b
2:  stc
3:  pop     edi
    pop     esi
    ret

# Reads the file, if there is one; when it cannot be read, the keys stay those that are known. May sleep.
# Clobbers: EAX, ECX, EDX.
.global ssh_keys_load
ssh_keys_load:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     eax, offset ssh_keys_mutex
    call    mutex_lock
    call    ssh_keys_read
    jc      .Lssh_keys_load_done
    mov     dword ptr [ssh_keys_count], 0
    mov     esi, ebx
.Lssh_keys_load_line:
    call    ssh_keys_line
    jc      .Lssh_keys_load_end
    mov     eax, [ssh_keys_count]
    cmp     eax, SSH_KEYS
    jae     .Lssh_keys_load_end
    imul    edi, eax, SSH_KEY_SIZE
    add     edi, offset ssh_keys
    mov     eax, edx
    call    ssh_key_parse
    jc      .Lssh_keys_load_line
    inc     dword ptr [ssh_keys_count]
    jmp     .Lssh_keys_load_line
.Lssh_keys_load_end:
    mov     eax, ebx
    call    mfree
.Lssh_keys_load_done:
    mov     eax, offset ssh_keys_mutex
    call    mutex_unlock
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the file into memory. May sleep.
# Out: EBX its bytes, from malloc, NUL terminated; CF and EAX error.
# Clobbers: all but EBP.
ssh_keys_read:
    mov     esi, offset keys_path
    mov     ecx, FILE_READ
    call    file_open
    jc      9f
    mov     esi, eax
    mov     eax, FILE_MOST + 1
    call    malloc
    jc      1f
    mov     ebx, eax
    mov     edi, eax
    mov     eax, esi
    mov     ecx, FILE_MOST
    call    file_read
    jc      2f
    mov     byte ptr [ebx + eax], 0
    mov     eax, esi
    call    file_close
    clc
    ret
2:  push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
1:  push    eax
    mov     eax, esi
    call    file_close
    pop     eax
    stc
9:  ret

# The next line of the file, as it lies in memory: its end becomes a NUL.
# In: ESI where it begins.
# Out: EDX line, ESI behind it; CF when there is none.
# Clobbers: EAX.
ssh_keys_line:
    cmp     byte ptr [esi], 1
    jb      3f
    mov     edx, esi
1:  lodsb
    test    al, al
    jz      2f
    cmp     al, 10
    jne     1b
    mov     byte ptr [esi - 1], 0
    clc
    ret
2:  dec     esi                         # the last has no end; CF is clear
3:  ret

# Reads a line of the file: `ssh-ed25519 BASE64 NOTE`.
# In: EAX line, EDI where the entry goes, SSH_KEY_SIZE bytes.
# Out: CF when it is none.
# Clobbers: EAX, ECX, EDX.
ssh_key_parse:
    push    ebx
    push    esi
    sub     esp, SIGNS_MOST + HOST_KEY_BYTES + 1
    mov     edx, offset name_ed25519
    call    string_prefix
    jne     .Lssh_key_parse_wrong
    mov     esi, eax
    cmp     byte ptr [esi], ' '
    jne     .Lssh_key_parse_wrong
    call    ssh_key_blanks
    mov     ebx, esp
    xor     ecx, ecx
1:  mov     al, [esi]
    cmp     al, ' '
    jbe     2f
    mov     [ebx + ecx], al
    inc     esi
    inc     ecx
    cmp     ecx, SIGNS_MOST
    jb      1b
    jmp     .Lssh_key_parse_wrong
2:  mov     byte ptr [ebx + ecx], 0
    mov     eax, ebx
    lea     edx, [ebx + SIGNS_MOST]
    mov     ecx, HOST_KEY_BYTES
    call    base64_read
    jc      .Lssh_key_parse_wrong
    cmp     eax, HOST_KEY_BYTES
    jne     .Lssh_key_parse_wrong
    lea     eax, [ebx + SIGNS_MOST]
    call    ssh_key_type
    jne     .Lssh_key_parse_wrong
    push    edi
    push    esi
    lea     esi, [ebx + SIGNS_MOST + HOST_KEY_BYTES - ED25519_KEY_BYTES]
    mov     ecx, ED25519_KEY_BYTES / 4
    rep movsd
    pop     esi
    pop     edi
    call    ssh_key_blanks
    lea     eax, [edi + KEY_NOTE]
    mov     edx, esi
    mov     ecx, KEY_NOTE_BYTES
    call    string_copy
    lea     edx, [edi + KEY_NOTE]
    call    ssh_key_trim
    clc
    jmp     .Lssh_key_parse_done
.Lssh_key_parse_wrong:
    stc
.Lssh_key_parse_done:
    lea     esp, [esp + SIGNS_MOST + HOST_KEY_BYTES + 1]
    pop     esi
    pop     ebx
    ret

# Passes over blanks.
# In: ESI text.
# Out: ESI what is none.
# Clobbers: nothing else.
ssh_key_blanks:
    cmp     byte ptr [esi], ' '
    je      1f
    cmp     byte ptr [esi], 9
    jne     2f
1:  inc     esi
    jmp     ssh_key_blanks
2:  ret

# Cuts blanks off the end of a note, and makes signs harmless that would move a cursor.
# In: EDX note, EAX its characters.
# Clobbers: EAX, ECX.
ssh_key_trim:
    mov     ecx, eax
1:  test    eax, eax
    jz      2f
    cmp     byte ptr [edx + eax - 1], ' '
    ja      2f
    mov     byte ptr [edx + eax - 1], 0
    dec     eax
    jmp     1b
2:  mov     ecx, eax
    jecxz   4f
3:  cmp     byte ptr [edx + ecx - 1], ' '
    jae     .Lssh_key_trim_next
    mov     byte ptr [edx + ecx - 1], '?'
.Lssh_key_trim_next:
    loop    3b
4:  ret

# Whether a key is an Ed25519 one of the right length.
# In: EAX key as SSH writes it, HOST_KEY_BYTES.
# Out: ZF when it is.
# Clobbers: ECX, EDX.
.global ssh_key_type
ssh_key_type:
    cmp     dword ptr [eax + KEY_TYPE_BYTES], ED25519_KEY_BYTES << 24
    jne     1f

# Whether a key or a signature begins with the name of its kind.
# In: EAX its bytes, at least KEY_TYPE_BYTES.
# Out: ZF when it does.
# Clobbers: ECX, EDX.
.global ssh_type
ssh_type:
    cmp     dword ptr [eax], (KEY_TYPE_BYTES - 4) << 24
    jne     1f
    push    eax
    add     eax, 4
    mov     ecx, KEY_TYPE_BYTES - 4
    mov     edx, offset name_ed25519
    call    ssh_is
    pop     eax
1:  ret

.pushsection .rodata
.balign 4
# What the command can do: word, routine: EAX argc, EDX argv -> EAX status; CF when it is misused.
ssh_key_actions:
    .long   action_add, ssh_key_add, action_list, ssh_key_list, action_remove, ssh_key_remove
    .long   action_host, ssh_key_host, 0
.popsection
STRING action_add, "add"
STRING action_list, "list"
STRING action_remove, "remove"
STRING action_host, "host"

# Shell command: says and changes who may enter.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_ssh_key:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    cmp     esi, 2
    jb      .Lcommand_ssh_key_misused
    mov     ebx, offset ssh_key_actions
1:  mov     edx, [ebx]
    test    edx, edx
    jz      .Lcommand_ssh_key_misused
    mov     eax, [edi + 4]
    call    string_compare
    je      2f
    add     ebx, 8
    jmp     1b
2:  mov     eax, esi
    mov     edx, edi
    call    [ebx + 4]
    jnc     .Lcommand_ssh_key_done
.Lcommand_ssh_key_misused:
    mov     edx, edi
    call    command_misused
.Lcommand_ssh_key_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "ssh-key", command_ssh_key, "list | add ssh-ed25519 KEY [NOTE] | remove NOTE|FINGERPRINT | host", "say who may enter by ssh", GROUP_NETWORK, ssh_key_text

.pushsection .rodata.str, "a", @progbits
ssh_key_text:
    .ascii  "Port 22 is open while there is a key. add takes a line of a file id_ed25519.pub, as ssh-keygen writes it; the keys\n"
    .ascii  "are in /net/ssh/authorized_keys. host shows the fingerprint of this machine's own key, which ssh asks about at\n"
    .asciz  "its first connection.\n"
.popsection

# Lists the keys.
# In: EAX argc.
# Out: EAX status; CF when misused.
ssh_key_list:
    cmp     eax, 2
    jne     ssh_key_misused
    push    ebx
    push    esi
    call    ssh_keys_load
    mov     eax, offset ssh_keys_mutex
    call    mutex_lock
    mov     ebx, offset ssh_keys
    mov     esi, [ssh_keys_count]
1:  test    esi, esi
    jz      2f
    lea     eax, [ebx + KEY_PUBLIC]
    lea     edx, [ebx + KEY_NOTE]
    call    ssh_key_print
    add     ebx, SSH_KEY_SIZE
    dec     esi
    jmp     1b
2:  mov     eax, offset ssh_keys_mutex
    call    mutex_unlock
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

# The action is misused.
# Out: CF set.
ssh_key_misused:
    stc
    ret

# Prints a key as `ssh-keygen -l` does.
# In: EAX public key, EDX note.
# Clobbers: EAX, ECX, EDX.
ssh_key_print:
    push    edi
    sub     esp, FINGERPRINT_BYTES
    mov     edi, esp
    push    edx
    call    ssh_fingerprint
    pop     edx
    PRINTF  "256 %s %s (ED25519)\n", edi, edx
    add     esp, FINGERPRINT_BYTES
    pop     edi
    ret

# Shows this machine's own key.
# In: EAX argc.
# Out: EAX status; CF when misused.
ssh_key_host:
    cmp     eax, 2
    jne     ssh_key_misused
    call    ssh_host_look
    mov     eax, offset ssh_host + HOST_PUBLIC
    mov     edx, offset hostname
    call    ssh_key_print
    xor     eax, eax
    ret

# Takes a key: into the file, if there is a volume. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status; CF when misused.
ssh_key_add:
    cmp     eax, 4
    jb      ssh_key_misused
    FRAME   LINE_MOST + SSH_KEY_SIZE
    push    ebx
    push    esi
    push    edi
    lea     edi, [ebp - LINE_MOST]
    lea     esi, [edx + 8]
    lea     ecx, [eax - 2]
1:  lodsd                               # the words become a line again
    push    ecx
    mov     edx, eax
    mov     eax, edi
    lea     ecx, [ebp - 2]
    sub     ecx, edi
    call    string_copy
    pop     ecx
    add     edi, eax
    mov     word ptr [edi], ' '
    inc     edi
    lea     eax, [ebp - 4]
    cmp     edi, eax
    jae     2f
    loop    1b
2:  mov     word ptr [edi - 1], 10
    lea     eax, [ebp - LINE_MOST]
    lea     edi, [ebp - LINE_MOST - SSH_KEY_SIZE]
    call    ssh_key_parse
    jc      .Lssh_key_add_wrong
    call    ssh_keys_load
    lea     edx, [ebp - LINE_MOST - SSH_KEY_SIZE + KEY_PUBLIC]
    call    ssh_key_find
    jnc     .Lssh_key_add_known
    call    ssh_key_append
    jc      .Lssh_key_add_failed
    call    ssh_key_enter
    jc      .Lssh_key_add_failed
    jmp     .Lssh_key_add_good
.Lssh_key_add_wrong:
    PRINT   "ssh-key: that is no line of a file id_ed25519.pub; only ssh-ed25519 is known here\n"
    mov     eax, 1
    jmp     .Lssh_key_add_done
.Lssh_key_add_failed:
    call    error_text
    mov     edx, offset keys_path
    PRINTF  "ssh-key: %s: %s\n", edx, eax
    mov     eax, 1
    jmp     .Lssh_key_add_done
.Lssh_key_add_known:
    PRINT   "ssh-key: it is known already\n"
.Lssh_key_add_good:
    xor     eax, eax
.Lssh_key_add_done:
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    clc
    ret

# Appends the line to the file. Without a volume it says that the key stays in memory.
# In: EBP frame of ssh_key_add.
# Out: CF and EAX error.
# Clobbers: all but EBP.
ssh_key_append:
    cmp     dword ptr [ssh_keys_count], SSH_KEYS
    mov     eax, ERROR_TABLE_FULL
    cmc
    jc      .Lssh_key_append_done
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      .Lssh_key_append_none
    mov     esi, offset keys_folder
    call    directory_make
    jnc     1f
    cmp     eax, ERROR_EXISTS
    stc
    jne     .Lssh_key_append_done
1:  mov     esi, offset keys_path
    mov     ecx, FILE_WRITE | FILE_CREATE | FILE_APPEND
    call    file_open
    jc      .Lssh_key_append_done
    mov     ebx, eax
    lea     eax, [ebp - LINE_MOST]
    call    string_length
    mov     ecx, eax
    mov     edi, eax
    mov     eax, ebx
    lea     esi, [ebp - LINE_MOST]
    call    file_write
    jc      2f
    cmp     eax, edi
    mov     eax, ERROR_NO_SPACE
    jb      2f
    mov     eax, ebx
    call    file_sync
2:  pushfd
    push    eax
    mov     eax, ebx
    call    file_close
    pop     eax
    popfd
    ret
.Lssh_key_append_none:
    PRINT   "ssh-key: there is no volume at /net: the key is known until the machine is off\n"
    clc
.Lssh_key_append_done:
    ret

# Enters the key into the table, and has the service listen.
# In: EBP frame of ssh_key_add.
# Out: CF and EAX error.
# Clobbers: all but EBP.
ssh_key_enter:
    mov     eax, offset ssh_keys_mutex
    call    mutex_lock
    mov     eax, [ssh_keys_count]
    cmp     eax, SSH_KEYS
    jae     1f
    imul    edi, eax, SSH_KEY_SIZE
    add     edi, offset ssh_keys
    lea     esi, [ebp - LINE_MOST - SSH_KEY_SIZE]
    mov     ecx, SSH_KEY_SIZE / 4
    rep movsd
    inc     dword ptr [ssh_keys_count]
1:  mov     eax, offset ssh_keys_mutex
    call    mutex_unlock
    mov     eax, offset ssh_keys_changed
    call    event_signal
    clc
    ret

# Forgets a key: its line goes out of the file. Whoever is connected stays so. May sleep.
# In: EAX argc, EDX argv.
# Out: EAX status; CF when misused.
ssh_key_remove:
    cmp     eax, 3
    jne     ssh_key_misused
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, [edx + 8]
    call    ssh_keys_load
    call    ssh_key_named
    jc      .Lssh_key_remove_none
    call    ssh_key_strike
    jc      .Lssh_key_remove_failed
    mov     eax, offset ssh_keys_mutex
    call    mutex_lock
    mov     edi, ebx                    # the last one takes its place
    dec     dword ptr [ssh_keys_count]
    imul    esi, [ssh_keys_count], SSH_KEY_SIZE
    add     esi, offset ssh_keys
    mov     ecx, SSH_KEY_SIZE / 4
    rep movsd
    mov     eax, offset ssh_keys_mutex
    call    mutex_unlock
    cmp     dword ptr [ssh_keys_count], 0
    jne     1f
    call    ssh_close
1:  xor     eax, eax
    jmp     .Lssh_key_remove_done
.Lssh_key_remove_none:
    PRINTF  "ssh-key: no key has the note or fingerprint %s; ssh-key list shows both\n", ebp
    mov     eax, 1
    jmp     .Lssh_key_remove_done
.Lssh_key_remove_failed:
    call    error_text
    mov     edx, offset keys_path
    PRINTF  "ssh-key: %s: %s\n", edx, eax
    mov     eax, 1
.Lssh_key_remove_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    clc
    ret

# Finds a key by its note or its fingerprint.
# In: EBP text.
# Out: EBX entry; CF when there is none.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_key_named:
    sub     esp, FINGERPRINT_BYTES
    mov     ebx, offset ssh_keys
    mov     esi, [ssh_keys_count]
1:  test    esi, esi
    stc
    jz      2f
    lea     eax, [ebx + KEY_NOTE]
    mov     edx, ebp
    call    string_compare
    je      2f
    lea     eax, [ebx + KEY_PUBLIC]
    mov     edi, esp
    call    ssh_fingerprint
    mov     eax, esp
    mov     edx, ebp
    call    string_compare
    je      2f
    add     ebx, SSH_KEY_SIZE
    dec     esi
    jmp     1b
2:  lea     esp, [esp + FINGERPRINT_BYTES]
    ret

# Writes the file without the lines of a key, if there is a file. May sleep.
# In: EBX entry.
# Out: CF and EAX error; then the file is as it was.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
ssh_key_strike:
    push    ebp
    mov     ebp, ebx
    call    ssh_keys_read
    jc      .Lssh_key_strike_unread
    sub     esp, SSH_KEY_SIZE + 64
    push    ebx                         # [esp]: the file
    mov     esi, offset keys_path
    lea     edi, [esp + 4 + SSH_KEY_SIZE]
    call    file_open_aside
    jc      .Lssh_key_strike_free
    push    eax                         # [esp]: the new file
    mov     esi, ebx
.Lssh_key_strike_line:
    call    ssh_keys_line
    mov     eax, 0
    jc      .Lssh_key_strike_close
    push    esi
    push    edx
    mov     eax, edx
    lea     edi, [esp + 16]
    call    ssh_key_parse
    pop     edx
    jc      1f
    mov     esi, ebp
    mov     ecx, ED25519_KEY_BYTES / 4
    repe cmpsd
    je      2f
1:  mov     esi, edx
    mov     eax, edx
    call    string_length
    mov     byte ptr [esi + eax], 10
    lea     ecx, [eax + 1]
    mov     edi, ecx
    mov     eax, [esp + 4]
    call    file_write
    pop     esi
    jc      .Lssh_key_strike_close
    cmp     eax, edi
    jae     .Lssh_key_strike_line
    mov     eax, ERROR_NO_SPACE
    jmp     .Lssh_key_strike_close
2:  pop     esi
    jmp     .Lssh_key_strike_line
.Lssh_key_strike_close:
    mov     edx, eax
    pop     eax
    lea     esi, [esp + 4 + SSH_KEY_SIZE]
    mov     edi, offset keys_path
    call    file_close_aside
.Lssh_key_strike_free:
    pop     ebx
    pushfd
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    popfd
    lea     esp, [esp + SSH_KEY_SIZE + 64]
    jmp     .Lssh_key_strike_done
.Lssh_key_strike_unread:
    cmp     eax, ERROR_NOT_FOUND
    je      .Lssh_key_strike_done       # CF is clear
    cmp     eax, ERROR_NOT_MOUNTED
    je      .Lssh_key_strike_done
    stc
.Lssh_key_strike_done:
    mov     ebx, ebp
    pop     ebp
    ret
