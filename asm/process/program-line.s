# Where a program is, for people: the source line of an address, from the line table in its file (DWARF 5, section 6.2;
# versions 2 to 4, which other tools write, too). The file is a stranger's: nothing is read past the end of a section,
# and every loop eats bytes of one.

.include "macros.inc"
.include "process.inc"
.include "line-table.inc"

# ELF.
ELF_HEADER_BYTES    = 52
E_SHOFF             = 32
E_SHENTSIZE         = 46
E_SHNUM             = 48
E_SHSTRNDX          = 50
SH_NAME             = 0
SH_OFFSET           = 16
SH_SIZE             = 20

# DWARF 5, section 7.22, and forms of 7.5.6.
LNS_COPY            = 1
LNS_ADVANCE_PC      = 2
LNS_ADVANCE_LINE    = 3
LNS_SET_FILE        = 4
LNS_CONST_ADD_PC    = 8
LNS_FIXED_ADVANCE   = 9
LNE_END_SEQUENCE    = 1
LNE_SET_ADDRESS     = 2
LNCT_PATH           = 1
FORM_DATA2          = 0x05
FORM_DATA4          = 0x06
FORM_STRING         = 0x08
FORM_DATA1          = 0x0B
FORM_STRP           = 0x0E
FORM_UDATA          = 0x0F
FORM_DATA16         = 0x1E
FORM_LINE_STRP      = 0x1F

.text

# The source line of an address in the running thread's program. May sleep.
# In: EAX address.
# Out: EAX file name, EDX line; CF when the file does not say.
.global program_line
program_line:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edx, [task_current]
    mov     ebx, [edx + TASK_PROCESS]
    mov     ebp, [edx + TASK_BUFFER]
    push    eax
    lea     eax, [ebx + PROCESS_MUTEX]  # other threads may need pages of the file
    call    mutex_lock
    pop     [ebp + TARGET]
    mov     dword ptr [ebp + LINE_SIZE], 0
    mov     dword ptr [ebp + STRINGS_SIZE], 0
    call    line_sections
    jc      2f
    mov     eax, [ebp + LINE_OFFSET]
    mov     edx, [ebp + LINE_SIZE]
    call    line_section
1:  call    line_unit
    jc      2f
    test    eax, eax
    jz      1b
    call    line_file
    jc      2f
    lea     eax, [ebp + FILE_NAME]
    mov     edx, [ebp + LAST_LINE]
    clc
2:  pushfd
    push    eax
    push    edx
    lea     eax, [ebx + PROCESS_MUTEX]
    call    mutex_unlock
    pop     edx
    pop     eax
    popfd
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds the sections of the line table.
# In: EBX process, EBP state.
# Out: CF when the file has none.
line_sections:
    xor     edx, edx
    mov     ecx, ELF_HEADER_BYTES
    lea     edi, [ebp + HEADER]
    call    image_read
    jc      .Lline_sections_done
    cmp     word ptr [ebp + HEADER + E_SHENTSIZE], SECTION_BYTES
    stc
    jne     .Lline_sections_done
    mov     esi, [ebp + HEADER + E_SHOFF]
    movzx   eax, word ptr [ebp + HEADER + E_SHNUM]
    movzx   edx, word ptr [ebp + HEADER + E_SHSTRNDX]
    push    eax
    imul    edx, edx, SECTION_BYTES
    add     edx, esi
    call    line_header
    pop     edi                         # EDI: sections left
    jc      .Lline_sections_done
    push    [ebp + HEADER + SH_SIZE]
    push    [ebp + HEADER + SH_OFFSET]
.Lline_sections_next:
    sub     edi, 1
    jc      .Lline_sections_end
    mov     edx, esi
    push    edi
    call    line_header
    pop     edi
    jc      .Lline_sections_end
    add     esi, SECTION_BYTES
    mov     eax, [esp]
    mov     edx, [esp + 4]
    call    line_section
    mov     eax, [ebp + HEADER + SH_NAME]
    add     [ebp + POSITION], eax
    push    edi
    call    line_string
    pop     edi
    jc      .Lline_sections_next
    lea     eax, [ebp + FILE_NAME]
    LOAD_STRING edx, ".debug_line"
    call    string_compare
    lea     ecx, [ebp + LINE_OFFSET]
    je      .Lline_sections_found
    lea     eax, [ebp + FILE_NAME]
    LOAD_STRING edx, ".debug_line_str"
    call    string_compare
    lea     ecx, [ebp + STRINGS_OFFSET]
    jne     .Lline_sections_next
.Lline_sections_found:
    mov     eax, [ebp + HEADER + SH_OFFSET]
    mov     [ecx], eax
    mov     eax, [ebp + HEADER + SH_SIZE]
    mov     [ecx + 4], eax
    jmp     .Lline_sections_next
.Lline_sections_end:
    add     esp, 8
    cmp     dword ptr [ebp + LINE_SIZE], 1
.Lline_sections_done:
    ret

# Goes through a unit of the line table.
# In: EBX process, EBP state.
# Out: EAX 1 when LAST is the row of TARGET, else 0; CF when there are no more units, or the table is damaged.
# Clobbers: ESI, EDI too.
line_unit:
    call    line_dword
    jc      .Lline_unit_done
    add     eax, [ebp + POSITION]
    jc      .Lline_unit_done
    mov     [ebp + UNIT_END], eax
    call    line_word
    jc      .Lline_unit_done
    mov     [ebp + DWARF_VERSION], eax
    sub     eax, 2
    cmp     eax, 4
    cmc
    jc      .Lline_unit_done
    cmp     eax, 3
    jne     .Lline_unit_header
    call    line_word                   # sizes of addresses and of segment selectors
    jc      .Lline_unit_done
.Lline_unit_header:
    call    line_dword
    jc      .Lline_unit_done
    add     eax, [ebp + POSITION]
    mov     edi, eax                    # EDI: where the program begins
    call    line_byte
    jc      .Lline_unit_done
    mov     [ebp + SMALLEST], eax
    cmp     dword ptr [ebp + DWARF_VERSION], 4
    jb      .Lline_unit_statement
    call    line_byte                   # operations of an instruction
    jc      .Lline_unit_done
.Lline_unit_statement:
    call    line_byte                   # whether rows begin statements
    jc      .Lline_unit_done
    call    line_byte
    jc      .Lline_unit_done
    movsx   eax, al
    mov     [ebp + LINE_BASE], eax
    call    line_byte
    jc      .Lline_unit_done
    cmp     eax, 1
    jc      .Lline_unit_done
    mov     [ebp + LINE_RANGE], eax
    call    line_byte
    jc      .Lline_unit_done
    mov     [ebp + OPCODE_BASE], eax
    cmp     eax, LNS_FIXED_ADVANCE + 1  # no table of ours has fewer
    jc      .Lline_unit_done
    add     eax, [ebp + POSITION]
    dec     eax
    mov     [ebp + TABLES_AT], eax
    mov     [ebp + POSITION], edi
    mov     dword ptr [ebp + WINDOW_HAS], 0
    call    line_reset
.Lline_unit_operation:
    mov     eax, [ebp + POSITION]
    cmp     eax, [ebp + UNIT_END]
    jae     .Lline_unit_end
    call    line_operation
    jc      .Lline_unit_done
    test    eax, eax
    jz      .Lline_unit_operation
    clc
    ret
.Lline_unit_end:
    mov     eax, [ebp + UNIT_END]
    mov     [ebp + POSITION], eax
    mov     dword ptr [ebp + WINDOW_HAS], 0
    xor     eax, eax
.Lline_unit_done:
    ret

# Begins a sequence of rows.
# In: EBP state.
# Clobbers: nothing.
line_reset:
    mov     dword ptr [ebp + ROW], 0
    mov     dword ptr [ebp + ROW_FILE], 1
    mov     dword ptr [ebp + ROW_LINE], 1
    mov     dword ptr [ebp + LAST_VALID], 0
    ret

# Executes an operation of the line program.
# In: EBX process, EBP state.
# Out: EAX 1 when LAST is the row of TARGET, else 0; CF at the end of the section.
# Clobbers: ESI, EDI too.
line_operation:
    call    line_byte
    jc      .Lline_operation_done
    cmp     eax, [ebp + OPCODE_BASE]
    jae     .Lline_operation_special
    mov     esi, eax
    test    eax, eax
    jz      .Lline_operation_extended
    cmp     eax, LNS_COPY
    je      line_row
    cmp     eax, LNS_CONST_ADD_PC
    je      .Lline_operation_constant
    cmp     eax, LNS_FIXED_ADVANCE
    je      .Lline_operation_fixed
    cmp     eax, LNS_ADVANCE_LINE
    ja      .Lline_operation_file
    call    line_leb
    jc      .Lline_operation_done
    cmp     esi, LNS_ADVANCE_PC
    je      .Lline_operation_advance
    add     [ebp + ROW_LINE], edx
    jmp     .Lline_operation_none
.Lline_operation_advance:
    imul    eax, [ebp + SMALLEST]
    add     [ebp + ROW], eax
    jmp     .Lline_operation_none
.Lline_operation_file:
    cmp     eax, LNS_CONST_ADD_PC - 3   # set column has an operand, as set file; set ISA too
    jbe     .Lline_operation_operand
    cmp     eax, LNS_FIXED_ADVANCE + 3
    jb      .Lline_operation_none
.Lline_operation_operand:
    call    line_leb
    jc      .Lline_operation_done
    cmp     esi, LNS_SET_FILE
    jne     .Lline_operation_none
    mov     [ebp + ROW_FILE], eax
    jmp     .Lline_operation_none
.Lline_operation_fixed:
    call    line_word
    jc      .Lline_operation_done
    add     [ebp + ROW], eax
    jmp     .Lline_operation_none
.Lline_operation_constant:
    mov     eax, 255
    call    line_special
    add     [ebp + ROW], eax
    jmp     .Lline_operation_none
.Lline_operation_special:
    call    line_special
    add     [ebp + ROW], eax
    add     [ebp + ROW_LINE], edx
    jmp     line_row
.Lline_operation_extended:
    call    line_leb
    jc      .Lline_operation_done
    mov     edi, eax
    add     edi, [ebp + POSITION]       # EDI: after the operation
    call    line_byte
    jc      .Lline_operation_done
    cmp     eax, LNE_END_SEQUENCE
    je      .Lline_operation_sequence
    cmp     eax, LNE_SET_ADDRESS
    jne     .Lline_operation_skip
    call    line_dword
    jc      .Lline_operation_done
    mov     [ebp + ROW], eax
.Lline_operation_skip:
    cmp     edi, [ebp + POSITION]
    jb      .Lline_operation_done       # it would go back
    mov     [ebp + POSITION], edi
    mov     dword ptr [ebp + WINDOW_HAS], 0
    jmp     .Lline_operation_none
.Lline_operation_sequence:
    call    line_row
    test    eax, eax
    jnz     .Lline_operation_done
    call    line_reset
.Lline_operation_none:
    xor     eax, eax
.Lline_operation_done:
    ret

# What a special operation adds.
# In: EBP state, EAX opcode.
# Out: EAX to the address, EDX to the line.
# Clobbers: ECX.
line_special:
    sub     eax, [ebp + OPCODE_BASE]
    xor     edx, edx
    div     dword ptr [ebp + LINE_RANGE]
    imul    eax, [ebp + SMALLEST]
    add     edx, [ebp + LINE_BASE]
    ret

# A row is complete: looks whether the one before covers TARGET.
# In: EBP state.
# Out: EAX 1 when it does, else 0; CF clear.
# Clobbers: ECX, EDX.
line_row:
    mov     eax, [ebp + TARGET]
    cmp     dword ptr [ebp + LAST_VALID], 0
    je      1f
    cmp     eax, [ebp + LAST]
    jb      1f
    cmp     eax, [ebp + ROW]
    mov     eax, 1
    jb      2f
1:  mov     eax, [ebp + ROW]
    mov     [ebp + LAST], eax
    mov     eax, [ebp + ROW_FILE]
    mov     [ebp + LAST_FILE], eax
    mov     eax, [ebp + ROW_LINE]
    mov     [ebp + LAST_LINE], eax
    mov     dword ptr [ebp + LAST_VALID], 1
    xor     eax, eax
2:  clc
    ret

# Finds the name of the file LAST_FILE.
# In: EBX process, EBP state.
# Out: CF when there is none; else it is at FILE_NAME.
# Clobbers: ESI, EDI too.
line_file:
    mov     eax, [ebp + TABLES_AT]
    mov     [ebp + POSITION], eax
    mov     dword ptr [ebp + WINDOW_HAS], 0
    mov     esi, [ebp + LAST_FILE]
    cmp     dword ptr [ebp + DWARF_VERSION], 5
    je      .Lline_file_formats
.Lline_file_directory:                  # up to version 4: directories, ended by an empty one, then files, from 1 on
    call    line_string
    jc      .Lline_file_done
    cmp     byte ptr [ebp + FILE_NAME], 0
    jne     .Lline_file_directory
.Lline_file_entry:
    call    line_string
    jc      .Lline_file_done
    cmp     byte ptr [ebp + FILE_NAME], 1
    jc      .Lline_file_done
    dec     esi
    jz      .Lline_file_good
    call    line_leb                    # directory, time, bytes
    call    line_leb
    call    line_leb
    jmp     .Lline_file_entry
.Lline_file_formats:
    push    esi
    mov     esi, -1                     # all directories
    call    line_entries
    pop     esi
    jc      .Lline_file_done
    call    line_entries
    jc      .Lline_file_done
    cmp     dword ptr [ebp + PATH_SEEN], 1
    ret
.Lline_file_good:
    clc
.Lline_file_done:
    ret

# Goes through a table of directories or files of version 5, up to an entry.
# In: EBX process, EBP state, ESI index of the entry; -1 to pass all.
# Out: PATH_SEEN 1 and the path at FILE_NAME when the entry was there; CF when the table is damaged.
# Clobbers: ESI, EDI too.
line_entries:
    mov     dword ptr [ebp + PATH_SEEN], 0
    call    line_byte
    jc      .Lline_entries_done
    mov     [ebp + FORMATS], eax
    cmp     eax, FORMATS_MAXIMUM + 1
    cmc
    jc      .Lline_entries_done
    mov     edi, eax
    shl     edi, 1                      # numbers to come
    push    esi
    lea     esi, [ebp + FORMATS + 4]
.Lline_entries_format:
    sub     edi, 1
    jc      .Lline_entries_count
    call    line_leb
    mov     [esi], eax
    add     esi, 4
    jmp     .Lline_entries_format
.Lline_entries_count:
    pop     esi
    call    line_leb
    jc      .Lline_entries_done
    mov     edi, eax                    # EDI: entries to come
    cmp     dword ptr [ebp + FORMATS], 1 # entries of no bytes would go on for ever
    jc      .Lline_entries_done
.Lline_entries_entry:
    sub     edi, 1
    jc      .Lline_entries_good
    xor     edx, edx
.Lline_entries_field:
    push    edi
    push    edx
    call    line_field
    pop     edx
    pop     edi
    jc      .Lline_entries_done
    inc     edx
    cmp     edx, [ebp + FORMATS]
    jb      .Lline_entries_field
    cmp     esi, -1
    je      .Lline_entries_entry        # all are passed
    sub     esi, 1
    jnc     .Lline_entries_entry
    mov     dword ptr [ebp + PATH_SEEN], 1
.Lline_entries_good:
    clc
.Lline_entries_done:
    ret

# Reads a field of an entry; a path goes to FILE_NAME.
# In: EBX process, EBP state, EDX number of its format.
# Out: CF when it cannot be read.
# Clobbers: EAX, ECX, EDX, EDI.
line_field:
    mov     eax, [ebp + FORMATS + 4 + edx*8 + 4]
    cmp     eax, FORM_STRING
    je      line_string
    cmp     eax, FORM_UDATA
    je      line_leb
    mov     ecx, 1
    cmp     eax, FORM_DATA1
    je      line_number
    cmp     eax, FORM_DATA2
    je      line_word
    cmp     eax, FORM_DATA4
    je      line_dword
    cmp     eax, FORM_STRP
    je      line_dword
    cmp     eax, FORM_DATA16
    je      1f
    cmp     eax, FORM_LINE_STRP
    stc
    jne     3f
    mov     edi, edx
    call    line_dword
    jc      3f
    cmp     dword ptr [ebp + FORMATS + 4 + edi*8], LNCT_PATH
    jne     2f
    push    [ebp + POSITION]
    push    [ebp + SECTION_END]
    push    eax
    mov     eax, [ebp + STRINGS_OFFSET]
    mov     edx, [ebp + STRINGS_SIZE]
    call    line_section
    pop     eax
    add     [ebp + POSITION], eax
    call    line_string
    pop     [ebp + SECTION_END]
    pop     [ebp + POSITION]
    mov     dword ptr [ebp + WINDOW_HAS], 0
    ret
1:  call    line_dword
    call    line_dword
    call    line_dword
    jmp     line_dword
2:  clc
3:  ret
