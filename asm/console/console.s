# The console: what is printed appears on the screen and on COM1, the same text on both. A print is one piece: nothing
# of another task comes between. While a line is being edited (line.s), a print of another task takes the line away,
# prints, and shows the line again below. Whoever prints has a lock for that long; interrupts are off for some
# characters at a time. What prints where nobody can wait (handlers of interrupts, panic, the debugger, the boot before
# there are tasks) does without the lock, and comes out in rows of its own in the middle of a text. There are several
# consoles (consoles.s), each with a screen and keys of its own; COM1 belongs to console 1. What runs for a shell prints
# on that shell's console, everything else on console 1. Variables in the section .bss.console are each console's own:
# those of the console in place are there, those of the others in their records.

.include "macros.inc"
.include "console.inc"
.include "cpu.inc"
.include "process.inc"

SERIAL_RESERVE      = 4096                  # a task that prints waits while the serial ring has less room than this
CONSOLE_PIECE       = 16                    # characters for which interrupts are off at a stretch, or a row's end

# While the serial line is marked, what no shell has asked for is between these, with all that becomes of a line that is
# edited: whoever reads what a command prints knows it from what the kernel says meanwhile. Terminals ignore modes that
# they do not know (DECSET, DECRST).
STRING aside_begins, "\033[?6510h"
STRING aside_ends, "\033[?6510l"

ON_HOOK printer, console_begin, console_put, console_end, console_init, console_panic, console_flush
HOOK console_wire, hook_quiet, wire_none_room
CONSOLE_WIRE_PUT    = 0                     # of the hook console_wire: the routines of a terminal over the network
CONSOLE_WIRE_ROOM   = 4
HOOK shell_left, hook_quiet                 # its shell has ended: a terminal over the network goes with it

.text

# The shell of the running task's console has ended.
.global console_hang_up
console_hang_up:
    jmp     [shell_left]

# A wire that nobody serves.
# Out: EAX bytes that it takes.
# Clobbers: EAX only.
wire_none_room:
    or      eax, -1
    ret

# Sets up both consoles.
console_init:
    mov     eax, offset console_state_end
    sub     eax, offset console_state
    cmp     eax, CONSOLE_STATE_BYTES
    ASSERT  be, "CONSOLE_STATE_BYTES is too small"
    call    serial_init
    mov     dword ptr [console_first + CONSOLE_NUMBER], 1
    mov     eax, offset console_first + CONSOLE_STORE
    jmp     vga_init

# The console of the running task.
# Out: EAX console; ZF set when the task works for no shell: then it is the first.
# Clobbers: EAX only.
.global console_own
console_own:
    mov     eax, [task_current]
    cmp     dword ptr [console_seized], 0
    jne     3f
    cmp     dword ptr [eax + TASK_CONTEXT], 0
    je      1f
    mov     eax, [eax + TASK_CONTEXT]
    mov     eax, [eax + CONTEXT_CONSOLE]
    jmp     2f
1:  mov     eax, [eax + TASK_PROCESS]
    test    eax, eax
    jz      3f
    mov     eax, [eax + PROCESS_CONSOLE]
2:  test    eax, eax
    jnz     4f
3:  mov     eax, offset console_first   # the flags stay
4:  ret

# Has the console of the running task in place. Interrupts off until it is no longer needed.
# Clobbers: nothing.
.global console_take
console_take:
    push    eax
    call    console_own
    call    console_place
    pop     eax
    ret

# Puts a console in place. Interrupts off.
# In: EAX console.
# Clobbers: nothing but the flags.
.global console_place
console_place:
    cmp     eax, [console_placed]
    je      1f
    push    ecx
    push    esi
    push    edi
    mov     edi, eax
    xchg    edi, [console_placed]
    add     edi, CONSOLE_STATE
    mov     esi, offset console_state
    mov     ecx, offset console_state_end
    sub     ecx, esi
    shr     ecx, 2
    push    ecx
    rep movsd
    pop     ecx
    mov     edi, offset console_state
    lea     esi, [eax + CONSOLE_STATE]
    rep movsd
    pop     edi
    pop     esi
    pop     ecx
1:  ret

# Shows a console on the screen. Interrupts off.
# In: EAX console.
# Clobbers: EAX, ECX, EDX.
.global console_show
console_show:
    cmp     eax, [console_shown]
    je      1f
    push    [console_placed]
    push    eax
    mov     eax, [console_shown]
    call    console_place
    call    vga_leave
    pop     eax
    mov     [console_shown], eax
    call    console_place
    call    vga_enter
    pop     eax
    jmp     console_place
1:  ret

# Shows console 1 and has everything printed and read there, until console_give: for the debugger. Interrupts off.
# Out: EAX, EDX what console_give takes.
# Clobbers: EAX, ECX, EDX.
.global console_seize
console_seize:
    inc     dword ptr [console_seized]
    push    [console_shown]
    push    [console_placed]
    mov     eax, offset console_first
    call    console_show
    mov     eax, offset console_first
    call    console_place
    pop     eax
    pop     edx
    ret

# Ends it.
# In: EAX console that was in place, EDX console that was shown; interrupts off.
# Clobbers: EAX, ECX, EDX.
.global console_give
console_give:
    dec     dword ptr [console_seized]
    push    eax
    mov     eax, edx
    call    console_show
    pop     eax
    jmp     console_place

# Has the console of the running task in place for it alone, until console_unlock; interrupts are off from here on,
# but for moments in console_put. May sleep, unless interrupts were off.
# Clobbers: nothing but the flags.
# Locks: takes console_mutex where a task can wait for it.
.global console_lock
console_lock:
    pushfd
    pushad
    test    dword ptr [esp + 32], EFLAGS_IF
    jz      1f
    call    task_may_sleep
    jc      1f
    mov     eax, offset console_mutex
    call    mutex_lock
    cli
    mov     dword ptr [console_left], CONSOLE_PIECE
    jmp     2f
1:  cli
    inc     dword ptr [console_deep]
2:  call    console_take
    popad
    lea     esp, [esp + 4]
    ret

# Ends it. The caller restores the interrupt flag.
# Clobbers: nothing but the flags.
.global console_unlock
console_unlock:
    cmp     dword ptr [console_deep], 0
    jne     1f
    pushad
    mov     eax, offset console_mutex
    call    mutex_unlock
    popad
    ret
1:  dec     dword ptr [console_deep]
    ret

# Whether a text of another task is on its way, into which this one comes.
# Out: ZF clear when so.
# Clobbers: EAX only.
console_between:
    xor     eax, eax
    cmp     [console_deep], eax
    je      1f
    cmp     [console_mutex + MUTEX_OWNER], eax
1:  ret

# Marks where what no shell has asked for begins or ends. Interrupts off.
# In: EAX the mark.
# Clobbers: EAX, ECX, EDX.
console_mark:
    cmp     dword ptr [console_marks], 0
    je      1f
    push    eax
    call    console_own
    pop     eax
    jz      serial_text
1:  ret

# Begins to mark it, or ends that. No text is on its way then.
# In: EAX 1 or 0.
.global console_set_marks
console_set_marks:
    pushfd
    call    console_lock
    mov     [console_marks], eax
    call    console_unlock
    popfd
    ret

# Begins a piece of output; interrupts are off from here on, but for moments in console_put. Not from a task that is
# between console_begin and console_end. May sleep, unless interrupts are off.
.global console_begin
console_begin:
    call    redirect_begin
    jnz     1f                          # the shell sends this task's output to a file
    call    console_pace
    call    console_lock
    mov     eax, offset aside_begins
    call    console_mark
    call    console_between
    jz      line_hide
    mov     eax, [console_seized]
    or      eax, [console_broken]
    jnz     1f
    mov     dword ptr [console_broken], 1
    call    vga_at_start
    je      1f
    mov     al, 10
    jmp     console_put
1:  ret

# Ends it. The caller restores the interrupt flag.
.global console_end
console_end:
    call    redirect_end
    jnz     2f
    call    console_between
    jnz     1f                          # the line appears after the text into which this one came
    call    console_breathe
    call    line_show
1:  call    vga_show_cursor
    mov     eax, offset aside_ends
    call    console_mark
    jmp     console_unlock
2:  ret

# Lets interrupts in for a moment, if the running task has the lock.
# Clobbers: EAX only.
console_breathe:
    mov     dword ptr [console_left], CONSOLE_PIECE
    cmp     dword ptr [console_deep], 0
    jne     1f
    mov     eax, [task_current]
    cmp     [console_mutex + MUTEX_OWNER], eax
    jne     1f
    mov     dword ptr [console_broken], 0
    sti
    nop                                 # they come after this instruction
    cli
    jmp     console_take
1:  ret

# A task that prints faster than the line takes it sleeps here, so that the ring does not fill up and interrupts need
# not stay off while bytes are sent by hand.
console_pace:
    pushfd
    pop     eax
    test    eax, EFLAGS_IF
    jz      2f
    call    task_may_sleep
    jc      2f
1:  call    console_own
    cmp     eax, offset console_first
    jne     3f
    call    serial_room
    jmp     4f
3:  mov     eax, [eax + CONSOLE_WIRE]
    test    eax, eax
    jz      2f
    call    [console_wire + CONSOLE_WIRE_ROOM]
4:  cmp     eax, SERIAL_RESERVE
    jae     2f
    mov     eax, 10
    call    task_sleep
    jmp     1b
2:  ret

# Shows one character on both. After some, and after each row, a task that has the lock lets interrupts in for a moment.
# In: AL; interrupts off.
.global console_put
console_put:
    call    redirect_put
    jnz     2f
    push    eax
    call    vga_put
    pop     eax
    cmp     al, 10
    jne     1f
    mov     dword ptr [console_left], 1 # a row's end may move all others
    mov     al, 13
    call    console_line_put
    mov     al, 10
1:  call    console_line_put
    dec     dword ptr [console_left]
    jz      console_breathe
2:  ret

# Sends one byte to the terminal of the console in place, if it has one. Interrupts off.
# In: AL.
# Clobbers: EAX, ECX, EDX.
.global console_line_put
console_line_put:
    mov     edx, [console_placed]
    cmp     edx, offset console_first
    je      serial_put
    mov     edx, [edx + CONSOLE_WIRE]
    test    edx, edx
    jz      1f
    jmp     [console_wire + CONSOLE_WIRE_PUT]
1:  ret

# Clears the screens; the cursor goes to the upper left corner. Preserves all registers and the flags.
.global console_clear
console_clear:
    pushfd
    pushad
    call    console_begin
    call    console_blank
    call    console_end
    popad
    popfd
    ret

# The same for those who are between console_begin and console_end. Interrupts off.
.global console_blank
console_blank:
    call    vga_clear
    LOAD_STRING eax, "\033[2J\033[H"
    jmp     console_terminal

# Sends a control sequence to the terminal, if the console in place has one. Interrupts off.
# In: EAX string.
console_terminal:
    push    esi
    mov     esi, eax
1:  lodsb
    test    al, al
    jz      2f
    call    console_line_put
    jmp     1b
2:  pop     esi
    ret

# Blanks the rest of the row; the cursor stays. Interrupts off.
.global console_clear_line_end
console_clear_line_end:
    call    vga_clear_line_end
    LOAD_STRING eax, "\033[K"
    jmp     console_terminal

# Sets the colours of what is printed next on the screen. Between console_begin and console_end.
# In: AL background << 4 | foreground.
# Out: AL what it was.
.global console_color
console_color:
    xchg    [vga_attribute], al
    ret

# Puts all waiting output out and goes over to output by hand, for panic. Interrupts off.
console_panic:
    call    redirect_forbid
    call    console_seize
    call    serial_flush
    call    line_abandon
    mov     al, 0x4F                    # white on red
    call    console_color
    call    vga_at_start
    je      1f
    mov     al, 10
    call    console_put
1:  ret

# Waits until all output is on the wire: before power off and reset. Interrupts off.
console_flush:
    jmp     serial_flush

.data
.balign 4
.global console_placed
console_placed:     .long console_first     # whose variables are in .bss.console
.global console_shown
console_shown:      .long console_first     # what the screen shows

.bss
.balign 4
console_seized:     .space 4                # 1: the debugger or a panic has the console
console_mutex:      .space MUTEX_SIZE       # held by the task that prints or edits
console_deep:       .space 4                # prints without it that are on their way, one in the other
console_marks:      .space 4                # 1: COM1 is marked where what no shell has asked for begins and ends
console_broken:     .space 4                # 1: the text on its way was broken off since interrupts came in last
console_left:       .space 4                # characters until they come in again
.global console_first
console_first:      .space CONSOLE_KEYS     # console 1; who looks at tasks sees a name for its keys
console_keys:       .space CONSOLE_SIZE - CONSOLE_KEYS
