# What becomes of pushed modules when the machine starts: those of the desired state are loaded, one after the other,
# and what cannot be is dropped with a word. Before each the state notes that it is tried. A start that comes no further
# tries once more; then the module is dropped, so no module can keep a machine from starting. Programs are there before
# the settings and the first service (asm/services/pushed-program.s).

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "file.inc"
.include "fs.inc"
.include "log.inc"
.include "service.inc"
.include "pushed.inc"

TRIES                   = 2
LINE_BYTES              = 160

STRING pushed_source, "modules"

.text

# Takes up what was pushed, once /net is mounted; programs are there when this returns. May sleep.
.global pushed_look
pushed_look:
    push    ebx
    push    esi
    push    edi
    mov     eax, offset pushed_mutex
    call    mutex_lock
    call    pushed_load
    call    pushed_programs_begin
    mov     eax, offset pushed_mutex
    call    mutex_unlock
    pop     edi
    pop     esi
    pop     ebx
    ret

# Begins to load modules, after that.
.global pushed_begin
pushed_begin:
    mov     eax, offset pushed_task
    xor     edx, edx
    LOAD_STRING ecx, "modules"
    call    task_create
    ret

# The task: loads all, and ends.
pushed_task:
    call    task_hold
    mov     eax, offset pushed_mutex
    call    mutex_lock
    mov     edi, offset pushed_state + PUSHED_ENTRIES
    xor     ebp, ebp                    # EBP: entry, counted from 0; EDI: where it is
.Lpushed_task_next:
    cmp     ebp, [pushed_state + PUSHED_COUNT]
    jae     .Lpushed_task_over
    test    dword ptr [edi + DESIRED_FLAGS], PUSHED_PROGRAM
    jnz     1f
    call    pushed_start_one
    jc      .Lpushed_task_drop
1:  inc     ebp
    add     edi, DESIRED_SIZE
    jmp     .Lpushed_task_next
.Lpushed_task_drop:
    call    pushed_drop
    jnc     .Lpushed_task_next
    jmp     .Lpushed_task_done          # the volume cannot be written
.Lpushed_task_over:
    call    pushed_copy
    xor     eax, eax
    cmp     [pushed_next + PUSHED_TRIED], eax
    je      .Lpushed_task_done
    mov     [pushed_next + PUSHED_TRIED], eax
    mov     [pushed_next + PUSHED_TRIES], eax
    call    pushed_save
.Lpushed_task_done:
    call    pushed_sweep
    mov     eax, offset pushed_mutex
    call    mutex_unlock
    jmp     task_unhold

# Takes up the desired state. One that is damaged is as none. May sleep.
# Clobbers: all but EBP.
pushed_load:
    LOAD_STRING eax, "/net"
    call    mount_find
    jc      .Lpushed_load_done
    mov     edx, offset pushed_class
    mov     ecx, offset pushed_next
    mov     esi, PUSHED_SIZE
    call    object_load
    jc      .Lpushed_load_none
    cmp     eax, PUSHED_SIZE
    jne     .Lpushed_load_damaged
    cmp     dword ptr [pushed_next + PUSHED_MAGIC], PUSHED_MAGIC_VALUE
    jne     .Lpushed_load_damaged
    cmp     dword ptr [pushed_next + PUSHED_VERSION], PUSHED_VERSION_VALUE
    jne     .Lpushed_load_damaged
    mov     ecx, [pushed_next + PUSHED_COUNT]
    cmp     ecx, PUSHED_MODULES
    ja      .Lpushed_load_damaged
    mov     esi, offset pushed_next + PUSHED_ENTRIES
1:  sub     ecx, 1
    jb      2f
    push    ecx
    mov     eax, esi
    call    pushed_name_is_good
    pop     ecx
    jc      .Lpushed_load_damaged
    mov     eax, [esi + DESIRED_BYTES]
    dec     eax
    cmp     eax, PUSHED_BYTES_MAXIMUM
    jae     .Lpushed_load_damaged
    cmp     dword ptr [esi + DESIRED_BEFORE_BYTES], PUSHED_BYTES_MAXIMUM
    ja      .Lpushed_load_damaged
    add     esi, DESIRED_SIZE
    jmp     1b
2:  jmp     pushed_settled
.Lpushed_load_damaged:
    LOAD_STRING edx, "what was pushed is not known: pushed_modules is damaged, or of another version"
    mov     eax, offset pushed_source
    mov     ecx, LOG_WARNING
    call    log_write
.Lpushed_load_none:
    mov     edi, offset pushed_next
    mov     ecx, PUSHED_SIZE / 4
    xor     eax, eax
    rep stosd
    jmp     pushed_settled
.Lpushed_load_done:
    ret

# Whether a name can be that of a pushed module: letters, digits and -.
# In: EAX name, in PUSHED_NAME_BYTES.
# Out: CF when not.
# Clobbers: EAX, ECX, EDX.
.global pushed_name_is_good
pushed_name_is_good:
    xor     ecx, ecx
1:  mov     dl, [eax + ecx]
    test    dl, dl
    jz      3f
    cmp     dl, '-'
    je      2f
    cmp     dl, '0'
    jb      4f
    cmp     dl, '9'
    jbe     2f
    or      dl, 0x20
    sub     dl, 'a'
    cmp     dl, 'z' - 'a'
    ja      4f
2:  inc     ecx
    cmp     ecx, PUSHED_NAME_LENGTH
    jbe     1b
4:  stc
    ret
3:  cmp     ecx, 1                      # CF when it is empty
    ret

# Loads a module of the desired state. May sleep.
# In: EDI its entry, EBP its number.
# Out: CF and EDX why it is dropped.
# Clobbers: EAX, EBX, ECX, ESI.
pushed_start_one:
    call    pushed_copy
    lea     eax, [ebp + 1]
    LOAD_STRING edx, "two starts came no further"
    cmp     [pushed_next + PUSHED_TRIED], eax
    je      1f
    mov     [pushed_next + PUSHED_TRIED], eax
    mov     dword ptr [pushed_next + PUSHED_TRIES], 0
1:  cmp     dword ptr [pushed_next + PUSHED_TRIES], TRIES
    cmc
    jc      .Lpushed_start_one_done
    inc     dword ptr [pushed_next + PUSHED_TRIES]
    call    pushed_save                 # of a volume that cannot be written it is loaded all the same
    call    pushed_start_proved
    jc      .Lpushed_start_one_done
    mov     eax, edi
    call    service_find
    LOAD_STRING edx, "the kernel has no service of this name"
    jc      .Lpushed_start_one_done
    mov     ebx, eax
    cmp     dword ptr [ebx + SERVICE_PART], 1
    jc      .Lpushed_start_one_done
    push    edi
    push    ebp
    call    pushed_take
    pop     ebp
    pop     edi
.Lpushed_start_one_done:
    ret

# Whether what the desired state names is for this kernel, and its file as it was pushed. May sleep.
# In: EDI its entry.
# Out: pushed_path, pushed_label; CF and EDX why it is dropped.
# Clobbers: EAX, ECX, ESI.
.global pushed_start_proved
pushed_start_proved:
    LOAD_STRING edx, "it was pushed for another kernel"
    test    dword ptr [edi + DESIRED_FLAGS], PUSHED_KEPT
    jnz     1f
    mov     eax, [boot_info + bi_revision]
    cmp     eax, [edi + DESIRED_REVISION]
    jne     2f
    mov     eax, [running_checksum]
    cmp     eax, [edi + DESIRED_CHECKSUM]
    jne     2f
1:  mov     eax, edi
    lea     edx, [edi + DESIRED_SHA256]
    call    pushed_names
    mov     esi, edi
    push    edi
    call    pushed_prove
    pop     edi
    ret
2:  stc
    ret

# Takes a module or a program out of the desired state, and says so. May sleep.
# In: EDI its entry, EDX why.
# Out: CF when that cannot be written.
# Clobbers: EAX, EBX, ECX, EDX, ESI.
.global pushed_drop
pushed_drop:
    FRAME   LINE_BYTES
    push    edi
    lea     esi, [ebp - LINE_BYTES]
    SNPRINTF esi, LINE_BYTES, "%s is the image's own again: %s", edi, edx
    mov     eax, esi
    PRINTF  "module: %s\n", eax
    mov     edx, esi
    mov     eax, offset pushed_source
    mov     ecx, LOG_WARNING
    call    log_write
    call    pushed_copy
    mov     eax, edi
    call    pushed_remove
    mov     dword ptr [pushed_next + PUSHED_TRIED], 0
    mov     dword ptr [pushed_next + PUSHED_TRIES], 0
    call    pushed_save
    pop     edi
    ENDFRAME
    ret
