# Where code is, for people: names from the symbol table, file and line from the source-line table, and the trace of a
# stack. Both tables were loaded with the kernel (docs/formats/kernel-image.md).

.include "macros.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "tasks.inc"
.include "memory.inc"
.include "trace.inc"

MAGIC_SYMBOLS       = 0x4D595351            # "QSYM"
MAGIC_LINES         = 0x4E494C51            # "QLIN"
SYMBOLS_VERSION     = 1
LINES_VERSION       = 2
# Bytes of a group of lines: those below GROUP_STEP are these two, the others say how far address and line go on.
GROUP_ANYWHERE      = 0
GROUP_STEP          = 0x10
GROUP_STEP_BITS     = 4

TRACE_DEPTH         = 14                    # return addresses at most

.text

# The last entry of an ascending table that is not above an address.
# In: EAX address, EDX table of dwords, ECX number of entries.
# Out: EAX index; CF when the address is below the first.
.global table_search
table_search:
    push    ebx
    push    esi
    xor     ebx, ebx                    # entries below EBX are not above, from ECX on they are
1:  cmp     ebx, ecx
    jae     3f
    lea     esi, [ebx + ecx]
    shr     esi, 1
    cmp     [edx + esi*4], eax
    ja      2f
    lea     ebx, [esi + 1]
    jmp     1b
2:  mov     ecx, esi
    jmp     1b
3:  mov     eax, ebx
    sub     eax, 1
    pop     esi
    pop     ebx
    ret

# The symbol that an address belongs to.
# In: EAX address.
# Out: EAX name, EDX offset; CF when it is not in the kernel, or there is no table.
.global symbol_find
symbol_find:
    push    ebx
    push    esi
    mov     ebx, eax
    cmp     ebx, offset kernel_text
    jb      8f
    cmp     ebx, offset kernel_end
    jae     8f
    cmp     dword ptr [boot_info + bi_symbols_bytes], SYMBOLS_HEADER
    jb      8f
    mov     esi, [boot_info + bi_symbols]
    PHYS_TO_VIRT esi
    cmp     dword ptr [esi + TABLE_MAGIC], MAGIC_SYMBOLS
    jne     8f
    cmp     dword ptr [esi + TABLE_VERSION], SYMBOLS_VERSION
    jne     8f
    lea     edx, [esi + SYMBOLS_HEADER]
    mov     ecx, [esi + TABLE_COUNT]
    call    table_search
    jc      9f
    mov     ecx, [esi + TABLE_COUNT]
    lea     edx, [esi + SYMBOLS_HEADER]
    sub     ebx, [edx + eax*4]
    lea     esi, [edx + ecx*4]          # name offsets, after them the names
    mov     eax, [esi + eax*4]
    add     eax, esi
    lea     eax, [eax + ecx*4]
    mov     edx, ebx
    clc
    jmp     9f
8:  stc
9:  pop     esi
    pop     ebx
    ret

# A symbol of the kernel by its name. One that several routines have is none.
# In: EAX name.
# Out: EAX address; CF when there is none, or more than one.
.global symbol_address
symbol_address:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     ebp, eax
    mov     esi, [boot_info + bi_symbols]
    PHYS_TO_VIRT esi
    mov     ecx, [esi + TABLE_COUNT]
    lea     ebx, [esi + SYMBOLS_HEADER]
    lea     edi, [ebx + ecx*4]          # EDI: offsets of the names
    lea     edx, [edi + ecx*4]          # EDX: the names
    xor     esi, esi                    # ESI: how often it was found
1:  sub     ecx, 1
    jc      3f
    push    edx
    mov     eax, [edi + ecx*4]
    add     eax, edx
    mov     edx, ebp
    push    ecx
    call    string_compare
    pop     ecx
    pop     edx
    jne     1b
    inc     esi
    push    [ebx + ecx*4]
    jmp     1b
3:  cmp     esi, 1
    je      4f
    lea     esp, [esp + esi*4]
    stc
    jmp     5f
4:  pop     eax
    clc
5:  pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The source line of an address.
# In: EAX address.
# Out: EAX file name, EDX line; CF when it is not code of the kernel, or there is no table.
.global line_find
line_find:
    push    ebx
    push    esi
    push    edi
    push    ebp
    mov     edi, eax
    cmp     eax, offset kernel_text
    jb      .Lline_find_none
    cmp     eax, offset kernel_text_end
    jae     .Lline_find_none
    cmp     dword ptr [boot_info + bi_lines_bytes], LINES_HEADER
    jb      .Lline_find_none
    mov     esi, [boot_info + bi_lines]
    PHYS_TO_VIRT esi
    cmp     dword ptr [esi + TABLE_MAGIC], MAGIC_LINES
    jne     .Lline_find_none
    cmp     dword ptr [esi + TABLE_VERSION], LINES_VERSION
    jne     .Lline_find_none
    lea     edx, [esi + LINES_HEADER]
    mov     ecx, [esi + TABLE_COUNT]
    call    table_search
    jc      .Lline_find_done
    mov     ecx, [esi + TABLE_COUNT]
    mov     ebx, [edx + eax*4]
    lea     edx, [edx + ecx*4]          # where the groups are
    lea     ebp, [edx + ecx*4]          # where the names of the files are
    mov     edx, [edx + eax*4]
    add     edx, esi
    call    group_find
    mov     eax, [ebp + eax*4]
    add     eax, esi
    clc
    jmp     .Lline_find_done
.Lline_find_none:
    stc
.Lline_find_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# The line of an address in a group of the source-line table.
# In: EBX address of the group's first entry, EDX the group, EDI address that is looked for, not below EBX.
# Out: EAX file's number, EDX line.
# Clobbers: EBX, ECX.
group_find:
    push    esi
    mov     esi, edx
    call    group_number
    mov     ecx, eax                    # of the entry before: ECX file, EDX line
    call    group_number
    mov     edx, eax
1:  movzx   eax, byte ptr [esi]
    inc     esi
    cmp     al, GROUP_STEP
    jb      2f
    push    eax
    shr     eax, GROUP_STEP_BITS
    add     ebx, eax
    pop     eax
    cmp     ebx, edi
    ja      3f
    and     eax, GROUP_STEP - 1
    add     edx, eax
    jmp     1b
2:  cmp     al, GROUP_ANYWHERE
    jne     3f
    call    group_number
    add     ebx, eax
    cmp     ebx, edi
    ja      3f
    call    group_number
    mov     ecx, eax
    call    group_number
    mov     edx, eax
    jmp     1b
3:  mov     eax, ecx
    pop     esi
    ret

# Reads a number of LEB128.
# In: ESI where it begins.
# Out: EAX number, ESI after it.
group_number:
    push    ecx
    push    edx
    xor     ecx, ecx
    xor     edx, edx
1:  movzx   eax, byte ptr [esi]
    inc     esi
    push    eax
    and     eax, 0x7F
    shl     eax, cl
    or      edx, eax
    add     ecx, 7
    pop     eax
    test    al, 0x80
    jnz     1b
    mov     eax, edx
    pop     edx
    pop     ecx
    ret

# Prints a line about an address: "  0010abcd name+0x12  file:line".
# In: EAX address, EDX 1 when it is a return address (the call before it is meant), else 0.
.global trace_address
trace_address:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, eax
    sub     esi, edx
    PRINTF  "  %08x", ebx
    mov     eax, esi
    call    symbol_find
    jc      1f
    sub     edx, esi
    add     edx, ebx
    PRINTF  "  %s+0x%x", eax, edx
1:  mov     eax, esi
    call    line_find
    jc      2f
    PRINTF  "  %s:%u", eax, edx
2:  PRINT   "\n"
    pop     esi
    pop     ebx
    ret

# Prints where the registers point and the return addresses on the stack. Most routines keep no frame pointer, so the
# stack is searched: a dword is a return address when it points into the code right after a call instruction. An old
# one that lies in unused room of a frame can slip in; none is missed.
# In: EAX registers (cpu.inc, REGS_ESP as before).
.global trace_print
trace_print:
    push    ebx
    push    esi
    push    edi
    mov     ebx, eax
    mov     eax, [ebx + REGS_EIP]
    xor     edx, edx
    call    trace_address
    mov     esi, [ebx + REGS_ESP]
    test    esi, 3
    jnz     .Ltrace_print_done
    mov     eax, [task_current]
    mov     ebx, [eax + TASK_STACK_TOP]
    mov     ecx, [eax + TASK_STACK]     # from a pointer in the guard page on: what lies above it
    add     ecx, PAGE_SIZE
    cmp     esi, ecx
    jae     .Ltrace_print_search
    mov     esi, ecx
.Ltrace_print_search:
    mov     edi, TRACE_DEPTH
    push    0                           # the address that was printed last, and how often it came again
    push    0
.Ltrace_print_word:
    cmp     esi, ebx
    jae     .Ltrace_print_end
    lodsd
    call    trace_is_return
    jc      .Ltrace_print_word
    inc     dword ptr [esp]
    cmp     eax, [esp + 4]              # recursion: say it once
    je      .Ltrace_print_word
    mov     edx, eax
    call    trace_repeats
    mov     [esp + 4], edx
    mov     eax, edx
    mov     edx, 1
    call    trace_address
    dec     edi
    jnz     .Ltrace_print_word
.Ltrace_print_end:
    inc     dword ptr [esp]
    call    trace_repeats
    add     esp, 8
.Ltrace_print_done:
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says how often the last address came again.
# In: on the stack the count plus 1; set to 0. Preserves all registers.
trace_repeats:
    push    eax
    xor     eax, eax
    xchg    eax, [esp + 8]
    sub     eax, 1
    jbe     1f
    PRINTF  "  ... %u times more\n", eax
1:  pop     eax
    ret

# Whether a value is a return address: points into the code, after a call.
# In: EAX.
# Out: CF when it is not.
# Clobbers: ECX, EDX.
trace_is_return:
    cmp     eax, offset kernel_text + 7
    jb      .Ltrace_is_return_no
    cmp     eax, offset kernel_text_end
    ja      .Ltrace_is_return_no
    cmp     byte ptr [eax - 5], 0xE8    # call rel32, into the code
    jne     .Ltrace_is_return_indirect
    mov     edx, [eax - 4]
    add     edx, eax
    cmp     edx, offset kernel_text
    jb      .Ltrace_is_return_indirect
    cmp     edx, offset kernel_text_end
    jb      .Ltrace_is_return_yes
.Ltrace_is_return_indirect:
    mov     ecx, 7                      # FF /2 with ModRM, SIB and displacement: 2 to 7 bytes
.Ltrace_is_return_length:
    mov     edx, eax
    sub     edx, ecx
    cmp     byte ptr [edx], 0xFF
    jne     .Ltrace_is_return_shorter
    mov     dl, [edx + 1]
    and     dl, 0x38
    cmp     dl, 0x10
    je      .Ltrace_is_return_yes
.Ltrace_is_return_shorter:
    dec     ecx
    cmp     ecx, 2
    jae     .Ltrace_is_return_length
.Ltrace_is_return_no:
    stc
    ret
.Ltrace_is_return_yes:
    clc
    ret
