# Files of programs: those that were pushed, those that came with the kernel (asm/fs/bundled.s), and those on mounted
# volumes. And what an ELF
# file says of how it is to be loaded.

.include "macros.inc"
.include "errors.inc"
.include "file.inc"
.include "cpu.inc"
.include "process.inc"

# ELF (System V ABI, chapter 4).
ELF_HEADER_BYTES    = 52
ELF_MAGIC           = 0x464C457F
ELF_CLASS_DATA      = 0x00010101            # 32 bits, little endian, version 1
ELF_TYPE_MACHINE    = 0x00030002            # executable, 80386
E_TYPE              = 16
E_ENTRY             = 24
E_PHOFF             = 28
E_PHENTSIZE         = 42
E_PHNUM             = 44
PROGRAM_HEADER_BYTES = 32
PROGRAM_HEADERS_MAXIMUM = 16
PT_LOAD             = 1
P_OFFSET            = 4
P_VADDR             = 8
P_FILESZ            = 16
P_MEMSZ             = 20
P_FLAGS             = 24
PF_W                = 2

ON_HOOK space_file, image_read
HOOK program_pushed, hook_none              # EAX name, EDI room of PATH_BYTES -> its path there, CF when none was

.text

# Opens a program's file for a process: for one of /bin what was pushed in its place, else the archive's. May sleep.
# In: EBX process, ESI path.
# Out: CF and EAX error.
# Clobbers: EDI.
.global image_open
image_open:
    call    image_pushed
    jnc     2f
    call    program_find
    jc      1f
    mov     [ebx + PROCESS_IMAGE], eax
    mov     [ebx + PROCESS_IMAGE_BYTES], edx
    ret
1:  call    image_file
    jc      .Limage_open_failed
2:  ret
.Limage_open_failed:
    cmp     eax, ERROR_NOT_MOUNTED
    stc
    jne     2b
    mov     eax, esi                    # /bin is there without a mount
    call    path_complete
    LOAD_STRING edx, "/bin/"
    call    string_prefix
    mov     eax, ERROR_NOT_FOUND
    je      .Limage_open_none
    mov     eax, ERROR_NOT_MOUNTED
.Limage_open_none:
    stc
    ret

# Opens what was pushed in the place of a program of /bin. Where its volume is gone there is none. May sleep.
# In: EBX process, ESI path.
# Out: CF when there is none.
# Clobbers: EAX, ECX, EDX, EDI.
image_pushed:
    FRAME   PATH_BYTES
    mov     eax, esi
    call    path_complete
    LOAD_STRING edx, "/bin/"
    call    string_prefix
    stc
    jne     1f
    lea     edi, [ebp - PATH_BYTES]
    call    [program_pushed]
    jc      1f
    push    esi
    mov     esi, edi
    call    image_file
    pop     esi
    jnc     1f
    call    image_close
    stc
1:  ENDFRAME
    ret

# Opens a file as a process's program. May sleep.
# In: EBX process, ESI path.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
image_file:
    mov     eax, 1
    mov     edx, PAGES_PROGRAMS
    call    page_alloc_for
    jc      1f
    mov     [ebx + PROCESS_FILL], eax
    mov     edx, 1
    lea     ecx, [ebx + PROCESS_OWNER]
    call    page_charge
    mov     ecx, FILE_READ
    call    file_open_shared
    jc      1f
    mov     [ebx + PROCESS_FILE], eax
1:  ret

# Closes it. May sleep.
# In: EBX process.
.global image_close
image_close:
    xor     eax, eax
    xchg    eax, [ebx + PROCESS_FILE]
    test    eax, eax
    jz      1f
    call    file_close
1:  xor     eax, eax
    xchg    eax, [ebx + PROCESS_FILL]
    test    eax, eax
    jz      2f
    mov     edx, 1
    call    page_free
2:  ret

# Whether a program's file reaches as far as its regions say. May sleep.
# In: EBX process.
# Out: CF and EAX error.
# Clobbers: ECX, EDX.
.global image_whole
image_whole:
    push    esi
    push    edi
    push    eax                         # room for a byte
    mov     esi, [ebx + PROCESS_REGIONS]
1:  test    esi, esi
    jz      2f                          # CF is clear
    mov     edx, [esi + REGION_FILE_BYTES]
    test    edx, edx
    jz      3f
    add     edx, [esi + REGION_FILE_OFFSET]
    dec     edx
    mov     ecx, 1
    mov     edi, esp
    call    image_read
    jc      2f
3:  mov     esi, [esi + REGION_NEXT]
    jmp     1b
2:  pop     edi
    pop     edi
    pop     esi
    ret

# Reads from a program's file. May sleep.
# In: EBX process, EDX offset, ECX bytes, at most a page, EDI buffer.
# Out: CF and EAX error, ERROR_CORRUPT when the file does not reach so far.
.global image_read
image_read:
    push    esi
    push    edi
    push    ebp
    mov     esi, [ebx + PROCESS_IMAGE]
    test    esi, esi
    jz      .Limage_read_file
    mov     eax, [ebx + PROCESS_IMAGE_BYTES]
    sub     eax, edx
    jb      .Limage_read_short
    cmp     eax, ecx
    jb      .Limage_read_short
    add     esi, edx
    rep movsb
    clc
    jmp     .Limage_read_done
.Limage_read_file:
    mov     ebp, ecx
    push    ebx
    xor     ecx, ecx
    mov     eax, [ebx + PROCESS_FILE]
    mov     ebx, SEEK_START
    call    file_seek
    pop     ebx
    jc      .Limage_read_done
.Limage_read_more:
    mov     eax, [ebx + PROCESS_FILE]
    mov     ecx, ebp
    push    edi
    mov     edi, [ebx + PROCESS_FILL]
    call    file_read
    pop     edi
    jc      .Limage_read_done
    test    eax, eax
    jz      .Limage_read_short
    mov     ecx, eax
    mov     esi, [ebx + PROCESS_FILL]
    rep movsb
    sub     ebp, eax
    jnz     .Limage_read_more
    jmp     .Limage_read_done
.Limage_read_short:
    mov     eax, ERROR_CORRUPT
    stc
.Limage_read_done:
    pop     ebp
    pop     edi
    pop     esi
    ret

# Makes the regions of a process from its file. May sleep.
# In: EBX process, which does not run yet.
# Out: CF and EAX error: ERROR_NOT_PROGRAM when the file is not a program for this system.
.global elf_load
elf_load:
    push    esi
    push    edi
    push    ebp
    sub     esp, ELF_HEADER_BYTES + 4
    xor     edx, edx
    mov     ecx, ELF_HEADER_BYTES
    mov     edi, esp
    call    image_read
    jc      .Lelf_load_not
    cmp     dword ptr [esp], ELF_MAGIC
    jne     .Lelf_load_not
    mov     eax, [esp + 4]
    and     eax, 0xFFFFFF
    cmp     eax, ELF_CLASS_DATA
    jne     .Lelf_load_not
    cmp     dword ptr [esp + E_TYPE], ELF_TYPE_MACHINE
    jne     .Lelf_load_not
    cmp     word ptr [esp + E_PHENTSIZE], PROGRAM_HEADER_BYTES
    jne     .Lelf_load_not
    mov     eax, [esp + E_ENTRY]
    mov     [ebx + PROCESS_ENTRY], eax
    mov     esi, [esp + E_PHOFF]
    movzx   ebp, word ptr [esp + E_PHNUM]
    cmp     ebp, PROGRAM_HEADERS_MAXIMUM
    ja      .Lelf_load_not
.Lelf_load_header:
    sub     ebp, 1
    jc      .Lelf_load_good
    mov     edx, esi
    mov     ecx, PROGRAM_HEADER_BYTES
    mov     edi, esp
    call    image_read
    jc      .Lelf_load_not
    add     esi, PROGRAM_HEADER_BYTES
    cmp     dword ptr [esp], PT_LOAD
    jne     .Lelf_load_header
    mov     edx, [esp + P_MEMSZ]
    test    edx, edx
    jz      .Lelf_load_header
    cmp     edx, IMAGE_END
    ja      .Lelf_load_not
    cmp     [esp + P_FILESZ], edx
    ja      .Lelf_load_not
    mov     eax, [esp + P_VADDR]
    cmp     eax, IMAGE_END
    ja      .Lelf_load_not
    add     edx, eax
    cmp     edx, IMAGE_END
    ja      .Lelf_load_not
    and     eax, ~(PAGE_SIZE - 1)
    add     edx, PAGE_SIZE - 1
    and     edx, ~(PAGE_SIZE - 1)
    xor     ecx, ecx
    test    dword ptr [esp + P_FLAGS], PF_W
    jz      .Lelf_load_region
    mov     ecx, REGION_WRITABLE
.Lelf_load_region:
    call    region_add
    jc      .Lelf_load_no_region
    mov     edx, [esp + P_VADDR]
    mov     [eax + REGION_FILE_AT], edx
    mov     edx, [esp + P_OFFSET]
    mov     [eax + REGION_FILE_OFFSET], edx
    mov     edx, [esp + P_FILESZ]
    mov     [eax + REGION_FILE_BYTES], edx
    jmp     .Lelf_load_header
.Lelf_load_good:
    clc
    jmp     .Lelf_load_done
.Lelf_load_no_region:
    cmp     eax, ERROR_INVALID
    stc
    jne     .Lelf_load_done
.Lelf_load_not:
    mov     eax, ERROR_NOT_PROGRAM
    stc
.Lelf_load_done:
    lea     esp, [esp + ELF_HEADER_BYTES + 4]
    pop     ebp
    pop     edi
    pop     esi
    ret
