# Modules: relocatable ELF objects that are linked to the running kernel. What they lack is looked up by name in the
# kernel's symbol table, which stays in memory; their init calls run, their shell commands are found as the kernel's
# are, and their services can take the place of the kernel's (asm/services/replace-part.s). A module works for an owner
# of its own: what its init calls open is closed when it is unloaded.

.include "macros.inc"
.include "errors.inc"
.include "bootinfo.inc"
.include "cpu.inc"
.include "file.inc"
.include "fs.inc"
.include "memory.inc"
.include "tasks.inc"
.include "part.inc"
.include "module.inc"

MODULE_BYTES_MAXIMUM = 1 << 20              # of its file

HOOK on_unload, hook_quiet                  # EAX first of its services, EDX their end -> CF when one runs
HOOK module_verbs, hook_none                # EAX argc, EDX argv of a command that is none of these -> EAX status, or CF

ON_HOOK commands_first, module_command_used
ON_HOOK commands_more, module_command

.text

# Loads a module and runs its init calls. May sleep.
# In: EAX path of an object file.
# Out: EAX module; CF and EAX error, and EDX 1 when module_missing_name is a symbol that the kernel does not have.
.global module_load
module_load:
    push    ebx
    push    esi
    push    edi
    mov     esi, eax
    mov     eax, offset module_mutex
    call    mutex_lock
    mov     dword ptr [module_missing], 0
    mov     eax, MODULE_SIZE
    call    malloc
    jc      .Lmodule_load_unlock
    mov     ebx, eax
    mov     eax, esi
    call    path_last
    mov     edx, eax
    lea     eax, [ebx + MODULE_LABEL]
    mov     [ebx + MODULE_OWNER + OWNER_NAME], eax
    mov     ecx, TASK_NAME_SIZE
    call    string_copy
    lea     eax, [ebx + MODULE_LABEL]
    call    module_find
    mov     eax, ERROR_EXISTS
    cmc
    jc      .Lmodule_load_free
    call    module_read
    jc      .Lmodule_load_free
    call    module_link
    pushfd
    push    eax
    mov     eax, [ebx + MODULE_FILE]
    mov     edx, [ebx + MODULE_FILE_PAGES]
    call    page_free
    pop     eax
    popfd
    jc      .Lmodule_load_free_pages
    mov     edx, [modules]
    mov     [ebx + MODULE_NEXT], edx
    mov     [modules], ebx
    call    module_start
    mov     eax, ebx
    clc
    jmp     .Lmodule_load_unlock
.Lmodule_load_free_pages:
    push    eax
    mov     eax, [ebx + MODULE_BASE]
    test    eax, eax
    jz      .Lmodule_load_free_record
    mov     edx, [ebx + MODULE_PAGES]
    call    page_free
    lea     eax, [ebx + MODULE_OWNER]
    call    account_end
.Lmodule_load_free_record:
    pop     eax
.Lmodule_load_free:
    push    eax
    mov     eax, ebx
    call    mfree
    pop     eax
    stc
.Lmodule_load_unlock:
    pushfd
    push    eax
    mov     eax, offset module_mutex
    call    mutex_unlock
    pop     eax
    mov     edx, [module_missing]
    popfd
    pop     edi
    pop     esi
    pop     ebx
    ret

# Reads the file of a module into pages. May sleep.
# In: EBX module, ESI path.
# Out: MODULE_FILE, MODULE_FILE_PAGES, MODULE_FILE_BYTES; CF and EAX error.
# Clobbers: EDI too.
module_read:
    sub     esp, NODE_SIZE_OF
    mov     edi, esp
    call    file_stat
    jc      .Lmodule_read_done
    mov     ecx, [esp + NODE_BYTES]
    mov     eax, ERROR_TOO_LONG
    cmp     ecx, MODULE_BYTES_MAXIMUM + 1
    cmc
    jc      .Lmodule_read_done
    mov     [ebx + MODULE_FILE_BYTES], ecx
    lea     eax, [ecx + PAGE_SIZE]
    shr     eax, 12
    mov     [ebx + MODULE_FILE_PAGES], eax
    call    page_alloc
    jc      .Lmodule_read_done
    mov     [ebx + MODULE_FILE], eax
    mov     ecx, FILE_READ
    call    file_open
    jc      .Lmodule_read_failed
    push    eax
    mov     edi, [ebx + MODULE_FILE]
    mov     ecx, [ebx + MODULE_FILE_BYTES]
.Lmodule_read_more:
    mov     eax, [esp]
    push    ecx
    call    file_read
    pop     ecx
    jc      .Lmodule_read_close
    add     edi, eax
    sub     ecx, eax
    jbe     .Lmodule_read_close
    test    eax, eax
    jnz     .Lmodule_read_more
    mov     eax, ERROR_CORRUPT
    stc
.Lmodule_read_close:
    pop     edx
    pushfd
    push    eax
    mov     eax, edx
    call    file_close
    pop     eax
    popfd
    jnc     .Lmodule_read_done
.Lmodule_read_failed:
    push    eax
    mov     eax, [ebx + MODULE_FILE]
    mov     edx, [ebx + MODULE_FILE_PAGES]
    call    page_free
    pop     eax
    stc
.Lmodule_read_done:
    lea     esp, [esp + NODE_SIZE_OF]
    ret

# Runs the init calls of a module, for its owner. May sleep.
# In: EBX module.
# Clobbers: ESI, EDI too.
module_start:
    mov     edi, [task_current]
    push    [edi + TASK_OWNER]
    lea     eax, [ebx + MODULE_OWNER]
    mov     [edi + TASK_OWNER], eax
    call    task_hold                   # not ended while it works for another
    mov     esi, [ebx + MODULE_CALLS]
1:  cmp     esi, [ebx + MODULE_CALLS_END]
    jae     2f
    push    esi
    call    [esi]
    pop     esi
    add     esi, 4
    jmp     1b
2:  call    task_unhold
    pop     [edi + TASK_OWNER]
    ret

# Unloads a module. May sleep.
# In: EAX name.
# Out: CF and EAX error: ERROR_BUSY while tasks work for it or a service runs by it, ERROR_NOT_PERMITTED when it has
# init calls or commands, but no module_exit.
.global module_unload
module_unload:
    push    ebx
    push    esi
    mov     esi, eax
    mov     eax, offset module_mutex
    call    mutex_lock
    mov     eax, esi
    call    module_find
    mov     eax, ERROR_NOT_FOUND
    jc      .Lmodule_unload_done
    mov     ebx, edx
    cmp     dword ptr [ebx + MODULE_EXIT], 0
    jne     .Lmodule_unload_busy
    mov     eax, [ebx + MODULE_CALLS_END]
    sub     eax, [ebx + MODULE_CALLS]
    add     eax, [ebx + MODULE_COMMANDS_END]
    cmp     [ebx + MODULE_COMMANDS], eax    # CF when there is one of either
    mov     eax, ERROR_NOT_PERMITTED
    jc      .Lmodule_unload_done
.Lmodule_unload_busy:
    mov     eax, ERROR_BUSY
    cmp     dword ptr [ebx + MODULE_OWNER + OWNER_TASKS], 1
    cmc
    jc      .Lmodule_unload_done
    mov     eax, [ebx + MODULE_PARTS]
    mov     edx, [ebx + MODULE_PARTS_END]
    call    [on_unload]
    mov     eax, ERROR_BUSY
    jc      .Lmodule_unload_done
    call    module_is_at_hand
    mov     eax, ERROR_BUSY
    jc      .Lmodule_unload_done
    mov     ecx, offset modules - MODULE_NEXT
.Lmodule_unload_look:
    mov     edx, ecx
    mov     ecx, [edx + MODULE_NEXT]
    cmp     ecx, ebx
    jne     .Lmodule_unload_look
    mov     ecx, [ebx + MODULE_NEXT]
    mov     [edx + MODULE_NEXT], ecx
    mov     eax, [ebx + MODULE_EXIT]
    test    eax, eax
    jz      .Lmodule_unload_close
    call    eax
.Lmodule_unload_close:
    lea     eax, [ebx + MODULE_OWNER]
    call    owner_close
    mov     eax, [ebx + MODULE_BASE]
    mov     edx, [ebx + MODULE_PAGES]
    call    page_free
    lea     eax, [ebx + MODULE_OWNER]
    call    account_end
    mov     eax, ebx
    call    mfree
    clc
.Lmodule_unload_done:
    pushfd
    push    eax
    mov     eax, offset module_mutex
    call    mutex_unlock
    pop     eax
    popfd
    pop     esi
    pop     ebx
    ret

# Finds a module by its label, which is its file's name.
# In: EAX name.
# Out: EDX module; CF when there is none.
.global module_find
module_find:
    push    ebx
    push    esi
    mov     esi, eax
    mov     ebx, [modules]
1:  cmp     ebx, 1
    jc      2f
    lea     eax, [ebx + MODULE_LABEL]
    mov     edx, esi
    call    string_compare
    je      2f                          # CF is clear
    mov     ebx, [ebx + MODULE_NEXT]
    jmp     1b
2:  mov     edx, ebx
    pop     esi
    pop     ebx
    ret

# Finds the module that something belongs to.
# In: EAX address, such as that of one of its services.
# Out: EDX module; CF when it is the kernel's.
# Clobbers: EAX, ECX.
.global module_of
module_of:
    mov     edx, [modules]
1:  cmp     edx, 1
    jc      2f
    mov     ecx, eax
    sub     ecx, [edx + MODULE_BASE]
    shr     ecx, 12
    cmp     ecx, [edx + MODULE_PAGES]
    cmc
    jnc     2f
    mov     edx, [edx + MODULE_NEXT]
    jmp     1b
2:  ret

# What all modules have.
# Out: EAX pages.
# Clobbers: EDX.
.global modules_pages
modules_pages:
    xor     eax, eax
    mov     edx, [modules]
1:  test    edx, edx
    jz      2f
    add     eax, [edx + MODULE_PAGES]
    mov     edx, [edx + MODULE_NEXT]
    jmp     1b
2:  ret

# Whether a task that waits was called by a module, or has something of it at hand: its stack knows an address there.
# In: EBX module.
# Out: CF when one does.
# Clobbers: EAX, ECX.
module_is_at_hand:
    push    esi
    INTERRUPTS_OFF
    mov     esi, [task_all]
1:  test    esi, esi
    jz      4f                          # CF is clear
    cmp     esi, [task_current]
    je      3f
    mov     ecx, [esi + TASK_ESP]
2:  cmp     ecx, [esi + TASK_STACK_TOP]
    jae     3f
    mov     eax, [ecx]
    sub     eax, [ebx + MODULE_BASE]
    shr     eax, 12
    cmp     eax, [ebx + MODULE_PAGES]
    jb      4f                          # CF is set
    add     ecx, 4
    jmp     2b
3:  mov     esi, [esi + TASK_ALL_NEXT]
    jmp     1b
4:  sbb     eax, eax
    INTERRUPTS_RESTORE
    neg     eax                         # CF
    pop     esi
    ret

# Finds a service of a module.
# In: EAX module, EDX name of the service.
# Out: EAX its record (PART_*); CF when the module has none of this name.
.global module_part
module_part:
    push    ebx
    push    esi
    push    edi
    mov     ebx, [eax + MODULE_PARTS]
    mov     esi, [eax + MODULE_PARTS_END]
    mov     edi, edx
1:  cmp     ebx, esi
    cmc
    jc      2f
    mov     eax, edi
    mov     edx, [ebx + PART_NAME]
    call    string_compare
    je      2f                          # CF is clear
    add     ebx, PART_SIZE
    jmp     1b
2:  mov     eax, ebx
    pop     edi
    pop     esi
    pop     ebx
    ret

# Finds a shell command of a module.
# In: EAX name.
# Out: EAX its record (COMMAND_*); CF when there is none.
module_command:
    push    ebx
    push    edi
    mov     edi, eax
    mov     ebx, [modules]
1:  cmp     ebx, 1
    jc      2f
    call    module_command_of
    jnc     2f
    mov     ebx, [ebx + MODULE_NEXT]
    jmp     1b
2:  pop     edi
    pop     ebx
    ret

# The same among modules by which a service runs: it has its own variables, of which the kernel's command knows nothing.
module_command_used:
    push    ebx
    push    edi
    mov     edi, eax
    mov     ebx, [modules]
1:  cmp     ebx, 1
    jc      3f
    mov     eax, [ebx + MODULE_PARTS]
    mov     edx, [ebx + MODULE_PARTS_END]
    call    [on_unload]
    jnc     2f
    call    module_command_of
    jnc     3f
2:  mov     ebx, [ebx + MODULE_NEXT]
    jmp     1b
3:  pop     edi
    pop     ebx
    ret

# Finds a shell command of one module.
# In: EBX module, EDI name.
# Out: EAX its record; CF when the module has none.
# Clobbers: ECX, EDX.
module_command_of:
    push    esi
    mov     esi, [ebx + MODULE_COMMANDS]
1:  cmp     esi, [ebx + MODULE_COMMANDS_END]
    cmc
    jc      2f
    mov     eax, [esi + COMMAND_NAME]
    mov     edx, edi
    call    string_compare
    mov     eax, esi
    je      2f                          # CF is clear
    add     esi, COMMAND_SIZE
    jmp     1b
2:  pop     esi
    ret

# Shell command: loads, unloads and lists modules.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_module:
    push    ebx
    push    esi
    mov     ebx, edx
    cmp     eax, 1
    je      .Lcommand_module_list
    push    eax
    call    [module_verbs]
    pop     edx
    jnc     .Lcommand_module_done
    cmp     edx, 3
    jne     .Lcommand_module_usage
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "load"
    call    string_compare
    je      .Lcommand_module_load
    mov     eax, [ebx + 4]
    LOAD_STRING edx, "unload"
    call    string_compare
    jne     .Lcommand_module_usage
    mov     eax, [ebx + 8]
    call    module_unload
    mov     edx, 0
    jc      .Lcommand_module_failed
    jmp     .Lcommand_module_good
.Lcommand_module_load:
    mov     eax, [ebx + 8]
    call    module_load
    jnc     .Lcommand_module_good
.Lcommand_module_failed:
    mov     esi, edx
    call    error_text
    PRINTF  "module: %s: %s", [ebx+8], eax
    test    esi, esi
    jz      .Lcommand_module_row_end
    mov     eax, offset module_missing_name
    PRINTF  ": %s", eax
.Lcommand_module_row_end:
    PRINT   "\n"
    mov     eax, 1
    jmp     .Lcommand_module_done
.Lcommand_module_list:
    mov     ebx, [modules]
.Lcommand_module_next:
    test    ebx, ebx
    jz      .Lcommand_module_good
    mov     edx, [ebx + MODULE_PAGES]
    shl     edx, 2
    lea     eax, [ebx + MODULE_LABEL]
    PRINTF  "%08x  %4u KiB  %s\n", [ebx+MODULE_BASE], edx, eax
    mov     ebx, [ebx + MODULE_NEXT]
    jmp     .Lcommand_module_next
.Lcommand_module_usage:
    PRINT   "usage: module [load PATH|unload NAME|list|undo NAME|push NAME BYTES SHA256 [keep]]\n"
    mov     eax, 2
    jmp     .Lcommand_module_done
.Lcommand_module_good:
    xor     eax, eax
.Lcommand_module_done:
    pop     esi
    pop     ebx
    ret

SHELL_COMMAND "module", command_module, "[load PATH|unload NAME|list|undo NAME|push NAME BYTES SHA256 [keep]]", "link object files to the running kernel", GROUP_SYSTEM, module_text

.section .rodata
module_text:
    .ascii  "A module is an object file of qure as: its init calls run when it is loaded, and its shell commands\n"
    .ascii  "are there until it is unloaded. Without arguments the modules are listed. `list` shows what was pushed into\n"
    .ascii  "this machine (qure push), and `undo` puts back what was there before. `push` takes one from this console,\n"
    .asciz  "as qure push --console sends it.\n"

.bss
.balign 4
modules:            .space 4                # the latest first
module_mutex:       .space MUTEX_SIZE       # held while one is loaded or unloaded
.global module_missing
module_missing:     .space 4                # 1: module_missing_name is what the kernel does not have
.global module_missing_name
module_missing_name: .space SYMBOL_BYTES
