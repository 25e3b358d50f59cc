# Loads a kernel of a higher revision from others, and installs it in the slot that is not good
# (docs/protocols/upgrade.md, "Propagation"). The signature comes first. Each 64 KiB are proven as they arrive, whoever
# sent them, and what was right stays when a source fails; it is in memory until all of it is there, so a load that
# fails has changed nothing.

.include "macros.inc"
.include "errors.inc"
.include "tasks.inc"
.include "cpu.inc"
.include "net.inc"
.include "bootrecord.inc"
.include "slots.inc"
.include "signature.inc"
.include "download.inc"

HTTP_PORT               = 80
SECTOR_SHIFT            = 9
SECTOR_BYTES            = 512
STEP_MS                 = 500           # how often Ctrl-C is looked for

# Names those who may have the kernel of revision EDX, the best first: EDI where their addresses go, ECX how many fit ->
# EAX how many.
HOOK download_sources, fetch_nobody

.pushsection .rodata
.balign 4
fetch_pauses:           .long 2000, 4000, 8000, 0   # ms after each round
.popsection
STRING word_http_scheme, "http://"
STRING said_aborted, "Ctrl-C was typed"
STRING said_revision, "has the signature of another revision"
STRING said_kernel, "has no kernel, or a damaged one"
STRING said_size, "has a kernel of a length that none can have, in bytes:"
STRING said_no_memory, "out of memory"
STRING said_running, "the kernel that runs from the other slot is not confirmed"

.bss
.balign 4
fetch_mutex:            .space MUTEX_SIZE

.text

# Loads a kernel into the slot, of the disk that was started, that is not good; what starts next stays as it is. May
# sleep, for minutes.
# In: EAX revision, 0 for any; ECX FETCH_UNSIGNED, FETCH_LINKED or 0; ESI URL, NUL terminated, 0 for the cluster's
# sources, or the address of a linked cluster.
# Out: EAX slot; CF and EAX REASON_*, and what was wrong is printed.
.global download_fetch
download_fetch:
    push    ecx
    push    eax
    call    slot_disk
    pop     edx
    pop     ecx
    xchg    eax, edx
    jnc     download_kernel
    PRINT   "kernel: this machine was not started from a disk, so it has no slot for it\n"
    mov     eax, REASON_SPACE
    stc
    ret

# Loads a kernel into the slot of a disk that is not good. One at a time. May sleep, for minutes.
# In: EAX revision, 0 for any; EDX name of the disk; ECX FETCH_TRIAL, FETCH_UNSIGNED, FETCH_BREAKS; ESI URL, NUL
# terminated, 0 for the cluster's sources.
# Out: EAX slot; CF and EAX REASON_*, and what was wrong is printed.
# Locks: fetch_mutex all the time, so that its task is not ended from outside; slots_mutex while it looks and writes.
.global download_kernel
download_kernel:
    push    ebx
    push    edi
    push    eax
    push    edx
    push    ecx
    mov     eax, offset fetch_mutex
    call    mutex_lock
    mov     eax, FETCH_SIZE
    call    malloc
    pop     ecx
    pop     edx
    pop     edi
    jc      .Ldownload_kernel_memory
    mov     ebx, eax
    push    edi
    push    ecx
    mov     edi, eax
    mov     ecx, FETCH_SIZE / 4
    xor     eax, eax
    rep stosd
    pop     [ebx + FETCH_FLAGS]
    pop     [ebx + FETCH_REVISION]
    mov     [ebx + FETCH_DISK], edx
    call    fetch_sources
    jc      1f
    call    fetch_rounds
    jc      1f
    call    fetch_put
1:  call    fetch_report                # EAX, CF
    call    fetch_free
    jmp     .Ldownload_kernel_unlock
.Ldownload_kernel_memory:
    PRINTF  "kernel: %s: out of memory\n", edx
    mov     eax, REASON_SPACE
    stc
.Ldownload_kernel_unlock:
    pushfd
    push    eax
    mov     eax, offset fetch_mutex
    call    mutex_unlock
    pop     eax
    popfd
    pop     edi
    pop     ebx
    ret

# Gives all memory back.
# In: EBX fetch.
# Clobbers: nothing, and no flag.
fetch_free:
    pushfd
    pushad
    mov     eax, [ebx + FETCH_SIGNATURE]
    test    eax, eax
    jz      1f
    mov     edx, SIGNATURE_PAGES
    call    page_free
1:  call    fetch_image_free
    mov     eax, ebx
    call    mfree
    popad
    popfd
    ret

# Gives the memory of the image back.
# In: EBX fetch.
# Clobbers: EAX, ECX, EDX.
fetch_image_free:
    xor     eax, eax
    xchg    eax, [ebx + FETCH_IMAGE]
    test    eax, eax
    jz      1f
    mov     edx, [ebx + FETCH_BYTES]
    add     edx, PAGE_SIZE - 1
    shr     edx, 12
    call    page_free
1:  ret

# It has failed for good, and not by a source.
# In: EBX fetch, EAX text, ECX REASON_*.
# Out: CF set.
# Clobbers: nothing.
fetch_fails:
    mov     [ebx + FETCH_SAID], eax
    mov     [ebx + FETCH_REASON], ecx
    stc
    ret

# Whether Ctrl-C was typed at the command that loads.
# In: EBX fetch.
# Out: CF when it was: it has failed for good.
# Clobbers: EAX, ECX.
.global fetch_broken
fetch_broken:
    test    dword ptr [ebx + FETCH_FLAGS], FETCH_BREAKS
    jz      1f                          # CF is clear
    call    break_check
    mov     eax, offset said_aborted
    mov     ecx, REASON_SOURCE
    jc      fetch_fails
1:  ret

# Finds out whom to ask, and for what.
# In: EBX fetch, ESI URL or 0.
# Out: CF when that is not to be found out.
# Clobbers: EAX, ECX, EDX, EDI.
fetch_sources:
    push    esi
    call    kernel_keys_recall
    mov     ecx, REASON_UNPROVEN
    jc      .Lfetch_sources_failed
    test    dword ptr [ebx + FETCH_FLAGS], FETCH_LINKED
    jnz     .Lfetch_sources_linked
    test    esi, esi
    jnz     .Lfetch_sources_url
    mov     dword ptr [ebx + FETCH_PORT], HTTP_PORT
    lea     eax, [ebx + FETCH_HOST]
    LOAD_STRING edx, "cluster"
    mov     ecx, FETCH_HOST_BYTES
    call    string_copy
    lea     eax, [ebx + FETCH_PATH]
    SNPRINTF eax, FETCH_PATH_BYTES, "/kernel/%u", [ebx+FETCH_REVISION]
    call    fetch_members
    jmp     1f
.Lfetch_sources_linked:
    mov     dword ptr [ebx + FETCH_COUNT], 1
    mov     [ebx + FETCH_SOURCES + SOURCE_ADDRESS], esi
    clc
    jmp     .Lfetch_sources_done
.Lfetch_sources_url:
    call    fetch_url
1:  mov     ecx, REASON_SOURCE
    jnc     .Lfetch_sources_done
.Lfetch_sources_failed:
    call    fetch_fails
.Lfetch_sources_done:
    pop     esi
    ret

# Nobody knows others.
# Out: EAX 0.
fetch_nobody:
    xor     eax, eax
    ret

# Takes members of the cluster as sources.
# In: EBX fetch.
# Out: CF and EAX text when there are none.
# Clobbers: ECX, EDX, ESI, EDI.
fetch_members:
    sub     esp, SOURCES_MAXIMUM * 4
    mov     edi, esp
    mov     ecx, SOURCES_MAXIMUM
    mov     edx, [ebx + FETCH_REVISION]
    call    [download_sources]
    mov     edx, esp
    call    fetch_entries
    lea     esp, [esp + SOURCES_MAXIMUM * 4]
    LOAD_STRING eax, "the cluster has no other member to load it from"
    ret

# Makes entries of addresses.
# In: EBX fetch, EDX addresses, EAX how many, at most SOURCES_MAXIMUM.
# Out: CF when there are none.
# Clobbers: EAX, ECX, EDX, EDI.
fetch_entries:
    CHECK   eax, be, SOURCES_MAXIMUM, "fetch_entries: more sources than there is room for"
    mov     [ebx + FETCH_COUNT], eax
    mov     ecx, eax
    lea     edi, [ebx + FETCH_SOURCES]
    sub     eax, 1
    jb      2f
1:  mov     eax, [edx]
    add     edx, 4
    mov     [edi + SOURCE_ADDRESS], eax
    add     edi, SOURCE_SIZE
    dec     ecx
    jnz     1b
    clc
2:  ret

# Takes a URL apart, `http://HOST[:PORT]/PATH`, and finds the addresses of its host. May sleep.
# In: EBX fetch, ESI URL.
# Out: CF and EAX text.
# Clobbers: ECX, EDX, ESI, EDI.
fetch_url:
    mov     eax, esi
    mov     edx, offset word_http_scheme
    call    http_word                   # EDI: after it
    LOAD_STRING eax, "only http:// is known here"
    jne     .Lfetch_url_bad
    mov     esi, edi
    lea     edi, [ebx + FETCH_HOST]
    lea     ecx, [ebx + FETCH_HOST + FETCH_HOST_BYTES - 1]
    LOAD_STRING eax, "the URL names no host"
1:  mov     dl, [esi]
    cmp     dl, ':'
    je      2f
    cmp     dl, '/'
    je      2f
    cmp     dl, ' '
    jbe     .Lfetch_url_bad
    cmp     edi, ecx
    jae     .Lfetch_url_bad
    mov     [edi], dl
    inc     edi
    inc     esi
    jmp     1b
2:  mov     byte ptr [edi], 0
    cmp     byte ptr [ebx + FETCH_HOST], 0
    je      .Lfetch_url_bad
    mov     dword ptr [ebx + FETCH_PORT], HTTP_PORT
    cmp     dl, ':'
    jne     .Lfetch_url_path
    lea     eax, [esi + 1]
    call    parse_number
    mov     esi, edx
    mov     edx, eax
    LOAD_STRING eax, "a port is a number from 1 to 65535"
    jc      .Lfetch_url_done
    mov     [ebx + FETCH_PORT], edx
    dec     edx
    cmp     edx, 65535
    jae     .Lfetch_url_bad
.Lfetch_url_path:
    call    fetch_path
    jc      .Lfetch_url_done
    lea     eax, [ebx + FETCH_HOST]
    sub     esp, SOURCES_MAXIMUM * 4
    mov     edx, esp
    mov     ecx, SOURCES_MAXIMUM
    call    resolve
    jc      .Lfetch_url_unknown
    mov     edx, esp
    call    fetch_entries
    lea     esp, [esp + SOURCES_MAXIMUM * 4]
    ret
.Lfetch_url_unknown:
    lea     esp, [esp + SOURCES_MAXIMUM * 4]
    call    error_text
.Lfetch_url_bad:
    stc
.Lfetch_url_done:
    ret

# Takes over the path of a URL.
# In: EBX fetch, ESI path.
# Out: FETCH_PATH; CF and EAX text.
# Clobbers: ECX, EDX, ESI, EDI.
fetch_path:
    LOAD_STRING eax, "the URL names no file"
    lea     edi, [ebx + FETCH_PATH]
    lea     ecx, [ebx + FETCH_PATH + FETCH_PATH_BYTES - 1]
    cmp     byte ptr [esi], '/'
    jne     8f
    cmp     byte ptr [esi + 1], 0
    je      8f
1:  mov     dl, [esi]
    inc     esi
    test    dl, dl
    jz      2f
    LOAD_STRING eax, "the URL of a kernel has no blanks, no ? and no #, and its path at most 511 characters"
    cmp     dl, ' '
    jbe     8f
    cmp     dl, '?'
    je      8f
    cmp     dl, '#'
    je      8f
    cmp     edi, ecx
    jae     8f
    mov     [edi], dl
    inc     edi
    jmp     1b
2:  mov     byte ptr [edi], 0           # CF is clear
    ret
8:  stc
    ret

# Asks one source after the other, those that lied at the end, and begins again a few times.
# In: EBX fetch.
# Out: CF when none of them gave all.
# Clobbers: EAX, ECX, EDX, EDI.
fetch_rounds:
    push    esi
    mov     esi, offset fetch_pauses
.Lfetch_rounds_round:
    xor     edx, edx                    # EDX: 1 for those that lied
    call    fetch_round
    jnc     .Lfetch_rounds_done
    cmp     dword ptr [ebx + FETCH_REASON], 1
    cmc
    jc      .Lfetch_rounds_done
    mov     edx, 1
    call    fetch_round
    jnc     .Lfetch_rounds_done
    cmp     dword ptr [ebx + FETCH_REASON], 1
    cmc
    jc      .Lfetch_rounds_done
    lodsd
    cmp     eax, 1
    jc      .Lfetch_rounds_done
    call    fetch_pause
    jnc     .Lfetch_rounds_round
.Lfetch_rounds_done:
    pop     esi
    ret

# Waits before the next round. May sleep.
# In: EBX fetch, EAX ms.
# Out: CF when Ctrl-C was typed.
# Clobbers: EAX, ECX, EDX.
fetch_pause:
    push    esi
    mov     esi, eax
1:  mov     eax, STEP_MS
    call    task_sleep
    call    fetch_broken
    jc      2f
    sub     esi, STEP_MS
    ja      1b                          # CF is clear
2:  pop     esi
    ret

# Asks each source once, of those that lied or of the others.
# In: EBX fetch, EDX 1 for those that lied, 0 for the others.
# Out: CF when none of them gave all.
# Clobbers: EAX, ECX, EDX, EDI.
fetch_round:
    push    esi
    push    ebp
    mov     ebp, edx
    mov     esi, [ebx + FETCH_COUNT]
    lea     edi, [ebx + FETCH_SOURCES]
1:  cmp     [edi + SOURCE_LIED], ebp
    jne     2f
    push    esi
    call    fetch_try
    pop     esi
    jnc     3f
    cmp     dword ptr [ebx + FETCH_REASON], 0
    jne     4f
2:  add     edi, SOURCE_SIZE
    dec     esi
    jnz     1b
4:  stc
3:  pop     ebp
    pop     esi
    ret

# Asks one source for what is missing.
# In: EBX fetch, EDI source.
# Out: CF when it did not give all.
# Clobbers: EAX, ECX, EDX, ESI.
fetch_try:
    test    dword ptr [ebx + FETCH_FLAGS], FETCH_UNSIGNED
    jnz     1f
    cmp     dword ptr [ebx + FETCH_SIGNED], 0
    jne     1f
    call    fetch_sign
    jc      2f
1:  call    source_kernel
    jc      2f
    call    fetch_whole
2:  ret

# Gets the signature, and proves it: all that it says is looked at before the first byte of the kernel is asked for.
# In: EBX fetch, EDI source.
# Out: CF when the source has none that is right, or the kernel cannot be installed here.
# Clobbers: EAX, ECX, EDX, ESI.
fetch_sign:
    cmp     dword ptr [ebx + FETCH_SIGNATURE], 0
    jne     1f
    mov     eax, SIGNATURE_PAGES
    call    page_alloc
    jc      .Lfetch_sign_memory
    mov     [ebx + FETCH_SIGNATURE], eax
1:  call    source_signature
    jc      .Lfetch_sign_done
    mov     edx, eax
    mov     eax, [ebx + FETCH_SIGNATURE]
    call    signature_prove
    jc      .Lfetch_sign_unproven
    push    ebx
    mov     ebx, [ebx + FETCH_SIGNATURE]
    call    signature_fits
    mov     edx, [ebx + SIGNATURE_REVISION]
    pop     ebx
    jc      .Lfetch_sign_unproven
    mov     eax, offset said_revision
    cmp     edx, [ebx + FETCH_REVISION]
    je      2f
    cmp     dword ptr [ebx + FETCH_REVISION], 0
    jne     .Lfetch_sign_unproven
2:  mov     [ebx + FETCH_REVISION], edx
    mov     eax, [ebx + FETCH_SIGNATURE]
    mov     eax, [eax + SIGNATURE_IMAGE_BYTES]
    call    fetch_room
    jc      .Lfetch_sign_done
    mov     dword ptr [ebx + FETCH_SIGNED], 1
    ret
.Lfetch_sign_memory:
    mov     eax, offset said_no_memory
    mov     ecx, REASON_SPACE
    jmp     fetch_fails
.Lfetch_sign_unproven:
    or      dword ptr [ebx + FETCH_FLAGS], FETCH_UNPROVEN
    or      ecx, -1
    call    source_says
.Lfetch_sign_done:
    ret

# Makes room for a kernel: looks whether the slot takes it, and whether its revision may be tried. May sleep.
# In: EBX fetch, EDI source, EAX bytes.
# Out: FETCH_BYTES, FETCH_IMAGE; CF when there is none, or no kernel has such a length.
# Clobbers: EAX, ECX, EDX, ESI.
.global fetch_room
fetch_room:
    mov     ecx, eax
    test    eax, SECTOR_BYTES - 1
    jnz     .Lfetch_room_length
    dec     eax                         # so that 0 is too large
    cmp     eax, SIGNED_BYTES_MAX
    jae     .Lfetch_room_length
    mov     [ebx + FETCH_BYTES], ecx
    mov     esi, offset fetch_fits
    call    fetch_with_record
    jc      .Lfetch_room_none
    mov     eax, [ebx + FETCH_BYTES]
    add     eax, PAGE_SIZE - 1
    shr     eax, 12
    call    page_alloc
    mov     [ebx + FETCH_IMAGE], eax
    jnc     1f
    mov     dword ptr [ebx + FETCH_IMAGE], 0
    mov     eax, offset said_no_memory
    mov     ecx, REASON_SPACE
    jmp     fetch_fails
.Lfetch_room_length:
    mov     eax, offset said_size
    jmp     source_says
.Lfetch_room_none:
1:  ret

# Calls a routine with the record of the disk. May sleep.
# In: EBX fetch, ESI routine: in EBX volume, EBP fetch, slots_record; out CF and EAX text, ECX REASON_*.
# Out: CF when it failed, which is for good.
# Clobbers: EAX, ECX, EDX, ESI.
# Locks: slots_mutex.
fetch_with_record:
    push    ebp
    push    edi
    mov     ebp, ebx
    mov     edi, esi
    mov     eax, offset slots_mutex
    call    mutex_lock
    mov     eax, [ebp + FETCH_DISK]
    call    slots_read
    jc      1f
    call    edi
    jmp     2f
1:  call    error_text
    mov     ecx, REASON_SPACE
2:  pushfd
    push    eax
    push    ecx
    mov     eax, offset slots_mutex
    call    mutex_unlock
    pop     ecx
    pop     eax
    popfd
    mov     ebx, ebp
    pop     edi
    pop     ebp
    jc      fetch_fails
    ret

# Looks whether a kernel may go into the slot that is not good, for fetch_with_record.
fetch_fits:
    mov     eax, [ebp + FETCH_REVISION]
    test    eax, eax                    # not known without a signature, until all is there
    jz      .Lfetch_fits_slot
    call    slots_barred
    jnc     .Lfetch_fits_slot
    LOAD_STRING eax, "its revision is below the lowest of this disk"
    jecxz   1f
    LOAD_STRING eax, "its revision has failed twice: `kernel allow REVISION` lets it be tried again"
1:  mov     ecx, REASON_UNPROVEN
    stc
    ret
.Lfetch_fits_slot:
    mov     ecx, [slots_record + sr_good]
    xor     ecx, 1
    test    dword ptr [ebp + FETCH_FLAGS], FETCH_TRIAL
    jnz     2f
    call    slots_running               # without a person nobody writes over what runs
    cmp     eax, ecx
    mov     eax, offset said_running
    je      .Lfetch_fits_space
2:  mov     esi, [ebp + FETCH_BYTES]
    shr     esi, SECTOR_SHIFT
    mov     edx, [ebp + FETCH_SIGNATURE]
    test    edx, edx
    jz      3f
    mov     edx, [edx + SIGNATURE_SIZE]
3:  call    slots_fits
    jnc     4f
    call    error_text
.Lfetch_fits_space:
    mov     ecx, REASON_SPACE
    stc
4:  ret

# Proves what chunks do not: that it is a kernel, and of the revision that was signed. Without a signature its checksum
# is all there is.
# In: EBX fetch, all bytes there; EDI source.
# Out: CF when it is not, and the source says so; it begins anew with another one.
# Clobbers: EAX, ECX, EDX, ESI.
fetch_whole:
    mov     eax, [ebx + FETCH_IMAGE]
    mov     edx, [ebx + FETCH_BYTES]
    call    kernel_prove
    jc      .Lfetch_whole_damaged
    mov     eax, [ebx + FETCH_IMAGE]
    mov     eax, [eax + ki_revision]
    cmp     dword ptr [ebx + FETCH_REVISION], 0
    jne     1f
    mov     [ebx + FETCH_REVISION], eax
1:  cmp     eax, [ebx + FETCH_REVISION]
    je      2f                          # CF is clear
    mov     eax, offset said_revision
    jmp     .Lfetch_whole_wrong
.Lfetch_whole_damaged:
    mov     eax, offset said_kernel
.Lfetch_whole_wrong:
    mov     dword ptr [ebx + FETCH_HAVE], 0
    or      dword ptr [ebx + FETCH_FLAGS], FETCH_UNPROVEN
    mov     dword ptr [edi + SOURCE_LIED], 1
    or      ecx, -1
    call    source_says
2:  ret

# Installs what was loaded. May sleep.
# In: EBX fetch.
# Out: EAX slot; CF when it failed.
# Clobbers: ECX, EDX, ESI, EDI.
fetch_put:
    mov     esi, offset fetch_write
    jmp     fetch_with_record

# Writes it, for fetch_with_record.
fetch_write:
    call    fetch_fits                  # the record may be another one since
    jc      3f
    push    ebp
    push    edi
    mov     edi, [ebp + FETCH_IMAGE]
    mov     esi, [ebp + FETCH_BYTES]
    shr     esi, SECTOR_SHIFT
    mov     edx, [ebp + FETCH_SIGNATURE]
    test    dword ptr [ebp + FETCH_FLAGS], FETCH_TRIAL
    jz      1f
    call    slots_put_trial
    mov     edx, ecx
    jmp     2f
1:  call    slots_put
    jc      2f
    push    ecx
    call    slots_write
    pop     edx
2:  pop     edi
    pop     ebp
    mov     ecx, REASON_SPACE
    jc      4f
    mov     eax, edx
3:  ret
4:  call    error_text
    stc
    ret

# Says what was wrong: here, or with each source. One that sent what was not signed is named in any case.
# In: EBX fetch, EAX slot, CF when it failed.
# Out: EAX slot; CF and EAX REASON_*.
# Clobbers: ECX, EDX, EDI.
fetch_report:
    push    esi
    mov     edx, 1                      # EDX: 1 for those alone that lied
    jnc     1f
    mov     eax, [ebx + FETCH_SAID]
    test    eax, eax
    jnz     .Lfetch_report_here
    PRINT   "kernel: no source has given it:\n"
    xor     edx, edx
1:  push    eax
    mov     esi, [ebx + FETCH_COUNT]
    lea     edi, [ebx + FETCH_SOURCES]
.Lfetch_report_source:
    test    esi, esi
    jz      .Lfetch_report_end
    cmp     edx, [edi + SOURCE_LIED]
    ja      2f
    call    fetch_report_source
2:  add     edi, SOURCE_SIZE
    dec     esi
    jmp     .Lfetch_report_source
.Lfetch_report_end:
    pop     eax
    test    edx, edx
    jnz     .Lfetch_report_done         # CF is clear
    mov     eax, REASON_UNPROVEN
    test    dword ptr [ebx + FETCH_FLAGS], FETCH_UNPROVEN
    jnz     3f
    mov     eax, REASON_SOURCE
3:  stc
    jmp     .Lfetch_report_done
.Lfetch_report_here:
    PRINTF  "kernel: %s: %s\n", [ebx+FETCH_DISK], eax
    mov     eax, [ebx + FETCH_REASON]
    stc
.Lfetch_report_done:
    pop     esi
    ret

# Says what one source said.
# In: EDI source.
# Clobbers: EAX, ECX.
fetch_report_source:
    mov     eax, [edi + SOURCE_SAID]
    test    eax, eax
    jz      2f
    cmp     byte ptr [edi + SOURCE_ADDRESS], 0
    je      3f
    cmp     dword ptr [edi + SOURCE_NUMBER], -1
    je      1f
    PRINTF  "kernel: %I: %s %u\n", [edi+SOURCE_ADDRESS], eax, [edi+SOURCE_NUMBER]
    ret
1:  PRINTF  "kernel: %I: %s\n", [edi+SOURCE_ADDRESS], eax
2:  ret
3:  cmp     dword ptr [edi + SOURCE_NUMBER], -1
    jne     4f
    PRINTF  "kernel: the linked cluster: %s\n", eax
    ret
4:  PRINTF  "kernel: the linked cluster: %s %u\n", eax, [edi+SOURCE_NUMBER]
    ret
