# OOFS, checking names: that the entries of directories and the objects of a state agree; and snapshots, which are
# looked at as if they were the current state. In all routines EBX = OOFS record (oofs.inc), EBP = WALK record
# (walk.inc); both are kept.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"
.include "walk.inc"

PATH_BYTES      = 1024

.text

# Checks that names and objects of OOFS_STATE agree: each entry leads to an object that has the directory as its parent,
# and no other entry to the same; each directory counts its entries; what has a parent has a name there, and what has
# none is in the list of orphans. Objects are marked like blocks, as many at a time as there is memory for.
# Out: CF and EAX error.
.global oofs_check_names
oofs_check_names:
    push    edi
    mov     dword ptr [ebp + WALK_FIRST], 0
.Loofs_check_names_pass:
    mov     eax, [ebx + OOFS_STATE + STATE_SLOTS]
    call    oofs_regions_of
    call    oofs_pass_begin
    jc      .Loofs_check_names_done
    test    edi, edi
    jz      .Loofs_check_names_done     # CF is clear
    call    oofs_names_orphans
    call    oofs_names_entries
    jc      .Loofs_check_names_freed
    call    oofs_names_missing
.Loofs_check_names_freed:
    call    oofs_pass_end
    jnc     .Loofs_check_names_pass
.Loofs_check_names_done:
    pop     edi
    ret

# Marks what is in the list of orphans, as far as it can be followed.
oofs_names_orphans:
    push    esi
    push    edi
    mov     edi, [ebx + OOFS_STATE + STATE_SLOTS]   # a list that is longer goes in circles
    mov     esi, [ebx + OOFS_STATE + STATE_ORPHAN]
1:  dec     edi
    jz      2f
    mov     eax, esi
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get             # there is no object 0
    jc      2f
    cmp     dword ptr [ebx + OOFS_WORK + OBJECT_PARENT], 0
    jne     2f
    mov     eax, esi
    call    oofs_walk_mark
    mov     esi, [ebx + OOFS_WORK + OBJECT_NEXT_ORPHAN]
    jmp     1b
2:  pop     edi
    pop     esi
    ret

# Looks at all directories, and marks what their entries lead to.
# Out: CF and EAX = ERROR_ABORTED.
oofs_names_entries:
    push    esi
    mov     dword ptr [ebp + WALK_ID], 0
.Loofs_names_entries_object:
    inc     dword ptr [ebp + WALK_ID]
    mov     eax, [ebp + WALK_ID]
    cmp     eax, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_names_entries_good
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Loofs_names_entries_done
    mov     eax, [ebp + WALK_ID]
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_object_get
    jc      .Loofs_names_entries_object # free, or the walk has said so
    lea     esi, [ebx + OOFS_THIRD]
    call    oofs_is_directory
    jne     .Loofs_names_entries_object
    call    oofs_names_directory
    jmp     .Loofs_names_entries_object
.Loofs_names_entries_good:
    clc
.Loofs_names_entries_done:
    pop     esi
    ret

# Looks at the entries of a directory.
# In: OOFS_THIRD, which is WALK_ID.
oofs_names_directory:
    push    esi
    push    edi
    push    0
    push    0
    mov     edi, esp                    # EDI: position
    mov     dword ptr [ebp + WALK_ENTRIES], 0
.Loofs_names_directory_again:
    lea     eax, [ebx + OOFS_DIRECTORY]
    lea     edx, [ebx + OOFS_THIRD]
    mov     ecx, WORK_SIZE_OF
    call    mem_copy
.Loofs_names_directory_entry:
    push    ebp
    lea     ebp, [ebx + OOFS_DIRECTORY]
    call    oofs_name_next
    pop     ebp
    jc      .Loofs_names_directory_last
    inc     dword ptr [ebp + WALK_ENTRIES]
    mov     esi, eax
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_member
    jc      .Loofs_names_directory_strange
    mov     eax, [ebp + WALK_ID]
    cmp     eax, [ebx + OOFS_STATE + STATE_CLASSES]
    jne     .Loofs_names_directory_mark
    lea     eax, [ebx + OOFS_WORK + OBJECT_CLASS]   # persistent objects are named by their class
    lea     edx, [ebx + OOFS_NAME]
    call    string_compare
    jne     .Loofs_names_directory_strange
.Loofs_names_directory_mark:
    mov     eax, esi
    call    oofs_walk_mark
    jnc     .Loofs_names_directory_entry
    LOAD_STRING edx, "as another entry does"
    jmp     .Loofs_names_directory_say
.Loofs_names_directory_strange:
    cmp     dword ptr [ebp + WALK_FIRST], 0 # said in the first pass
    jne     .Loofs_names_directory_entry
    LOAD_STRING edx, "which is not in it"
.Loofs_names_directory_say:
    call    oofs_check_line
    lea     eax, [ebx + OOFS_NAME]
    PRINTF  "the entry %s of directory %u leads to object %u, %s", eax, [ebp+WALK_ID], esi, edx
    mov     eax, [ebp + WALK_ID]
    call    oofs_path_print
    PRINT   "\n"
    jmp     .Loofs_names_directory_again
.Loofs_names_directory_last:
    cmp     dword ptr [ebp + WALK_FIRST], 0
    jne     .Loofs_names_directory_done
    cmp     eax, ERROR_NOT_FOUND
    jne     .Loofs_names_directory_bad
    mov     eax, [ebp + WALK_ENTRIES]
    mov     edx, [ebx + OOFS_THIRD + OBJECT_COUNT]
    cmp     eax, edx
    je      .Loofs_names_directory_done
    call    oofs_check_line
    PRINTF  "directory %u counts %u entries, there are %u", [ebp+WALK_ID], edx, eax
    mov     eax, [ebp + WALK_ID]
    call    oofs_path_print
    PRINT   "\n"
    jmp     .Loofs_names_directory_done
.Loofs_names_directory_bad:
    cmp     eax, ERROR_CORRUPT
    jne     .Loofs_names_directory_broken
    mov     edx, [ebx + OOFS_REASON]    # of all else the walk has said so
    cmp     edx, offset reason_leaf
    je      .Loofs_names_directory_broken
    cmp     edx, offset reason_way
    jne     .Loofs_names_directory_done
.Loofs_names_directory_broken:
    call    oofs_check_broken
.Loofs_names_directory_done:
    lea     esp, [esp + 8]
    pop     edi
    pop     esi
    ret

# Looks for objects of this pass that nothing leads to.
# Out: CF and EAX = ERROR_ABORTED.
oofs_names_missing:
    push    esi
    mov     eax, [ebp + WALK_FIRST]
    shl     eax, OOFS_REGION_SHIFT
    mov     [ebp + WALK_ID], eax
.Loofs_names_missing_object:
    mov     esi, [ebp + WALK_ID]        # there is no object 0
    cmp     esi, [ebx + OOFS_STATE + STATE_SLOTS]
    jae     .Loofs_names_missing_good
    mov     eax, esi
    shr     eax, OOFS_REGION_SHIFT
    cmp     eax, [ebp + WALK_END]
    jae     .Loofs_names_missing_good
    inc     dword ptr [ebp + WALK_ID]
    call    break_check
    mov     eax, ERROR_ABORTED
    jc      .Loofs_names_missing_done
    mov     eax, esi
    lea     edx, [ebx + OOFS_THIRD]
    call    oofs_object_get
    jc      .Loofs_names_missing_object
    cmp     esi, OBJECT_ROOT_ID
    je      .Loofs_names_missing_object
    cmp     esi, [ebx + OOFS_STATE + STATE_CLASSES]
    je      .Loofs_names_missing_object
    mov     eax, esi
    call    oofs_walk_mark
    jc      .Loofs_names_missing_object
    cmp     dword ptr [ebx + OOFS_THIRD + OBJECT_PARENT], 0
    je      .Loofs_names_missing_orphan
    call    oofs_names_look
    jnc     .Loofs_names_missing_object
    call    oofs_check_line
    PRINTF  "object %u has no name in directory %u", esi, [ebx+OOFS_THIRD+OBJECT_PARENT]
    mov     eax, [ebx + OOFS_THIRD + OBJECT_PARENT]
    call    oofs_path_print
    PRINT   "\n"
    jmp     .Loofs_names_missing_object
.Loofs_names_missing_orphan:
    call    oofs_check_line
    PRINTF  "object %u has no parent, and is not in the list of orphans\n", esi
    jmp     .Loofs_names_missing_object
.Loofs_names_missing_good:
    clc
.Loofs_names_missing_done:
    pop     esi
    ret

# Whether an object certainly has no name in its directory: what cannot be read may have it.
# In: ESI id, OOFS_THIRD.
# Out: CF when so.
oofs_names_look:
    mov     eax, [ebx + OOFS_THIRD + OBJECT_PARENT]
    lea     edx, [ebx + OOFS_DIRECTORY]
    call    oofs_object_get
    jc      1f
    push    esi
    lea     esi, [ebx + OOFS_DIRECTORY]
    call    oofs_is_directory
    pop     esi
    stc
    jne     2f
    call    oofs_name_of
    jnc     2f
1:  cmp     eax, ERROR_NOT_FOUND
    stc
    je      2f
    clc
2:  ret

# Prints a blank and the path of an object, as far as it can be found.
# In: EAX id.
.global oofs_path_print
oofs_path_print:
    push    esi
    push    edi
    sub     esp, PATH_BYTES
    lea     edi, [esp + PATH_BYTES - 1] # EDI: beginning of the path, which is made from its end
    mov     byte ptr [edi], 0
    mov     esi, eax
    cmp     esi, OBJECT_ROOT_ID
    jne     .Loofs_path_print_up
    dec     edi
    mov     byte ptr [edi], '/'
.Loofs_path_print_up:
    cmp     esi, OBJECT_ROOT_ID
    je      .Loofs_path_print_show
    mov     eax, esi
    lea     edx, [ebx + OOFS_WORK]
    call    oofs_object_get
    jc      .Loofs_path_print_show
    mov     eax, [ebx + OOFS_WORK + OBJECT_PARENT]
    lea     edx, [ebx + OOFS_DIRECTORY]
    call    oofs_object_get
    jc      .Loofs_path_print_show
    call    oofs_name_of
    jc      .Loofs_path_print_show
    mov     ecx, [ebx + OOFS_NAME_LENGTH]
    lea     eax, [edi - 1]
    sub     eax, ecx
    cmp     eax, esp
    jb      .Loofs_path_print_show
    mov     edi, eax
    mov     byte ptr [edi], '/'
    lea     eax, [edi + 1]
    lea     edx, [ebx + OOFS_NAME]
    call    mem_copy
    mov     esi, [ebx + OOFS_DIRECTORY + OBJECT_ID]
    cmp     esi, [ebx + OOFS_STATE + STATE_CLASSES]
    jne     .Loofs_path_print_up
.Loofs_path_print_show:
    cmp     byte ptr [edi], 0
    je      .Loofs_path_print_done
    PRINTF  " %s", edi
.Loofs_path_print_done:
    add     esp, PATH_BYTES
    pop     edi
    pop     esi
    ret

# Finds the name that OOFS_DIRECTORY has for an object.
# In: ESI id.
# Out: OOFS_NAME; CF and EAX error.
oofs_name_of:
    push    edi
    push    ebp
    push    0
    push    0
    mov     edi, esp                    # EDI: position
    lea     ebp, [ebx + OOFS_DIRECTORY]
1:  call    oofs_name_next
    jc      2f
    cmp     eax, esi
    jne     1b
2:  lea     esp, [esp + 8]
    pop     ebp
    pop     edi
    ret

# Makes the state of a snapshot the one whose objects and names are read, until oofs_view_close. Nothing in memory may
# be newer than the last commit.
# In: ESI state.
.global oofs_view_open
oofs_view_open:
    push    esi
    push    edi
    call    cache_clear
    lea     eax, [ebp + WALK_SAVED_STATE]
    lea     edx, [ebx + OOFS_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    lea     eax, [ebp + WALK_SAVED_TABLES]
    lea     edx, [ebx + OOFS_TABLE]
    mov     ecx, 2 * TREE_SIZE_OF
    call    mem_copy
    lea     eax, [ebx + OOFS_STATE]
    mov     edx, esi
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    mov     eax, [ebp + WALK_SAVED_STATE + STATE_BLOCKS]
    mov     [ebx + OOFS_STATE + STATE_BLOCKS], eax  # what can be read
    call    oofs_take_tables
    pop     edi
    pop     esi
    ret

# Makes the volume's own state current again.
# Clobbers: ECX, EDX; keeps EAX and the flags.
.global oofs_view_close
oofs_view_close:
    push    eax
    pushfd
    call    cache_clear
    lea     eax, [ebx + OOFS_STATE]
    lea     edx, [ebp + WALK_SAVED_STATE]
    mov     ecx, STATE_SIZE_OF
    call    mem_copy
    lea     eax, [ebx + OOFS_TABLE]
    lea     edx, [ebp + WALK_SAVED_TABLES]
    mov     ecx, 2 * TREE_SIZE_OF
    call    mem_copy
    popfd
    pop     eax
    ret
