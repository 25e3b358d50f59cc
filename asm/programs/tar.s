# Makes, lists and unpacks archives of files in the form of POSIX's ustar; longer names of GNU and pax are read, too.

.include "program.inc"

DESCRIPTION "c|x|t[v][f ARCHIVE] [PATH...]", "make, unpack or list archives of files"
DETAIL "tar cf ARCHIVE PATH... makes one, tar xf ARCHIVE unpacks it in the current directory, tar tf ARCHIVE lists it; v"
DETAIL "says more. Without f the archive is the input or output. A file is unpacked as another one until it is whole; names"
DETAIL "that lead elsewhere, as /x and ../x do, are refused, and so are links and devices. All is as new as it is unpacked."

BLOCK_BYTES     = 512

# A header.
HEADER_NAME     = 0
HEADER_MODE     = 100
HEADER_USER     = 108
HEADER_GROUP    = 116
HEADER_BYTES    = 124
HEADER_TIME     = 136
HEADER_SUM      = 148
HEADER_KIND     = 156
HEADER_MAGIC    = 257
HEADER_PREFIX   = 345
NAME_MOST       = 100
PREFIX_MOST     = 155
SIZE_DIGITS     = 11

.text

# Takes what is to be done, the archive, and paths.
.global _start
_start:
    mov     esi, [esp + 8]
    lea     ebp, [esp + 12]             # EBP: address of the next argument's address
    test    esi, esi
    jz      misused
    cmp     byte ptr [esi], '-'
    jne     .Lletter
    inc     esi
.Lletter:
    lodsb
    test    al, al
    jz      .Lletters
    mov     edx, offset verbose
    cmp     al, 'v'
    je      .Lset
    cmp     al, 'f'
    je      .Lfile
    mov     edx, offset action
    cmp     al, 'c'
    je      .Laction
    cmp     al, 'x'
    je      .Laction
    cmp     al, 't'
    jne     misused
.Laction:
    cmp     dword ptr [action], 0
    jne     misused
.Lset:
    mov     [edx], al
    jmp     .Lletter
.Lfile:
    mov     eax, [ebp]
    test    eax, eax
    jz      misused
    add     ebp, 4
    cmp     word ptr [eax], '-'
    je      .Lletter
    mov     [archive], eax
    jmp     .Lletter
.Lletters:
    mov     al, [action]
    test    al, al
    jz      misused
    cmp     al, 'c'
    je      create
    cmp     dword ptr [ebp], 0          # single files are not picked out
    jne     misused
    mov     eax, [archive]
    call    input_open
    jc      finish
.Lentry:
    call    take_header
    jc      finish
    call    entry
    jmp     .Lentry

# Says what is wrong with the archive, and ends the program.
damaged:
    mov     eax, -ERROR_CORRUPT

# Says why the archive cannot be used, and ends the program.
# In: EAX negated error code.
archive_failed:
    mov     edx, [archive]
    test    edx, edx
    jnz     1f
    mov     edx, offset text_archive
1:  call    complain
    jmp     finish

# Takes bytes of the archive.
# In: EDI where they go, ECX how many.
# Out: EAX how many there were.
# Clobbers: ECX, EDX, EDI.
take:
    push    esi
    push    ebx
    mov     ebx, ecx
.Ltake_next:
    mov     ecx, [taken_end]
    sub     ecx, [taken]
    jnz     1f
    mov     [taken], ecx
    mov     [taken_end], ecx
    test    ebx, ebx
    jz      3f
    call    input_fill
    jc      3f
    mov     [taken_end], eax
    jmp     .Ltake_next
1:  cmp     ecx, ebx
    jbe     2f
    mov     ecx, ebx
2:  mov     esi, [taken]
    add     [taken], ecx
    sub     ebx, ecx
    add     esi, offset input_buffer
    push    ecx
    rep movsb
    pop     ecx
    add     [took], ecx
    test    ebx, ebx
    jnz     .Ltake_next
3:  xor     eax, eax
    xchg    eax, [took]
    pop     ebx
    pop     esi
    ret

# Takes the next header that is one of a file: those before it may say its name.
# Out: header, name, size; CF at the end of the archive.
# Clobbers: all registers but EBP.
take_header:
    mov     byte ptr [name], 0
.Ltake_header_next:
    mov     edi, offset header
    mov     ecx, BLOCK_BYTES
    call    take
    cmp     eax, 1
    jb      .Ltake_header_done
    cmp     eax, BLOCK_BYTES
    jne     damaged
    mov     edi, offset header
    xor     eax, eax
    mov     ecx, BLOCK_BYTES
    repe scasb
    stc
    je      .Ltake_header_done          # an empty block is the end
    mov     esi, offset header + HEADER_SUM
    mov     ecx, 8
    call    octal
    push    eax
    call    header_sum
    pop     edx
    cmp     eax, edx
    jne     damaged
    cmp     byte ptr [header + HEADER_BYTES], 0x80
    mov     eax, -ERROR_TOO_LONG        # a size in another form: more than 8 GiB
    jae     archive_failed
    mov     esi, offset header + HEADER_BYTES
    mov     ecx, 12
    call    octal
    mov     [size], eax
    mov     [size + 4], edx
    mov     al, [header + HEADER_KIND]
    cmp     al, 'L'
    je      .Ltake_header_long
    cmp     al, 'x'
    je      .Ltake_header_pax
    cmp     al, 'g'
    je      .Ltake_header_pass
    cmp     byte ptr [name], 0
    jne     1f
    call    header_name
1:  clc
.Ltake_header_done:
    ret
.Ltake_header_pass:
    call    pass_data
    jmp     .Ltake_header_next
.Ltake_header_long:
    call    take_text
    mov     esi, offset text
    call    set_name
    jmp     .Ltake_header_next
.Ltake_header_pax:
    call    take_text
    call    pax_name
    jmp     .Ltake_header_next

# Takes the data of a header that is about the next one.
# Out: text, with a NUL.
# Clobbers: EAX, ECX, EDX, EDI.
take_text:
    cmp     dword ptr [size + 4], 0
    jne     damaged
    mov     ecx, [size]
    cmp     ecx, INPUT_BYTES
    ja      damaged
    mov     byte ptr [text + ecx], 0
    mov     edi, offset text
    push    ecx
    call    take
    pop     ecx
    cmp     eax, ecx
    jne     damaged
    jmp     pass_rest

# Finds a name among the records "LENGTH KEY=VALUE" of pax.
# In: text.
# Out: name, if there is one.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
pax_name:
    mov     esi, offset text
.Lpax_name_record:
    mov     edi, esi                    # EDI: its beginning
    xor     eax, eax
1:  movzx   ecx, byte ptr [esi]
    sub     ecx, '0'
    cmp     ecx, 10
    jae     2f
    imul    eax, eax, 10
    add     eax, ecx
    cmp     eax, INPUT_BYTES
    ja      damaged
    inc     esi
    jmp     1b
2:  test    eax, eax
    jz      4f                          # no more
    add     eax, edi                    # EAX: after it
    mov     edx, offset text
    add     edx, [size]
    cmp     eax, edx
    ja      damaged
    cmp     dword ptr [esi], ' ' + ('p' << 8) + ('a' << 16) + ('t' << 24)
    jne     3f
    cmp     word ptr [esi + 4], 'h' + ('=' << 8)
    jne     3f
    mov     byte ptr [eax - 1], 0       # its line end
    add     esi, 6
    push    eax
    call    set_name
    pop     eax
3:  mov     esi, eax
    jmp     .Lpax_name_record
4:  ret

# Sets the name.
# In: ESI text with a NUL.
# Clobbers: EAX, ECX, ESI, EDI.
set_name:
    mov     edi, offset name
    mov     ecx, PATH_BYTES
1:  lodsb
    stosb
    test    al, al
    jz      2f
    loop    1b
    mov     eax, -ERROR_TOO_LONG
    jmp     archive_failed
2:  ret

# Makes the name of what a header has: the prefix, a slash and the name.
# Clobbers: EAX, ECX, ESI, EDI.
header_name:
    mov     edi, offset name
    cmp     dword ptr [header + HEADER_MAGIC], 'u' + ('s' << 8) + ('t' << 16) + ('a' << 24)
    jne     1f
    cmp     byte ptr [header + HEADER_MAGIC + 5], 0
    jne     1f                          # GNU's own form has none
    mov     esi, offset header + HEADER_PREFIX
    mov     ecx, PREFIX_MOST
    call    copy_field
    cmp     edi, offset name
    je      1f
    mov     al, '/'
    stosb
1:  mov     esi, offset header + HEADER_NAME
    mov     ecx, NAME_MOST
    call    copy_field
    mov     byte ptr [edi], 0
    ret

# Copies a field, up to its NUL or its end.
# In: ESI field, ECX bytes, EDI where it goes.
# Out: EDI.
# Clobbers: EAX, ECX, ESI.
copy_field:
    lodsb
    test    al, al
    jz      1f
    stosb
    loop    copy_field
1:  ret

# Reads a number of a header.
# In: ESI field, ECX bytes.
# Out: EDX:EAX number; what is no digit ends it.
# Clobbers: EBX, ECX, ESI.
octal:
    xor     eax, eax
    xor     edx, edx
1:  movzx   ebx, byte ptr [esi]
    inc     esi
    cmp     bl, ' '
    je      2f
    sub     bl, '0'
    cmp     bl, 8
    jae     3f
    shld    edx, eax, 3
    shl     eax, 3
    or      eax, ebx
2:  loop    1b
3:  ret

# Adds up the bytes of the header; its own sum counts as blanks.
# Out: EAX.
# Clobbers: ECX, EDX.
header_sum:
    xor     eax, eax
    xor     ecx, ecx
1:  movzx   edx, byte ptr [header + ecx]
    cmp     ecx, HEADER_SUM
    jb      2f
    cmp     ecx, HEADER_SUM + 8
    jae     2f
    mov     edx, ' '
2:  add     eax, edx
    inc     ecx
    cmp     ecx, BLOCK_BYTES
    jb      1b
    ret

# Passes over the data of an entry.
# Clobbers: EAX, ECX, EDX, EDI.
pass_data:
    call    take_data
    jnc     pass_data
    ret

# Takes the next bytes of an entry's data.
# Out: data, EAX how many; CF at the end, when the rest of its block was passed over, too.
# Clobbers: ECX, EDX, EDI.
take_data:
    mov     ecx, INPUT_BYTES
    cmp     dword ptr [size + 4], 0
    jne     1f
    cmp     [size], ecx
    jae     1f
    mov     ecx, [size]
    jecxz   2f
1:  sub     [size], ecx
    sbb     dword ptr [size + 4], 0
    add     [data_taken], ecx
    push    ecx
    mov     edi, offset data
    call    take
    pop     ecx
    cmp     eax, ecx
    jne     damaged_part
    clc
    ret
2:  mov     ecx, [data_taken]
    call    pass_rest
    mov     dword ptr [data_taken], 0
    stc
    ret

# The archive ends within a file: what was unpacked of it is removed.
damaged_part:
    cmp     dword ptr [unpacked], 0
    je      damaged
    SYSTEM  close, [unpacked]
    call    part_remove
    jmp     damaged

# Passes over the rest of the last block.
# In: ECX bytes of data before it.
# Clobbers: EAX, ECX, EDX, EDI.
pass_rest:
    neg     ecx
    and     ecx, BLOCK_BYTES - 1
    mov     edi, offset padding
    jmp     take

# Lists or unpacks an entry.
# Clobbers: all registers but EBP.
entry:
    cmp     byte ptr [action], 't'
    je      .Lentry_list
    mov     eax, offset name
    mov     edx, -ERROR_NOT_PERMITTED
    call    leads_out
    jc      .Lentry_refused
    mov     edx, -ERROR_NOT_SUPPORTED
    mov     al, [header + HEADER_KIND]
    cmp     al, '5'
    je      1f
    test    al, al
    jz      1f
    cmp     al, '0'
    je      1f
    cmp     al, '7'
    jne     .Lentry_refused
1:  cmp     byte ptr [verbose], 0
    je      2f
    mov     eax, offset name
    call    out_name
2:  call    make_folders
    test    eax, eax
    js      .Lentry_failed
    jz      pass_data                   # it is a directory
    call    unpack
    ret
.Lentry_refused:
    mov     eax, edx
.Lentry_failed:
    mov     edx, offset name
    cmp     byte ptr [edx], 0
    jne     3f
    mov     edx, offset text_unnamed
3:  call    complain
    jmp     pass_data
.Lentry_list:
    cmp     byte ptr [verbose], 0
    je      4f
    call    out_size
4:  mov     eax, offset name
    call    out_name
    jmp     pass_data

# Prints a name; what is no character of a name in it, as ?.
# In: EAX name.
# Clobbers: EAX, ESI.
out_name:
    mov     esi, eax
1:  lodsb
    test    al, al
    jz      3f
    cmp     al, ' '
    jae     2f
    mov     al, '?'
2:  call    out_byte
    jmp     1b
3:  mov     al, 10
    jmp     out_byte

# Prints kind, size and time of an entry.
# Clobbers: all registers but EBP.
out_size:
    mov     al, [header + HEADER_KIND]
    mov     ah, '-'
    cmp     al, '5'
    jne     1f
    mov     ah, 'd'
1:  mov     al, ah
    call    out_byte
    mov     eax, [size]
    cmp     dword ptr [size + 4], 0
    je      2f
    or      eax, -1                     # 4 GiB and more
2:  mov     edx, 11
    call    out_number
    mov     al, ' '
    call    out_byte
    mov     esi, offset header + HEADER_TIME
    mov     ecx, 12
    call    octal
    call    out_date
    mov     al, ' '
    jmp     out_byte

# Whether a name is none, or leads out of the current directory.
# In: EAX name.
# Out: CF when so.
# Clobbers: EAX, ECX.
leads_out:
    mov     cl, [eax]
    cmp     cl, 1
    jb      4f
    cmp     cl, '/'
    je      3f
1:  cmp     word ptr [eax], '.' + ('.' << 8)
    jne     2f
    mov     cl, [eax + 2]
    test    cl, cl
    jz      3f
    cmp     cl, '/'
    je      3f
2:  mov     cl, [eax]                   # on to the next part
    inc     eax
    cmp     cl, '/'
    je      1b
    test    cl, cl
    jnz     2b
    ret                                 # CF is clear
3:  stc
4:  ret

# Makes the directories that an entry needs, and that which it is.
# Out: EAX 0 when it is a directory, 1 when not; negated error code.
# Clobbers: ECX, EDX, ESI.
make_folders:
    push    ebx
    mov     esi, offset name
.Lmake_folders_next:
    mov     al, [esi]
    test    al, al
    jz      .Lmake_folders_last
    inc     esi
    cmp     al, '/'
    jne     .Lmake_folders_next
    mov     byte ptr [esi - 1], 0
    call    make_folder
    mov     byte ptr [esi - 1], '/'
    test    eax, eax
    js      .Lmake_folders_done
    cmp     byte ptr [esi], 0
    jne     .Lmake_folders_next
    xor     eax, eax                    # it ends with a slash
    jmp     .Lmake_folders_done
.Lmake_folders_last:
    mov     eax, 1
    cmp     byte ptr [header + HEADER_KIND], '5'
    jne     .Lmake_folders_done
    call    make_folder
.Lmake_folders_done:
    pop     ebx
    ret

# Makes the directory `name`, unless there is one.
# Out: EAX 0; negated error code.
# Clobbers: EBX, ECX.
make_folder:
    SYSTEM  directory_make, "offset name"
    cmp     eax, -ERROR_EXISTS
    je      1f
    test    eax, eax
    ret
1:  SYSTEM  stat, "offset name", "offset about"
    test    eax, eax
    js      2f
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    mov     eax, 0
    je      2f
    mov     eax, -ERROR_NOT_DIRECTORY
2:  ret

# Unpacks a file. Where there is no space left the program ends.
# Clobbers: all registers but EBP.
unpack:
    mov     eax, offset name
    call    part_open
    jc      .Lunpack_refused
    mov     [unpacked], eax
.Lunpack_next:
    call    take_data
    jc      .Lunpack_whole
    mov     ecx, eax
    mov     edx, offset data
    mov     eax, [unpacked]
    call    write_all
    jnc     .Lunpack_next
    push    eax
    call    unpack_close
    call    part_remove
    pop     eax
    mov     edx, offset name
    call    complain
    jmp     finish
.Lunpack_whole:
    call    unpack_close
    mov     eax, offset name
    call    part_place
    test    eax, eax
    jns     1f
    mov     edx, offset name
    call    complain
1:  ret
.Lunpack_refused:
    mov     edx, offset name
    call    complain
    jmp     pass_data

# Closes the file that is unpacked.
# Clobbers: EAX, EBX.
unpack_close:
    xor     ebx, ebx
    xchg    ebx, [unpacked]
    SYSTEM  close, ebx
    ret

# Makes an archive of the paths.
# In: EBP address of the first one's address.
create:
    cmp     dword ptr [ebp], 0
    je      misused
    mov     dword ptr [target], 1
    mov     eax, [archive]
    test    eax, eax
    jz      .Lcreate_next
    call    part_open
    jc      archive_failed
    mov     [target], eax
.Lcreate_next:
    mov     eax, [ebp]
    test    eax, eax
    jz      .Lcreate_end
    add     ebp, 4
    call    add_path
    jmp     .Lcreate_next
.Lcreate_end:
    mov     edi, offset data
    mov     ecx, 2 * BLOCK_BYTES / 4
    xor     eax, eax
    rep stosd
    mov     edx, offset data
    mov     ecx, 2 * BLOCK_BYTES
    call    put_bytes
    cmp     dword ptr [archive], 0
    je      finish
    SYSTEM  close, [target]
    mov     eax, [archive]
    call    part_place
    test    eax, eax
    jns     finish
    jmp     archive_failed

# Writes to the archive. When that cannot be, it is removed and the program ends.
# In: EDX bytes, ECX how many.
# Clobbers: EAX, ECX, EDX.
put_bytes:
    mov     eax, [target]
    call    write_all
    jc      1f
    ret
1:  cmp     dword ptr [archive], 0
    je      archive_failed
    push    eax
    SYSTEM  close, [target]
    call    part_remove
    pop     eax
    jmp     archive_failed

# Adds a path, with all that is below it.
# In: EAX path.
# Clobbers: all registers but EBP.
add_path:
    mov     esi, eax
    call    path_set
    mov     edx, esi
    jc      .Ladd_path_failed
    mov     ecx, [path_length]
1:  cmp     ecx, 1                      # without slashes at its end
    jbe     2f
    cmp     byte ptr [path + ecx - 1], '/'
    jne     2f
    dec     ecx
    jmp     1b
2:  mov     eax, ecx
    call    path_cut
    SYSTEM  stat, esi, "offset about"
    mov     edx, esi
    test    eax, eax
    js      .Ladd_path_failed
    mov     eax, offset about
    call    add_entry
    cmp     dword ptr [about + STAT_KIND], NODE_DIRECTORY
    jne     3f
    mov     eax, offset add_entry
    jmp     walk
.Ladd_path_failed:
    jmp     complain
3:  ret

# Adds what is at `path`.
# In: EAX STAT record.
# Clobbers: EAX, ECX, EDX.
add_entry:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    call    is_archive
    je      .Ladd_entry_done
    mov     edi, offset header
    mov     ecx, BLOCK_BYTES / 4
    xor     eax, eax
    rep stosd
    cmp     dword ptr [ebp + STAT_KIND], NODE_OBJECT
    je      .Ladd_entry_refused
    call    split_name
    jc      .Ladd_entry_failed
    jz      .Ladd_entry_done            # it is / or . alone
    mov     dword ptr [handle], -1
    cmp     dword ptr [ebp + STAT_KIND], NODE_DIRECTORY
    je      1f
    SYSTEM  open, "offset path", FILE_READ
    test    eax, eax
    js      .Ladd_entry_failed
    mov     [handle], eax
1:  call    fill_header
    cmp     byte ptr [verbose], 0
    je      2f
    mov     eax, 2
    mov     edx, offset path
    call    text_add
    mov     eax, 2
    call    text_end
2:  mov     edx, offset header
    mov     ecx, BLOCK_BYTES
    call    put_bytes
    cmp     dword ptr [handle], 0
    jl      .Ladd_entry_done
    call    add_data
    SYSTEM  close, [handle]
.Ladd_entry_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret
.Ladd_entry_refused:
    mov     eax, -ERROR_NOT_SUPPORTED
.Ladd_entry_failed:
    mov     edx, offset path
    call    complain
    jmp     .Ladd_entry_done

# Whether a file is the archive that is being made.
# In: EBP STAT record.
# Out: ZF when so.
# Clobbers: EAX, ECX, EDX, ESI.
is_archive:
    mov     esi, offset part
    mov     edx, esi
1:  lodsb
    cmp     al, '/'
    jne     2f
    mov     edx, esi
2:  test    al, al
    jnz     1b
    cmp     [edx], al
    je      .Lis_archive_none
    xor     ecx, ecx
3:  mov     al, [edx + ecx]
    cmp     al, [ebp + STAT_NAME + ecx]
    jne     .Lis_archive_done
    inc     ecx
    test    al, al
    jnz     3b
    ret
.Lis_archive_none:
    test    esp, esp                    # there is none
.Lis_archive_done:
    ret

# Puts `path` into the header, a slash after a directory: the last part that fits as the name, the rest as the prefix.
# In: EBP STAT record.
# Out: CF and EAX negated error code when it is too long or leads up; ZF when there is nothing.
# Clobbers: EAX, ECX, EDX, ESI, EDI.
split_name:
    mov     esi, offset path
1:  cmp     byte ptr [esi], '/'         # without slashes before it
    jne     2f
    inc     esi
    jmp     1b
2:  mov     edi, offset name
    mov     ecx, PATH_BYTES
    call    copy_field
    cmp     edi, offset name
    je      .Lsplit_name_none
    cmp     word ptr [name], '.'
    je      .Lsplit_name_none
    cmp     dword ptr [ebp + STAT_KIND], NODE_DIRECTORY
    jne     3f
    mov     al, '/'
    stosb
3:  mov     byte ptr [edi], 0
    mov     eax, offset name
    call    leads_out
    mov     eax, -ERROR_NOT_PERMITTED
    jc      .Lsplit_name_done
    mov     ecx, edi
    sub     ecx, offset name            # ECX: bytes
    mov     esi, offset name            # ESI: where the name begins
    cmp     ecx, NAME_MOST
    jbe     .Lsplit_name_fits
    sub     edi, NAME_MOST + 1          # a slash here or later
.Lsplit_name_look:
    cmp     byte ptr [edi], 0
    je      .Lsplit_name_long
    cmp     byte ptr [edi + 1], 0
    je      .Lsplit_name_long
    inc     edi
    cmp     byte ptr [edi - 1], '/'
    jne     .Lsplit_name_look
    lea     ecx, [edi - 1]
    sub     ecx, esi
    cmp     ecx, PREFIX_MOST
    ja      .Lsplit_name_long
    push    edi
    mov     edi, offset header + HEADER_PREFIX
    rep movsb
    pop     esi
.Lsplit_name_fits:
    mov     edi, offset header + HEADER_NAME
    mov     ecx, NAME_MOST
    call    copy_field
    test    esp, esp                    # ZF and CF are clear
.Lsplit_name_done:
    ret
.Lsplit_name_long:
    mov     eax, -ERROR_TOO_LONG
    stc
    ret
.Lsplit_name_none:
    cmp     eax, eax
    ret

# Fills the rest of the header.
# In: EBP STAT record.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
fill_header:
    mov     eax, [ebp + STAT_BYTES]
    mov     edx, [ebp + STAT_BYTES + 4]
    mov     bl, '0'
    mov     esi, 0x1A4                  # as everybody has them
    cmp     dword ptr [ebp + STAT_KIND], NODE_DIRECTORY
    jne     1f
    xor     eax, eax
    xor     edx, edx
    mov     bl, '5'
    mov     esi, 0x1ED
1:  mov     [header + HEADER_KIND], bl
    mov     [size], eax
    mov     [size + 4], edx
    cmp     edx, 1
    ja      .Lfill_header_large
    mov     edi, offset header + HEADER_BYTES
    mov     ecx, SIZE_DIGITS
    call    put_octal
    mov     eax, esi
    xor     edx, edx
    mov     edi, offset header + HEADER_MODE
    mov     ecx, 7
    call    put_octal
    xor     eax, eax
    mov     edi, offset header + HEADER_USER
    mov     ecx, 7
    call    put_octal
    mov     edi, offset header + HEADER_GROUP
    mov     ecx, 7
    call    put_octal
    mov     eax, [ebp + STAT_MODIFIED]
    mov     edi, offset header + HEADER_TIME
    mov     ecx, SIZE_DIGITS
    call    put_octal
    mov     dword ptr [header + HEADER_MAGIC], 'u' + ('s' << 8) + ('t' << 16) + ('a' << 24)
    mov     dword ptr [header + HEADER_MAGIC + 4], 'r' + ('0' << 16) + ('0' << 24)
    call    header_sum
    xor     edx, edx
    mov     edi, offset header + HEADER_SUM
    mov     ecx, 6
    call    put_octal
    mov     byte ptr [header + HEADER_SUM + 7], ' '
    ret
.Lfill_header_large:
    mov     eax, -ERROR_TOO_LONG        # 8 GiB, which it has no digits for
    jmp     archive_failed

# Writes a number in octal.
# In: EDX:EAX number, EDI field, ECX digits.
# Clobbers: ECX.
put_octal:
    push    eax
    push    edx
    push    ebx
1:  mov     bl, al
    and     bl, 7
    add     bl, '0'
    mov     [edi + ecx - 1], bl
    shrd    eax, edx, 3
    shr     edx, 3
    loop    1b
    pop     ebx
    pop     edx
    pop     eax
    ret

# Adds the data of the file: as many bytes as its header says, whatever becomes of it meanwhile.
# In: size, handle.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
add_data:
    mov     eax, [size]
    or      eax, [size + 4]
    jz      .Ladd_data_done
    mov     esi, INPUT_BYTES            # ESI: bytes of this piece
    cmp     dword ptr [size + 4], 0
    jne     1f
    cmp     [size], esi
    jae     1f
    mov     esi, [size]
1:  sub     [size], esi
    sbb     dword ptr [size + 4], 0
    mov     edi, offset data
    mov     ecx, INPUT_BYTES / 4
    xor     eax, eax
    rep stosd
    xor     edi, edi
2:  mov     edx, esi
    sub     edx, edi
    jz      3f
    lea     ecx, [data + edi]
    SYSTEM  read, [handle], ecx, edx
    add     edi, eax
    cmp     eax, 0
    jg      2b
    test    eax, eax
    jns     4f
    sub     edi, eax
    call    data_failed
    jmp     3f
4:  mov     eax, -ERROR_OUT_OF_RANGE    # it has become shorter
    call    data_failed
3:  lea     ecx, [esi + BLOCK_BYTES - 1]
    and     ecx, ~(BLOCK_BYTES - 1)
    mov     edx, offset data
    call    put_bytes
    jmp     add_data
.Ladd_data_done:
    ret

# Says once that a file could not be read as it was: zeros are in its place.
# In: EAX negated error code.
# Clobbers: EAX, ECX, EDX.
data_failed:
    cmp     dword ptr [output_status], 0
    jne     1f
    mov     edx, offset path
    call    complain
1:  ret

.section .rodata
text_archive:   .asciz "archive"
text_unnamed:   .asciz "(no name)"

.bss
.balign 4
verbose:        .space 4
action:         .space 4                # c, x or t
archive:        .space 4                # its path, 0: input or output
target:         .space 4                # handle of the one that is made
handle:         .space 4                # of the file that is added
unpacked:       .space 4                # of the file that is unpacked
taken:          .space 4                # next byte in the buffer of input
taken_end:      .space 4
took:           .space 4
size:           .space 8                # bytes of the entry that are left
data_taken:     .space 4                # bytes of it that were taken, of which the lowest bits count
header:         .space BLOCK_BYTES
padding:        .space BLOCK_BYTES
about:          .space STAT_SIZE
name:           .space PATH_BYTES + 2
text:           .space INPUT_BYTES + 1
data:           .space INPUT_BYTES
