# Linking a module: its sections get their places, its symbols their values, its relocations are applied. The file is
# whatever somebody called an object: every offset in it is checked against its end.

.include "macros.inc"
.include "errors.inc"
.include "cpu.inc"
.include "module.inc"

# ELF (System V ABI, chapter 4).
ELF_MAGIC           = 0x464C457F
ELF_TYPE_MACHINE    = 0x00030001            # relocatable, 80386
E_TYPE              = 16
E_SHOFF             = 32
E_SHENTSIZE         = 46
E_SHNUM             = 48
E_SHSTRNDX          = 50
SECTION_SHIFT_BYTES = 40                    # of a section header
SH_NAME             = 0
SH_TYPE             = 4
SH_FLAGS            = 8
SH_ADDRESS          = 12                    # 0 in the file; here: where the section is
SH_OFFSET           = 16
SH_SIZE             = 20
SH_LINK             = 24
SH_INFO             = 28
SH_ALIGN            = 32
SHT_SYMTAB          = 2
SHT_NOBITS          = 8
SHT_REL             = 9
SHF_ALLOC           = 2
SYMBOL_SIZE         = 16
ST_NAME             = 0
ST_VALUE            = 4
ST_SHNDX            = 14
SHN_UNDEF           = 0
SHN_ABS             = 0xFFF1
REL_SIZE            = 8
R_386_32            = 1
R_386_PC32          = 2
SECTIONS_MAXIMUM    = 128
PLACED_MAXIMUM      = 1 << 22               # bytes of all sections

.text

# Links a module from its file.
# In: EBX module with MODULE_FILE.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
.global module_link
module_link:
    push    ebp
    mov     ebp, [ebx + MODULE_FILE]
    mov     eax, ERROR_NOT_PROGRAM
    cmp     dword ptr [ebx + MODULE_FILE_BYTES], SECTION_SHIFT_BYTES + 12
    jb      .Lmodule_link_failed
    cmp     dword ptr [ebp], ELF_MAGIC
    jne     .Lmodule_link_failed
    cmp     dword ptr [ebp + E_TYPE], ELF_TYPE_MACHINE
    jne     .Lmodule_link_failed
    cmp     word ptr [ebp + E_SHENTSIZE], SECTION_SHIFT_BYTES
    jne     .Lmodule_link_failed
    movzx   ecx, word ptr [ebp + E_SHNUM]
    cmp     ecx, SECTIONS_MAXIMUM
    ja      .Lmodule_link_failed
    movzx   edx, word ptr [ebp + E_SHSTRNDX]
    cmp     edx, ecx
    jae     .Lmodule_link_failed
    imul    edx, ecx, SECTION_SHIFT_BYTES
    mov     eax, [ebp + E_SHOFF]
    call    module_within
    jc      .Lmodule_link_done
    call    module_place
    jc      .Lmodule_link_done
    call    module_relocate
    jc      .Lmodule_link_done
    call    module_tables
    jmp     .Lmodule_link_done
.Lmodule_link_failed:
    stc
.Lmodule_link_done:
    pop     ebp
    ret

# Whether a part of the file lies within it.
# In: EBX module, EAX offset, EDX bytes.
# Out: EAX its address; CF and EAX error when it does not.
# Clobbers: EAX, EDX only.
module_within:
    add     edx, eax
    jc      1f
    cmp     [ebx + MODULE_FILE_BYTES], edx
    jb      1f
    add     eax, [ebx + MODULE_FILE]
    clc
    ret
1:  mov     eax, ERROR_CORRUPT
    stc
    ret

# The header of a section.
# In: EBP file, EAX number.
# Out: EAX its header; CF and EAX error when there is none.
# Clobbers: EAX, EDX only.
module_section:
    movzx   edx, word ptr [ebp + E_SHNUM]
    cmp     eax, edx
    jae     1f
    imul    eax, eax, SECTION_SHIFT_BYTES
    add     eax, [ebp + E_SHOFF]
    add     eax, ebp
    clc
    ret
1:  mov     eax, ERROR_CORRUPT
    stc
    ret

# Gives the sections their places and contents.
# In: EBX module, EBP file.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
module_place:
    xor     edi, edi                    # EDI: bytes so far
    xor     ecx, ecx
1:  mov     eax, ecx
    call    module_section
    jc      3f
    mov     esi, eax
    mov     dword ptr [esi + SH_ADDRESS], 0
    test    dword ptr [esi + SH_FLAGS], SHF_ALLOC
    jz      2f
    add     edi, 63                     # no section of ours wants more
    and     edi, ~63
    mov     [esi + SH_ADDRESS], edi
    mov     eax, ERROR_TOO_LONG
    cmp     dword ptr [esi + SH_SIZE], PLACED_MAXIMUM + 1
    cmc
    jc      .Lmodule_place_done
    add     edi, [esi + SH_SIZE]
    cmp     edi, PLACED_MAXIMUM + 1
    cmc
    jc      .Lmodule_place_done
2:  inc     ecx
    jmp     1b
3:  mov     eax, edi
    add     eax, PAGE_SIZE
    shr     eax, 12
    mov     [ebx + MODULE_PAGES], eax
    call    page_alloc
    jc      .Lmodule_place_done
    mov     [ebx + MODULE_BASE], eax
    mov     edx, [ebx + MODULE_PAGES]
    lea     ecx, [ebx + MODULE_OWNER]
    call    page_charge
    mov     eax, [ebx + MODULE_BASE]
    xor     ecx, ecx
.Lmodule_place_copy:
    mov     eax, ecx
    call    module_section
    jc      .Lmodule_place_good
    mov     esi, eax
    test    dword ptr [esi + SH_FLAGS], SHF_ALLOC
    jz      .Lmodule_place_next
    mov     edi, [ebx + MODULE_BASE]
    add     edi, [esi + SH_ADDRESS]
    mov     [esi + SH_ADDRESS], edi
    push    ecx
    call    module_hook
    pop     ecx
    cmp     dword ptr [esi + SH_TYPE], SHT_NOBITS
    je      .Lmodule_place_next
    mov     edi, [esi + SH_ADDRESS]
    mov     eax, [esi + SH_OFFSET]
    mov     edx, [esi + SH_SIZE]
    call    module_within
    jc      .Lmodule_place_done
    push    ecx
    push    esi
    mov     ecx, [esi + SH_SIZE]
    mov     esi, eax
    rep movsb
    pop     esi
    pop     ecx
.Lmodule_place_next:
    inc     ecx
    jmp     .Lmodule_place_copy
.Lmodule_place_good:
    clc
.Lmodule_place_done:
    ret

# Has a hook that a module declares be the kernel's, with those who took it there (HOOK of macros.inc): the empty
# section `.hook.NAME.0` of the module is where the kernel has NAME.
# In: EBX module, EBP file, ESI header of a section with its SH_ADDRESS.
# Clobbers: EAX, ECX, EDX.
module_hook:
    cmp     dword ptr [esi + SH_SIZE], 0
    jne     .Lmodule_hook_done
    movzx   eax, word ptr [ebp + E_SHSTRNDX]
    call    module_section
    jc      .Lmodule_hook_done
    mov     eax, [eax + SH_OFFSET]
    add     eax, [esi + SH_NAME]
    jc      .Lmodule_hook_done
    mov     edx, 1
    call    module_within
    jc      .Lmodule_hook_done
    LOAD_STRING edx, ".hook."
    call    string_prefix
    jne     .Lmodule_hook_done
    FRAME   SYMBOL_BYTES
    mov     edx, eax
    lea     eax, [ebp - SYMBOL_BYTES]
    mov     ecx, SYMBOL_BYTES
    call    string_copy
    lea     ecx, [ebp - SYMBOL_BYTES - 2]
    cmp     eax, 3
    jb      1f
    cmp     word ptr [ecx + eax], '.' + ('0' << 8)
    jne     1f
    mov     byte ptr [ecx + eax], 0
    lea     eax, [ebp - SYMBOL_BYTES]
    call    symbol_address
    jc      1f
    mov     [esi + SH_ADDRESS], eax
1:  ENDFRAME
.Lmodule_hook_done:
    ret

# Applies all relocations.
# In: EBX module, EBP file.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
module_relocate:
    xor     ecx, ecx
.Lmodule_relocate_section:
    mov     eax, ecx
    call    module_section
    jc      .Lmodule_relocate_good
    push    ecx
    cmp     dword ptr [eax + SH_TYPE], SHT_REL
    jne     .Lmodule_relocate_next
    mov     esi, eax
    mov     eax, [esi + SH_INFO]
    call    module_section
    jc      .Lmodule_relocate_failed
    cmp     dword ptr [eax + SH_ADDRESS], 0
    je      .Lmodule_relocate_next      # of debug information
    mov     edi, eax                    # EDI: what is relocated
    mov     eax, [esi + SH_OFFSET]
    mov     edx, [esi + SH_SIZE]
    call    module_within
    jc      .Lmodule_relocate_failed
    mov     ecx, [esi + SH_SIZE]
    shr     ecx, 3
    mov     edx, esi                    # EDX: section of the relocations
    mov     esi, eax
.Lmodule_relocate_entry:
    sub     ecx, 1
    jc      .Lmodule_relocate_next
    push    ecx
    push    edx
    call    module_apply
    pop     edx
    pop     ecx
    jc      .Lmodule_relocate_failed
    add     esi, REL_SIZE
    jmp     .Lmodule_relocate_entry
.Lmodule_relocate_next:
    pop     ecx
    inc     ecx
    jmp     .Lmodule_relocate_section
.Lmodule_relocate_failed:
    pop     ecx
    stc
    ret
.Lmodule_relocate_good:
    clc
    ret

# Applies a relocation.
# In: EBX module, EBP file, ESI relocation, EDX header of its section, EDI header of the section that it changes.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
module_apply:
    mov     eax, [edx + SH_LINK]
    call    module_section
    jc      .Lmodule_apply_done
    mov     edx, [esi + 4]
    shr     edx, 8
    call    module_symbol
    jc      .Lmodule_apply_done
    mov     ecx, [esi]
    mov     edx, [edi + SH_SIZE]
    sub     edx, 4
    jb      .Lmodule_apply_corrupt
    cmp     edx, ecx
    jb      .Lmodule_apply_corrupt
    add     ecx, [edi + SH_ADDRESS]
    cmp     byte ptr [esi + 4], R_386_32
    je      .Lmodule_apply_add
    cmp     byte ptr [esi + 4], R_386_PC32
    jne     .Lmodule_apply_corrupt
    sub     eax, ecx
.Lmodule_apply_add:
    add     [ecx], eax
    clc
    ret
.Lmodule_apply_corrupt:
    mov     eax, ERROR_CORRUPT
    stc
.Lmodule_apply_done:
    ret

# The value of a symbol.
# In: EBX module, EBP file, EAX header of the symbol table, EDX number.
# Out: EAX value; CF and EAX error: ERROR_NOT_FOUND when the kernel does not have it.
# Clobbers: ECX, EDX.
module_symbol:
    push    esi
    push    edi
    mov     edi, eax                    # EDI: header of the symbol table
    cmp     edx, 1 << 20
    jae     .Lmodule_symbol_corrupt
    shl     edx, 4
    mov     esi, edx
    lea     eax, [edx + SYMBOL_SIZE]
    cmp     [edi + SH_SIZE], eax
    jb      .Lmodule_symbol_corrupt
    mov     eax, [edi + SH_OFFSET]
    mov     edx, [edi + SH_SIZE]
    call    module_within
    jc      .Lmodule_symbol_done
    add     esi, eax                    # ESI: symbol
    movzx   eax, word ptr [esi + ST_SHNDX]
    cmp     eax, SHN_UNDEF
    je      .Lmodule_symbol_kernel
    cmp     eax, SHN_ABS
    je      .Lmodule_symbol_absolute
    call    module_section
    jc      .Lmodule_symbol_done
    mov     eax, [eax + SH_ADDRESS]
    add     eax, [esi + ST_VALUE]
    jmp     .Lmodule_symbol_good
.Lmodule_symbol_absolute:
    mov     eax, [esi + ST_VALUE]
.Lmodule_symbol_good:
    clc
    jmp     .Lmodule_symbol_done
.Lmodule_symbol_kernel:
    mov     eax, edi
    mov     edx, [esi + ST_NAME]
    call    module_name
    jc      .Lmodule_symbol_done
    mov     esi, eax
    call    symbol_address
    jnc     .Lmodule_symbol_done
    mov     eax, offset module_missing_name
    mov     edx, esi
    mov     ecx, SYMBOL_BYTES
    call    string_copy
    mov     dword ptr [module_missing], 1
    mov     eax, ERROR_NOT_FOUND
    stc
    jmp     .Lmodule_symbol_done
.Lmodule_symbol_corrupt:
    mov     eax, ERROR_CORRUPT
    stc
.Lmodule_symbol_done:
    pop     edi
    pop     esi
    ret

# A name in the string table that belongs to a section. The page after the file is zero, so every name ends.
# In: EBX module, EBP file, EAX header of the section, EDX offset of the name.
# Out: EAX name; CF and EAX error.
# Clobbers: EDX.
module_name:
    push    edx
    mov     eax, [eax + SH_LINK]
    call    module_section
    pop     edx
    jc      1f
    mov     eax, [eax + SH_OFFSET]
    add     eax, edx
    mov     edx, 1
    jc      2f
    jmp     module_within
2:  mov     eax, ERROR_CORRUPT
    stc
1:  ret

# Finds what the kernel is to know of a module: init calls, shell commands, services, and the routine module_exit.
# In: EBX module, EBP file.
# Out: CF and EAX error.
# Clobbers: ESI, EDI too.
module_tables:
    xor     ecx, ecx
.Lmodule_tables_section:
    mov     eax, ecx
    call    module_section
    jc      .Lmodule_tables_done
    push    ecx
    mov     esi, eax
    cmp     dword ptr [esi + SH_TYPE], SHT_SYMTAB
    je      .Lmodule_tables_symbols
    cmp     dword ptr [esi + SH_ADDRESS], 0
    je      .Lmodule_tables_next
    movzx   eax, word ptr [ebp + E_SHSTRNDX]
    call    module_section
    mov     eax, [eax + SH_OFFSET]
    add     eax, [esi + SH_NAME]
    jc      .Lmodule_tables_next
    mov     edx, 1
    call    module_within
    jc      .Lmodule_tables_next
    mov     edi, eax
    lea     ecx, [ebx + MODULE_COMMANDS]
    LOAD_STRING edx, ".shellcmd"
    push    ecx
    call    string_compare
    pop     ecx
    je      .Lmodule_tables_set
    mov     eax, edi
    lea     ecx, [ebx + MODULE_PARTS]
    LOAD_STRING edx, ".parts"
    push    ecx
    call    string_compare
    pop     ecx
    je      .Lmodule_tables_set
    mov     eax, edi
    LOAD_STRING edx, ".initcall."
    call    string_prefix
    lea     ecx, [ebx + MODULE_CALLS]
    jne     .Lmodule_tables_next
.Lmodule_tables_set:
    mov     eax, [esi + SH_ADDRESS]
    mov     [ecx], eax
    add     eax, [esi + SH_SIZE]
    mov     [ecx + 4], eax
    jmp     .Lmodule_tables_next
.Lmodule_tables_symbols:
    mov     eax, [esi + SH_OFFSET]
    mov     edx, [esi + SH_SIZE]
    call    module_within
    jc      .Lmodule_tables_failed
    mov     edi, [esi + SH_SIZE]
    shr     edi, 4
.Lmodule_tables_symbol:
    sub     edi, 1
    jc      .Lmodule_tables_next
    mov     ecx, edi
    shl     ecx, 4
    add     ecx, [esi + SH_OFFSET]
    add     ecx, ebp
    cmp     word ptr [ecx + ST_SHNDX], SHN_UNDEF
    je      .Lmodule_tables_symbol
    mov     eax, esi
    mov     edx, [ecx + ST_NAME]
    call    module_name
    jc      .Lmodule_tables_symbol
    LOAD_STRING edx, "module_exit"
    call    string_compare
    jne     .Lmodule_tables_symbol
    mov     eax, esi
    mov     edx, edi
    call    module_symbol
    jc      .Lmodule_tables_symbol
    mov     [ebx + MODULE_EXIT], eax
    jmp     .Lmodule_tables_symbol
.Lmodule_tables_next:
    pop     ecx
    inc     ecx
    jmp     .Lmodule_tables_section
.Lmodule_tables_failed:
    pop     ecx
    stc
    ret
.Lmodule_tables_done:
    clc
    ret
